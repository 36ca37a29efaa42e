"""The operations that change a stack, or show what would change: up, preview, refresh, destroy."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine import urns
from sandbox.engine.builtin import Builtin
from sandbox.engine.checkpoint import Checkpoint
from sandbox.engine.config import Config
from sandbox.engine.deletions import Deletions, after_refresh, refresh_steps
from sandbox.engine.deployment import Deployment, Options
from sandbox.engine.errors import BailError, EngineError, ProviderError
from sandbox.engine.events import Listener, Reporter
from sandbox.engine.executor import Executor
from sandbox.engine.hooks import Callbacks, Hooks
from sandbox.engine.launcher import Launcher
from sandbox.engine.monitor import Monitor
from sandbox.engine.planner import Planner
from sandbox.engine.policies import Analyzer, Pack
from sandbox.engine.programs import Program
from sandbox.engine.registry import Registry
from sandbox.engine.session import Session
from sandbox.engine.stacks import Stack
from sandbox.engine.state import Snapshot

Json = Any
Importing = Callable[[Deployment, Executor, Callable[..., bool]], bool]

NO_PROGRAM = "You must run with the `--run-program` flag to use delete hooks during destroy."


@dataclass(slots=True)
class RunSettings:
    """What goes with an operation beside its options."""

    env: Mapping[str, str]
    launcher: Launcher
    kind: str  # update, refresh, destroy or import
    message: str = ""
    exec_kind: str = "cli"
    client: str = ""  # address of a language host that runs the program inline
    packs: list[Pack] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    clear_pending: bool = False
    imports: Importing | None = None


@dataclass(slots=True)
class Outcome:
    """How an operation ended. `changes` counts resources by operation."""

    ok: bool
    changes: dict[str, int]
    cancelled: bool = False
    error: str = ""  # what is to be said last

    @property
    def changed(self) -> bool:
        return any(n for op, n in self.changes.items() if op not in ("same", "read", "discard", "read-replacement"))


class Operation:
    """One operation on one stack."""

    def __init__(self, stack: Stack, options: Options, settings: RunSettings, config: Config) -> None:
        self.stack, self.options, self.settings, self.config = stack, options, settings, config
        self.reporter = Reporter(settings.listeners, preview=options.preview)
        self.cancelled = threading.Event()
        self._session: Session | None = None

    def cancel(self) -> None:
        """Stop gracefully: what runs is finished and written down, nothing new begins."""
        self.cancelled.set()
        if self._session is not None:
            self._session.executor.stop()

    # -- around the run ------------------------------------------------------------------------------------------------
    def execute(self) -> Outcome:
        """Run it, with the stack's lock, history and backup where it changes something."""
        stack, preview = self.stack, self.options.preview
        lock = nullcontext() if preview else stack.backend.locked(stack.project.name, stack.name, self.settings.env)
        with lock:
            base = stack.snapshot()
            if preview:
                return self._run(base, None)
            if self.settings.clear_pending:
                base.pending = [o for o in base.pending if o.type != "creating"]
            checkpoint = Checkpoint(base, stack.full_name, stack.crypter, self._write)
            started = int(time.time())
            outcome = self._run(base, checkpoint)
            raw = b"".join(checkpoint.final())
            stack.backend.write_checkpoint(stack.project.name, stack.name, [raw])
            stack.backend.back_up(stack.project.name, stack.name, raw)
            stack.backend.add_history(stack.project.name, stack.name, self._history(outcome, started), raw)
        return outcome

    def _write(self, parts: list[bytes]) -> None:
        self.stack.backend.write_checkpoint(self.stack.project.name, self.stack.name, parts, final=False)

    def _history(self, outcome: Outcome, started: int) -> dict[str, Json]:
        return {
            "kind": self.settings.kind,
            "startTime": started,
            "message": self.settings.message,
            "environment": {"exec.kind": self.settings.exec_kind},
            "config": _history_config(self.config),
            "version": 0,
            "result": "succeeded" if outcome.ok else "failed",
            "endTime": int(time.time()),
            "resourceChanges": outcome.changes,
        }

    # -- the run -------------------------------------------------------------------------------------------------------
    def _run(self, base: Snapshot, checkpoint: Checkpoint | None) -> Outcome:
        stack, reporter = self.stack, self.reporter
        if (self.options.destroy or self.options.refresh_only) and (missing := self._missing_target(base)):
            reporter.cancel()
            return Outcome(ok=False, changes={}, error=f"no resource named '{missing}' found")
        if self.options.destroy and not self.options.run_program and (refused := _unrunnable_hooks(base)):
            for urn, told in refused.items():
                reporter.error(told, urn)
            reporter.cancel()
            return Outcome(ok=False, changes={}, error=NO_PROGRAM)
        reporter.filter.add([v.text(stack.crypter) for v in self.config.values() if v.secret])
        texts = {k: v.text(stack.crypter) for k, v in self.config.items()}
        callbacks = Callbacks()
        builtin = Builtin(stack.outputs_of, lambda urn: run.lookup(urn))  # noqa: PLW0108  # the run is made below
        registry = Registry(self.settings.env, "", builtin, reporter.warning)
        started = time.monotonic()
        ok, executor = False, None
        analyzers: list[Analyzer] = []
        try:
            about = {
                "project": stack.project.name,
                "stack": stack.name,
                "config": texts,
                "preview": self.options.preview,
                "secret_keys": [k for k, v in self.config.items() if v.secret],
            }
            for pack in self.settings.packs:
                # one by one, so that those that have started are closed when another does not
                analyzers.append(pack.start(self.settings.launcher, self.settings.env, reporter, about))  # noqa: PERF401
            reporter.prelude({k: v.blinded() for k, v in sorted(self.config.items())})
            run = Deployment(
                stack.project.name,
                stack.name,
                self.options,
                reporter,
                registry,
                base,
                Hooks(callbacks),
                stack.project.root,
                analyzers,
            )
            executor = Executor(run, checkpoint)
            ok = self._steps(run, executor, checkpoint, texts)
        except BailError:
            ok = False
        except (EngineError, ProviderError) as error:
            reporter.error(str(error))
        finally:
            if executor is not None:
                executor.close()
            changes = dict(run.tally.changes) if executor is not None else {}
            packs = {a.label: a.version for a in analyzers}
            self.reporter.summary(
                changes,
                time.monotonic() - started,
                "succeeded" if ok else "failed",
                packs,
                corrupt=executor is not None and run.tally.corrupt,
            )
            registry.close()
            callbacks.close()
            for analyzer in analyzers:
                analyzer.close()
            reporter.cancel()
        return Outcome(ok, changes, self.cancelled.is_set())

    def _failed(self, what: str = "failed") -> bool:
        self.reporter.error(f"{'preview' if self.options.preview else 'update'} {what}")
        return False

    def _steps(
        self, run: Deployment, executor: Executor, checkpoint: Checkpoint | None, texts: Mapping[str, str]
    ) -> bool:
        options = self.options
        if self.settings.imports is not None:
            return bool(self.settings.imports(run, executor, self._failed))
        alone = (options.refresh or options.refresh_only) and not options.run_program
        if alone:
            if not self._refresh(run, checkpoint):
                return False
            if options.refresh_only:
                return True
        elif run.base.pending and not options.preview:
            self.reporter.warning(_pending_warning(run.base))
        self._known(run, options.replace)
        if options.destroy and not options.run_program:
            return self._destroy(run, executor)
        return self._program(run, executor, texts)

    def _missing_target(self, base: Snapshot) -> str:
        """A target, or what is to be left out, that is not in the state, where only what is there can be meant."""
        there = {state.urn for state in base.resources}
        named = [*self.options.targets.literals, *self.options.excludes.literals]
        return next((urn for urn in named if urn not in there), "")

    def _known(self, run: Deployment, targets: urns.Targets) -> None:
        """Refuse targets that are neither in the state nor in the program. Raises BailError."""
        unknown = [t for t in targets.literals if t not in run.olds and t not in run.news and t not in run.reads]
        for target in unknown:
            hint = "" if "$" in target else " Did you forget to escape $ in your shell?"
            self.reporter.error(f"Target '{target}' could not be found in the stack.{hint}")
        if unknown:
            message = "one or more targets could not be found in the stack"
            raise BailError(message)

    def _refresh(self, run: Deployment, checkpoint: Checkpoint | None) -> bool:
        if not run.base.resources:
            return True
        self._known(run, self.options.targets)
        self._known(run, self.options.excludes)
        executor = Executor(run, checkpoint, ignore_errors=True)
        steps = refresh_steps(run)
        executor.together(steps)
        executor.close()
        run.rebase(after_refresh(run, steps))
        if executor.failed:
            return self._failed()
        return not self.cancelled.is_set() or self._failed("canceled")

    # -- with and without the program ----------------------------------------------------------------------------------
    def _destroy(self, run: Deployment, executor: Executor) -> bool:
        planner = Planner(run)
        session = self._session = Session(run, executor, planner)
        if self.cancelled.is_set():
            executor.stop()
        bailed = self._afterwards(run, planner, lambda: self._delete(run, executor, planner))
        executor.close()
        return self._verdict(run, executor, planner, session, bailed=bailed)

    def _delete(self, run: Deployment, executor: Executor, planner: Planner) -> None:
        deletions = Deletions(run, planner)
        sames, deletes = deletions.plan()
        if sames:
            executor.start(sames).result()
        deletions.execute(executor, deletes)

    def _program(self, run: Deployment, executor: Executor, texts: Mapping[str, str]) -> bool:
        planner = Planner(run)
        session = self._session = Session(run, executor, planner)
        monitor = Monitor(session, self.config, texts, self.stack.project.root)
        settings = self.settings
        program = Program(
            self.stack, monitor, run, texts, env=settings.env, launcher=settings.launcher, client=settings.client
        )
        news = threading.Event()  # the program has said all, has ended, or the run is stopped
        monitor.on_finished = news.set
        session.on_stop = news.set

        def execute() -> None:
            try:
                program.execute()
            except EngineError as error:
                session.report(error)
                program.code, program.bailed = 1, True
            news.set()

        thread = threading.Thread(target=execute, name="engine-program", daemon=True)
        if self.cancelled.is_set():
            executor.stop()
        else:
            thread.start()
        bailed = False
        try:
            news.wait()
            if not executor.stopped.is_set():
                bailed = self._after_program(run, executor, planner, session, program, monitor)
            executor.close()
            bailed = self._stack_outputs(run, executor, planner, session, bailed=bailed or session.failed)
            return self._verdict(run, executor, planner, session, bailed=bailed or session.failed)
        finally:
            if executor.stopped.is_set() or bailed:
                program.interrupt()
            monitor.release()
            if thread.is_alive():
                thread.join(timeout=30)
            monitor.close()

    def _after_program(  # noqa: PLR0917
        self,
        run: Deployment,
        executor: Executor,
        planner: Planner,
        session: Session,
        program: Program,
        monitor: Monitor,
    ) -> bool:
        """What follows when the program has said all; True where the run has failed, and that is reported."""
        if not monitor.finished.is_set():
            failure = program.failure()
            if failure is not None:
                if failure:
                    self.reporter.error(failure)
                executor.stop()
                return True

        def finish() -> None:
            if self.options.refresh_only:
                steps = refresh_steps(run, planner)
                executor.together(steps)
                run.rebase(after_refresh(run, [*planner.refreshes, *steps]))
            else:
                self._delete(run, executor, planner)

        return self._afterwards(run, planner, finish)

    def _afterwards(self, run: Deployment, planner: Planner, finish: Callable[[], None]) -> bool:
        """Do what comes last, and check the targets; True where the run has failed, and all is said."""
        try:
            finish()
        except BailError:
            planner.failed = True
        except (EngineError, ProviderError) as error:
            self.reporter.error(str(error))
            return True
        try:
            self._known(run, self.options.targets)
        except BailError:
            return True
        return False

    def _stack_outputs(
        self, run: Deployment, executor: Executor, planner: Planner, session: Session, *, bailed: bool
    ) -> bool:
        if session.stack_outputs is None or run.stack_urn not in executor.pending_news:
            return bailed
        errored = bailed or executor.failed or planner.failed or bool(run.post_errors)
        executor.register_outputs(run.stack_urn, session.stack_outputs, keep_old=errored)
        return bailed

    def _verdict(
        self, run: Deployment, executor: Executor, planner: Planner, session: Session, *, bailed: bool
    ) -> bool:
        if bailed:
            return False
        if not executor.failed and not self.cancelled.is_set():
            resources = [(s, run.goals.get(s.urn), planner.provider_state(s.provider)) for s in run.news.values()]
            for analyzer in run.analyzers:
                planner.failed = analyzer.analyze_stack(resources, run.stack_urn) or planner.failed
        if executor.failed or planner.failed or run.post_errors:
            return self._failed()
        if self.cancelled.is_set():
            return self._failed("canceled")
        return True


