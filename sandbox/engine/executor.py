"""Runs steps: in chains, several at once, telling what happens and writing it down."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from sandbox.engine import steps as kinds
from sandbox.engine.checkpoint import Checkpoint
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import CancelledRunError, EngineError, ProviderError
from sandbox.engine.reads import ReadStep, RefreshStep
from sandbox.engine.steps import ProtectedError, Step
from sandbox.engine.turn import Turn
from sandbox.engine.wire import WireError

STATUS_OK, STATUS_PARTIAL, STATUS_UNKNOWN = 0, 1, 2


class Executor:
    """
    The hands of a run. After a failure nothing new begins, but what runs is finished.

    What to run is decided one thing at a time, in the order of asking, as in the CLI: whoever decides holds the `turn`
    until the chain is admitted. A failure waits for the one that is being decided on, and is then ahead of all others.
    So what a run has begun when it fails does not depend on how fast the machine is.
    """

    def __init__(self, run: Deployment, checkpoint: Checkpoint | None, *, ignore_errors: bool = False) -> None:
        self.run, self.checkpoint = run, checkpoint
        self.ignore_errors = ignore_errors
        self.turn = Turn()
        self.stopped = threading.Event()
        self.on_stop: Callable[[], None] = lambda: None
        self.errored: list[Step] = []
        self.failed = False
        self.pending_news: dict[str, Step] = {}
        self._size = min(max(1, run.options.parallel), 256)
        self._pool = ThreadPoolExecutor(self._size, thread_name_prefix="engine-step")
        self._lock = threading.Lock()
        self._free = self._size  # how many more chains may run
        self._halting = False
        self._change = threading.Condition()

    # -- chains --------------------------------------------------------------------------------------------------------
    def start(self, chain: list[Step]) -> "Future[None]":
        """Queue a chain of steps; they run one after the other."""
        return self._pool.submit(self._chain, chain)

    def admit(self) -> None:
        """
        Take room for a chain, which `run_admitted` gives back: its first step runs even if another fails meanwhile.
        Wait where as many run as may. Raises CancelledRunError where the run fails before there is room.
        """
        with self._change:
            self._change.wait_for(lambda: self._free > 0 or self._halting)
            if self.stopped.is_set() or self._free <= 0:
                raise CancelledRunError
            self._free -= 1

    def run_admitted(self, chain: list[Step]) -> None:
        """Run a chain to its end, in the thread that asks."""
        try:
            first, *others = chain
            if self._step(first):
                self._chain(others)
        finally:
            with self._change:
                self._free += 1
                self._change.notify_all()

    def together(self, steps: Iterable[Step]) -> None:
        """Run steps at once, and wait for all of them."""
        for future in [self.start([step]) for step in steps]:
            future.result()

    def close(self) -> None:
        """Wait until what runs is finished."""
        self._pool.shutdown(wait=True)
        with self._change:
            self._change.wait_for(lambda: self._free == self._size)

    def stop(self) -> None:
        if not self.stopped.is_set():
            self.stopped.set()
            self.on_stop()

    def _chain(self, chain: list[Step]) -> None:
        for step in chain:
            if self.stopped.is_set() or not self._step(step):
                return

    def _failed(self, step: Step, error: Exception) -> None:
        self.failed = True
        if self.ignore_errors:
            return
        if self.run.options.continue_on_error or isinstance(error, ProtectedError):
            step.fail()
            with self._lock:
                self.errored.append(step)
        else:
            self._halt()

    def _halt(self) -> None:
        """Stop after what is being decided on, which does not wait for room any more."""
        with self._change:
            self._halting = True
            self._change.notify_all()
        with self.turn.ahead():
            self.stop()

    # -- one step ------------------------------------------------------------------------------------------------------
    def _step(self, step: Step) -> bool:
        run, reporter = self.run, self.run.reporter
        reporter.pre(step)
        error: Exception | None = None
        complete = None
        try:
            if self.checkpoint is not None:
                self.checkpoint.begin(step)
            complete = step.apply()
        except (ProviderError, EngineError, WireError) as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001  # a defect of the engine must not leave the program waiting
            error = EngineError(f"internal error of the embedded engine: {type(failure).__name__}: {failure}")
        if error is None and step.logical and step.new is not None:
            self.pending_news[step.urn] = step
        if step.new is not None and step.op != "replace":
            kinds.hide_secrets(step.new)
            target = run.reads if step.op.startswith("read") else run.news
            target[step.new.urn] = step.new
        self._tell(step, error)
        if (unwritten := self._write_down(step, successful=error is None or step.partial)) is not None:
            if error is None:
                reporter.error(str(unwritten), step.urn)
            error = unwritten
        elif complete is not None:
            complete()
        if error is not None:
            self._failed(step, error)
            return False
        if run.post_errors and not run.options.continue_on_error:
            self._halt()
        return True

    def _write_down(self, step: Step, *, successful: bool) -> EngineError | None:
        """Take the step into the state on disk; the error, where it could not be written."""
        if self.checkpoint is None:
            return None
        if step.partial and isinstance(step, kinds.UpdateStep):
            step.keep_old_inputs()
        try:
            self.checkpoint.end(step, successful=successful)
        except EngineError as error:
            return error
        return None

    def _tell(self, step: Step, error: Exception | None) -> None:
        reporter, preview = self.run.reporter, self.run.options.preview
        if error is not None:
            urn = "" if step.internal else step.urn
            uncertain = isinstance(error, ProviderError) and error.unknown
            if preview:
                reporter.error(f"Preview failed: {error}", urn)
                return
            self.run.tally.corrupt = self.run.tally.corrupt or uncertain
            reporter.error(str(error), urn)
            status = STATUS_PARTIAL if step.partial else STATUS_UNKNOWN if uncertain else STATUS_OK
            reporter.failed(step, status, self.run.tally.steps)
            return
        op, record = step.op, step.logical
        if isinstance(step, RefreshStep) and self.run.options.refresh_only:
            op, record = step.outcome, True
        if isinstance(step, ReadStep):
            record = step.op == "read" and step.changed
        if record and not step.internal:
            tally = self.run.tally
            with self.run.lock:
                tally.steps += 1
                tally.changes[op] = tally.changes.get(op, 0) + 1
        always = self.run.options.refresh and step.op == "refresh"
        if preview or step.res.custom or always or step.op == "delete":
            reporter.outputs(step, op)

    # -- outputs of components and of the stack ------------------------------------------------------------------------
    def register_outputs(self, urn: str, outputs: dict[str, object], *, keep_old: bool = False) -> None:
        """Give a component its outputs. `keep_old` keeps earlier ones beside them, after a failed run."""
        step = self.pending_news.pop(urn, None)
        if step is None:
            message = f"cannot complete a resource '{urn}' whose registration isn't pending"
            raise EngineError(message)
        if isinstance(step, kinds.SameStep) and step.skipped_create:
            return
        old = self.run.olds.get(urn)
        step.res.outputs = {**old.outputs, **outputs} if keep_old and old is not None else dict(outputs)
        self._component_hooks(step)
        self.run.reporter.outputs(step, step.op)
        if self.checkpoint is not None:
            self.checkpoint.outputs(step)
        if self.run.post_errors and not self.run.options.continue_on_error:
            self.stop()

    def _component_hooks(self, step: Step) -> None:
        if step.res.custom:
            return
        if isinstance(step, kinds.CreateStep):
            step.after_hooks("AfterCreate", new=step.res, old=None)
        elif isinstance(step, kinds.UpdateStep):
            step.after_hooks("AfterUpdate", new=step.res, old=step.old)
