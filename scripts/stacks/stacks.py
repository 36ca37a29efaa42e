"""
The stacks of a plan, through Pulumi's Automation API. The only importer of `pulumi.automation`.

A `pulumi` on PATH does the work; the sandbox brings its own engine for machines without one. Every call is journalled
with its stack and operation, so that a run can prove which stacks it touched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil
from pulumi import automation as auto
from pulumi.automation import CommandError, CommandResult, EngineEvent, PulumiCommand
from pulumi.automation.errors import ConcurrentUpdateError, InvalidVersionError, StackNotFoundError
from semver import VersionInfo

from scripts.core.errors import BadInput, EngineFailed, OutcomeUnknown, Refused
from scripts.core.home import home, project_dir
from scripts.core.moments import now
from scripts.stacks import topology_files
from scripts.stacks.changes import Changes, Watcher

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.journal import Journal

__all__ = ["Cli", "CommandError", "PulumiCommand", "Stacks", "choose_engine", "stack_env"]

OnEvent = Callable[[EngineEvent], Any]
# Older ones do not stream their events over gRPC, which is how we see what a preview would do.
OLDEST = VersionInfo(3, 206, 0)
ENTER = (
    'enter the sandbox that is up in {world}: eval "$(dr sandbox env)"; or install the Pulumi CLI for a real cloud '
    "(https://www.pulumi.com/docs/install)"
)
INSTALL = "install the Pulumi CLI (https://www.pulumi.com/docs/install), or rehearse in the sandbox: `dr sandbox up`"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")
_LOCK = re.compile(r"created by \S+@(?P<host>\S+) \(pid (?P<pid>\d+)\)")


class Cli(PulumiCommand):
    """
    The real CLI. It runs in its own process group, so that Ctrl-C reaches us alone and a row is finished in peace.

    After `timeout` it is asked to stop (as by Ctrl-C), a minute later it is killed; then the outcome is unknown.
    """

    def __init__(self, timeout: timedelta = timedelta(hours=2)) -> None:
        super().__init__(version=OLDEST)
        self.timeout = timeout

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        return self._run(args, cwd, additional_env, on_output, on_error)

    def set_secret(self, stack: str, key: str, value: str, cwd: str, env: Mapping[str, str]) -> None:
        """Give it by standard input: the Automation API would put the value among the arguments, for all to see."""
        self._run(["config", "set", "--secret", key, "--stack", stack], cwd, env, given=value)

    def _run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
        *,
        given: str = "",
    ) -> CommandResult:
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true", "PULUMI_SKIP_UPDATE_CHECK": "true"}
        command = [self.command, "--non-interactive", *args]
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        try:
            out, err = process.communicate(given or None, timeout=self.timeout.total_seconds())
        except subprocess.TimeoutExpired:
            _stop(process)
            raise OutcomeUnknown(
                f"pulumi {args[0]} did not end within {self.timeout}",
                "look with `dr status`; a lock that it left behind goes away with `pulumi cancel`",
            ) from None
        for text, callback in ((out, on_output), (err, on_error)):
            for line in text.splitlines() if callback else ():
                callback(line)  # type: ignore[misc]
        result = CommandResult(stdout=out.rstrip("\n"), stderr=err.rstrip("\n"), code=process.returncode)
        if result.code != 0:
            from pulumi.automation.errors import create_command_error  # noqa: PLC0415  (not exported)

            raise create_command_error(result)
        return result


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def choose_engine(environ: Mapping[str, str] = os.environ) -> PulumiCommand:
    """
    The CLI when it is on PATH, else, in the sandbox only, the embedded engine. DR_ENGINE=cli|embedded decides by hand.

    Raises Refused when there is none, with how to install one.
    """
    wish = environ.get("DR_ENGINE", "")
    if wish not in ("", "cli", "embedded"):
        raise BadInput(f"DR_ENGINE: {wish!r} is neither cli nor embedded", "unset it to let the program choose")
    if wish != "embedded" and shutil.which("pulumi", path=environ.get("PATH")):
        try:
            return Cli()
        except InvalidVersionError as error:
            raise Refused(f"the pulumi on PATH cannot be used: {error}", INSTALL) from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise Refused(f"the pulumi on PATH does not run: {error}", INSTALL) from error
    if wish == "cli":
        raise Refused("there is no pulumi on PATH", INSTALL)
    if not environ.get("DR_SANDBOX"):
        from sandbox.client import is_up  # noqa: PLC0415  (only for the hint: nothing goes into a world unasked)

        beside = home() / "sandbox"
        hint = ENTER.format(world=beside) if is_up(beside) else INSTALL
        raise Refused("a real cloud needs the Pulumi CLI, and there is no pulumi on PATH", hint)
    from sandbox.engine.command import EmbeddedPulumi  # noqa: PLC0415  (a real deployment never loads the sandbox)

    engine: PulumiCommand = EmbeddedPulumi()
    return engine


class _Workspace(auto.LocalWorkspace):
    """Selecting a stack writes to a file that all processes of a user share: we name the stack in each call instead."""

    def select_stack(self, stack_name: str) -> None:
        pass


@dataclass
class Stacks:
    """
    Each method names the stack that it touches, and touches no other. Errors: EngineFailed (6) with the engine's own
    first error lines, OutcomeUnknown (8) when the engine had to be killed, Refused (3) when there is no engine.
    """

    plan: Plan
    project: Path = field(default_factory=project_dir)
    journal: Journal | None = None
    command: PulumiCommand | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _stacks: dict[str, auto.Stack] = field(default_factory=dict, repr=False)

    # Topology: files only.

    def read_topology(self) -> Topology:
        return topology_files.read_topology(self.plan, self.project)

    def write_topology(self, topology: Topology) -> list[Path]:
        return topology_files.write_topology(self.plan, self.project, topology)

    def write_record(self, stack: str) -> list[Path]:
        """
        After `up`: what the stack's site exports as `record` goes into the files of all stacks (`dr:records`).

        `model.site_records.provisioning_order` says in which waves a system is first brought up;
        record the stacks of a wave one after the other when the whole wave is up.
        """
        site = self.plan.sites_by_stack.get(stack)
        record = self.outputs(stack).get("record") if site is not None else None
        return topology_files.write_record(self.plan, self.project, site.name, record) if site and record else []

    # Calls of the engine.

    def up(
        self,
        stack: str,
        target: Sequence[str] | None = None,
        on_event: OnEvent | None = None,
        message: str = "",
        replace: Sequence[str] = (),
    ) -> Changes:
        """
        Make the stack as declared. `target`: URNs, and nothing else; `replace`: those of them that are deleted and made
        anew. The stack is created when it is missing.
        """
        with self._call(stack, "up", target, on_event) as watcher:
            options: dict[str, Any] = {**({"message": message} if message else {}), **_replaced(replace)}
            self._with_stack(
                stack,
                lambda it: it.up(target=_list(target), on_event=watcher, show_secrets=False, color="never", **options),
            )
        return watcher.changes()

    def preview(
        self,
        stack: str,
        target: Sequence[str] | None = None,
        on_event: OnEvent | None = None,
        replace: Sequence[str] = (),
    ) -> Changes:
        """What `up` would do; changes nothing, and takes no lock."""
        with self._call(stack, "preview", target, on_event) as watcher:
            self._with_stack(
                stack,
                lambda it: it.preview(target=_list(target), on_event=watcher, color="never", **_replaced(replace)),
            )
        return watcher.changes()

    def refresh(self, stack: str, target: Sequence[str] | None = None, on_event: OnEvent | None = None) -> Changes:
        """Bring the state up to what the cloud says."""
        with self._call(stack, "refresh", target, on_event) as watcher:
            self._with_stack(
                stack, lambda it: it.refresh(target=_list(target), on_event=watcher, show_secrets=False, color="never")
            )
        return watcher.changes()

    def give_up(self, stack: str, target: Sequence[str], on_event: OnEvent | None = None) -> Changes:
        """
        Take the protection off these resources, and let their data go with them when they are deleted. No others are
        touched, so that what a destroy has deleted does not come back. No file says so afterwards: the next `up`
        protects what is left.
        """
        path = topology_files.settings_path(self.project, stack)
        with TemporaryDirectory() as folder, self._call(stack, "up", target, on_event) as watcher:
            given_up = Path(folder) / path.name
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            given_up.write_text(topology_files.with_config(path, text, {"dr:deleteData": True}), encoding="utf-8")
            self._with_stack(
                stack,
                lambda it: it.up(
                    target=[*target], config_file=str(given_up), on_event=watcher, show_secrets=False, color="never"
                ),
            )
        return watcher.changes()

    def destroy(self, stack: str, target: Sequence[str] | None = None, on_event: OnEvent | None = None) -> Changes:
        """Delete what the stack holds; the stack itself and its settings stay."""
        with self._call(stack, "destroy", target, on_event) as watcher:
            self._with_stack(
                stack, lambda it: it.destroy(target=_list(target), on_event=watcher, show_secrets=False, color="never")
            )
        return watcher.changes()

    def outputs(self, stack: str) -> dict[str, Any]:
        """What the stack exports, without what is secret."""
        with self._call(stack, "outputs", None, None):
            found = self._with_stack(stack, lambda it: it.outputs())
        return {name: output.value for name, output in found.items() if not output.secret}

    def export(self, stack: str) -> dict[str, Any]:
        """
        The deployment as Pulumi keeps it (secrets stay ciphertext): {"version": 3, "deployment": {...}}; an empty one
        for a stack that was never made.
        """
        with self._call(stack, "export", None, None):
            try:
                # Not Stack.export_stack: it asks for the secrets in plain text.
                done = self._retried(stack, lambda it: self._raw(it, "stack", "export", "--stack", stack))
            except StackNotFoundError:
                return {"version": 3, "deployment": {}}
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _raw(self, stack: auto.Stack, *arguments: str) -> CommandResult:
        workspace = stack.workspace
        return workspace.pulumi_command.run([*arguments], str(self.project), workspace.env_vars)

    def set_secret(self, stack: str, key: str, value: str) -> None:
        """Put a secret into the stack's settings, sealed as its other secrets are."""
        with self._call(stack, "config set", None, None):

            def act(it: auto.Stack) -> None:
                engine: Any = self.engine()
                engine.set_secret(stack, key, value, str(self.project), it.workspace.env_vars)

            self._with_stack(stack, act)

    def cancel(self, stack: str) -> None:
        """Remove the locks that a dead engine left on the stack."""
        with self._call(stack, "cancel", None, None):
            self._stack(stack).cancel()

    # How a call is made.

    def engine(self) -> PulumiCommand:
        """What does the work, chosen at the first call. Raises Refused: ask before anything is written."""
        self.command = self.command or choose_engine()
        return self.command

    def _stack(self, name: str) -> auto.Stack:
        if name not in self.plan.stacks:
            raise BadInput(f"{name!r} is not a stack of {self.plan.system}", f"there is {', '.join(self.plan.stacks)}")
        with self._guard:
            if name not in self._stacks:
                if not (self.project / "Pulumi.yaml").exists():
                    raise BadInput(
                        f"{self.project}/Pulumi.yaml: not there", "run in the project's checkout, or set DR_PROJECT"
                    )
                provider = topology_files.read_settings(self.project, name).get("secretsprovider")
                workspace = _Workspace(
                    work_dir=str(self.project),
                    pulumi_command=self.engine(),
                    env_vars=stack_env(self.plan, name),
                    secrets_provider=provider if isinstance(provider, str) else None,
                )
                self._stacks[name] = auto.Stack.select(name, workspace)
            return self._stacks[name]

    def _with_stack(self, name: str, act: Callable[[auto.Stack], Any]) -> Any:
        try:
            return self._retried(name, act)
        except StackNotFoundError:
            stack = self._stack(name)
            with self._guard:  # creating stacks writes to a shared file
                stack.workspace.create_stack(name)
            return act(stack)

    def _retried(self, name: str, act: Callable[[auto.Stack], Any]) -> Any:
        stack = self._stack(name)
        try:
            return act(stack)
        except ConcurrentUpdateError as error:
            # A program that was killed together with its engine leaves a lock that nobody will ever take away.
            if not _left_by_the_dead(str(error)):
                raise
            stack.cancel()
            return act(stack)

    @contextmanager
    def _call(
        self, stack: str, operation: str, target: Sequence[str] | None, on_event: OnEvent | None
    ) -> Iterator[Watcher]:
        watcher = _Relay(stack, on_event) if on_event else Watcher(stack)
        started, status, failure = now(), "failed", ""
        self._record(stack, operation, "begun", {"target": list(target or ())}, started)
        try:
            yield watcher
            status = "done"
        except CommandError as error:
            failure = _first_errors(watcher, error)
            text = f"pulumi {operation} of stack {stack}: {failure}"
            if isinstance(error, ConcurrentUpdateError):
                raise EngineFailed(text, f"wait for it, or `pulumi cancel -s {stack}` if nobody is at work") from None
            if operation == "destroy":
                hint = "run it again: what is gone stays gone; `dr destroy --dry-run` shows what is left"
                raise EngineFailed(text, hint) from None
            if operation == "export":
                hint = "see that its state can be reached: that of a lost region cannot before the region is back"
                raise EngineFailed(text, hint) from None
            raise EngineFailed(text, f"`dr preview {stack}` shows what it would do") from None
        finally:
            evidence = {"target": list(target or ()), "counts": watcher.changes().counts}
            if failure:
                evidence["error"] = failure
            self._record(stack, operation, status, evidence, started)

    def _record(self, stack: str, operation: str, status: str, evidence: Mapping[str, Any], started: Any) -> None:
        if self.journal is not None:
            self.journal.write(
                "note",
                "engine",
                f"pulumi {operation} of stack {stack}: {status}",
                status=status,
                started=started,
                ended=None if status == "begun" else now(),
                evidence={"stack": stack, "operation": operation, **evidence},
            )