def _history_config(config: Config) -> dict[str, Json]:
    """The configuration as a history entry keeps it: as the settings file has it, secrets sealed."""
    return {k: v.raw if isinstance(v.raw, (dict, list)) else v.blinded() for k, v in sorted(config.items())}


def _pending_warning(base: Snapshot) -> str:
    lines = "".join(f"  * {o.resource.urn}, interrupted while {o.type}\n" for o in base.pending)
    return (
        f"Attempting to deploy or update resources with {len(base.pending)} pending operations from previous "
        f"deployment.\n{lines}"
        "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for "
        "changes to these resources to complete. You should confirm whether or not the operations listed completed "
        "successfully by checking the state of the appropriate provider. For example, if you are using AWS, you can "
        "confirm using the AWS Console.\n\nOnce you have confirmed the status of the interrupted operations, you can "
        "repair your stack using `pulumi refresh` which will refresh the state from the provider you are using and "
        "clear the pending operations if there are any.\n\nNote that `pulumi refresh` will need to be run "
        "interactively to clear pending CREATE operations."
    )


def _unrunnable_hooks(base: Snapshot) -> dict[str, str]:
    """What is wrong with each resource that has delete hooks, which a plain destroy cannot run; by URN."""
    found = {}
    for state in base.resources:
        names = [*state.hooks.get("BeforeDelete", []), *state.hooks.get("AfterDelete", [])]
        if names:
            told = "Resource has delete hooks registered, but the program is not running. Hooks: "
            found[state.urn] = told + ", ".join(names)
    return found
