"""One program's way through planner and executor: requests come from many threads, decisions are made in turn."""

import threading
from collections.abc import Callable, Iterable

from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import BailError, CancelledRunError, EngineError, ProviderError
from sandbox.engine.executor import Executor
from sandbox.engine.goals import Reading, Registration, Waiting, urn_for
from sandbox.engine.planner import Planner
from sandbox.engine.plans import Plan
from sandbox.engine.state import State
from sandbox.engine.steps import Step
from sandbox.engine.values import Map


class Session:
    """`failed` is set when the run cannot go on; what went wrong has then been reported."""

    def __init__(self, run: Deployment, executor: Executor, planner: Planner) -> None:
        self.run, self.executor, self.planner = run, executor, planner
        self.failed = False
        self.stack_outputs: Map | None = None
        self.stack_registered = False
        self.on_stop: Callable[[], None] = lambda: None
        self._turn = executor.turn
        self._waiting: set[Waiting] = set()
        self._skipped: set[str] = set()
        self._guard = threading.Lock()
        executor.on_stop = self._release

    # -- stopping ------------------------------------------------------------------------------------------------------
    def stop(self) -> None:
        """Nothing new begins; whoever waits is told so."""
        self.failed = True
        self.executor.stop()

    def _release(self) -> None:
        with self._guard:
            waiting = list(self._waiting)
        for one in waiting:
            one.cancel()
        self.on_stop()

    def report(self, error: Exception, urn: str = "") -> None:
        """Say what went wrong, once, and stop."""
        if not self.failed:
            self.failed = True
            self.run.reporter.error(str(error), urn)
        self.stop()

    # -- resources -----------------------------------------------------------------------------------------------------
    def settle(self, request: Registration | Reading) -> State:
        """Plan and run what a request needs. Raises CancelledRunError when the run ends before it is done."""
        with self._guard:
            if self.executor.stopped.is_set():
                raise CancelledRunError
            self._waiting.add(request)
        try:
            self._run(request)
            return request.wait()
        finally:
            with self._guard:
                self._waiting.discard(request)

    def _run(self, request: Registration | Reading) -> None:
        planner = self.planner

        def first() -> Plan:
            return planner.register(request) if isinstance(request, Registration) else planner.read(request)

        plan, steps = self._planned(request, first)
        while plan.steps:
            if not steps:
                return
            self.executor.run_admitted(steps)
            last, then = plan.steps[0], plan.then
            if then is None or self.executor.stopped.is_set() or last in self.executor.errored:
                break
            plan, steps = self._planned(request, lambda last=last, then=then: then(last))  # type: ignore[misc]
        if not request.settled:
            self._unsettled(request, plan)

    def _unsettled(self, request: Registration | Reading, plan: Plan) -> None:
        """A step before the last one failed: the program must not wait for ever."""
        if self.executor.stopped.is_set() or not plan.steps:
            request.cancel()
        else:
            request.done(plan.steps[-1].res, result="failed")

    def _planned(self, request: Registration | Reading, decide: Callable[[], Plan]) -> tuple[Plan, list[Step]]:
        """What is decided, and those of its steps that are to run: there is room for them in the executor."""
        with self._turn:
            if self.executor.stopped.is_set():
                raise CancelledRunError
            try:
                plan = decide()
            except BailError:
                self.failed = True
                self.stop()
                raise CancelledRunError from None
            except (ProviderError, EngineError) as error:
                self.report(error, urn_for(request.goal, self.run.stack, self.run.project))
                raise CancelledRunError from error
            steps = self._not_skipped(plan.steps)
            if steps:
                self.executor.admit()
            return plan, steps

    def _not_skipped(self, steps: Iterable[Step]) -> list[Step]:
        """Leave out what depends on something that failed, where the run goes on in spite of it."""
        errored = self.executor.errored
        if not errored and not self._skipped:
            return list(steps)
        self._skipped.update(s.urn for s in errored)
        kept = []
        for step in steps:
            if any(dep in self._skipped for dep in step.res.all_dependencies()):
                step.skip()
                self._skipped.add(step.urn)
            else:
                kept.append(step)
        return kept

    def outputs(self, urn: str, outputs: Map) -> None:
        """Take the outputs of a component; those of the stack wait for the end of the run."""
        if self.executor.stopped.is_set():
            raise CancelledRunError  # a program that hears of the failure says its outputs all the same
        if urn == self.run.stack_urn:
            self.stack_outputs = outputs
            return
        with self._turn:
            try:
                self.executor.register_outputs(urn, outputs)
            except EngineError as error:
                self.report(error, urn)
                raise CancelledRunError from error

    def settled(self, roots: Iterable[str]) -> bool:
        """Whether all of these resources, and their children, are known: an invoke that waits for them may run."""
        from sandbox.engine.urns import UNKNOWN_ID  # noqa: PLC0415

        todo, seen, children = list(roots), set[str](), dict[str, list[str]]()
        while todo:
            urn = todo.pop()
            if urn in seen:
                continue
            seen.add(urn)
            found = self.run.lookup(urn)
            if found is None:
                continue  # not a resource of this run
            if found.custom and (not found.id or found.id == UNKNOWN_ID):
                return False
            if not found.custom:
                if not children:
                    for state in list(self.run.news.values()):
                        children.setdefault(state.parent, []).append(state.urn)
                todo += children.get(urn, ())
        return True