@dataclass
class _Relay(Watcher):
    """Also hands each event to the caller."""

    then: OnEvent | None = None

    def __init__(self, stack: str, then: OnEvent) -> None:
        super().__init__(stack)
        self.then = then

    def __call__(self, event: Any) -> None:
        super().__call__(event)
        if self.then is not None:
            self.then(event)


def stack_env(plan: Plan, stack: str) -> dict[str, str]:
    """What the engine's environment needs for a stack besides our own: in the sandbox the world says, else the plan."""
    home = os.environ.get("DR_SANDBOX")
    if home:
        from sandbox.client import World, WorldError  # noqa: PLC0415  (a real deployment never loads the sandbox)

        try:
            env: dict[str, str] = World.attach(Path(home)).env(stack)
        except WorldError as error:
            raise Refused(str(error), error.hint) from error
        return env
    site = plan.sites_by_stack.get(stack)
    state = site.state if site is not None else plan.traffic.state
    return {"PULUMI_BACKEND_URL": state} if state else {}


def _replaced(urns: Sequence[str]) -> dict[str, Any]:
    return {"replace": [*urns]} if urns else {}


def _list(target: Sequence[str] | None) -> list[str] | None:
    return list(target) if target else None


def _left_by_the_dead(text: str) -> bool:
    holders = list(_LOCK.finditer(text))
    host = socket.gethostname()
    return bool(holders) and all(each["host"] == host and not psutil.pid_exists(int(each["pid"])) for each in holders)


def _first_errors(watcher: Watcher, error: CommandError) -> str:
    """The first three lines that say what went wrong: from the events, else from what the engine printed."""
    texts = watcher.errors or re.findall(r"error: .*(?:\n {2,}.*)*", str(error))
    lines: list[str] = []
    for text in texts:
        said = [line.rstrip() for line in _COLOURS.sub("", text).splitlines() if line.strip()]
        if any(line.startswith("Traceback") for line in said):  # of a traceback only what it ends with
            said = [said[0], said[-1]]
        lines += [line.strip() for line in said]
    return "; ".join(dict.fromkeys(lines[:3])) or "it failed without saying why"
