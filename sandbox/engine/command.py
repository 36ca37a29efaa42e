"""The engine behind the Automation API: what `LocalWorkspace(pulumi_command=...)` is given."""

import io
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from sandbox.engine.cli import main
from sandbox.engine.invocation import Invocation
from sandbox.engine.launcher import Launcher
from sandbox.engine.versions import VERSION

_launcher = Launcher()


def shared_launcher() -> Launcher:
    """The launcher that all runs of this process share."""
    return _launcher


class _Lines(io.TextIOBase):
    """Collects what is written, and gives each line to a callback as soon as it is whole."""

    def __init__(self, callback: Callable[[str], object] | None) -> None:
        self._callback, self._lock = callback, threading.Lock()
        self._rest = ""
        self.lines: list[str] = []

    def write(self, text: str) -> int:
        with self._lock:
            *whole, self._rest = (self._rest + text).split("\n")
            for line in whole:
                self._line(line)
        return len(text)

    def _line(self, line: str) -> None:
        self.lines.append(line.rstrip())
        if self._callback is not None:
            self._callback(line.rstrip())

    def finish(self) -> str:
        if self._rest:
            self._line(self._rest)
            self._rest = ""
        return "\n".join(self.lines)


class EmbeddedPulumi(PulumiCommand):
    """
    Runs `pulumi` commands inside this process, on the embedded engine.

    It keeps state in a folder (PULUMI_BACKEND_URL=file://...), attaches providers through PULUMI_DEBUG_PROVIDERS, and
    refuses by name what it does not support. Any number of threads may use one, for different stacks.
    """

    def __init__(self, *, warm: bool = True) -> None:
        """`warm` starts the helper that runs programs right away, so that the first run need not wait for it."""
        self.command = "embedded"
        self.version = VersionInfo.parse(VERSION)
        if warm:
            _launcher.warm()

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """
        Run a command line. Raises CommandError when it ends with another exit code than 0.

        An interrupt (Ctrl-C) stops the run gracefully: what runs is finished and written down, the lock is removed,
        then KeyboardInterrupt goes on.
        """
        out, err = _Lines(on_output), _Lines(on_error)
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        cancels: list[Callable[[], None]] = []
        invocation = Invocation(Path(cwd), env, out, err, _launcher, cancels.append)  # type: ignore[arg-type]
        code = self._interruptible(lambda: main(list(args), invocation), cancels)
        result = CommandResult(stdout=out.finish(), stderr=err.finish(), code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    def set_secret(self, stack: str, key: str, value: str, cwd: str, env: Mapping[str, str]) -> None:
        """As `pulumi config set --secret`; the value never leaves this process."""
        self.run(["config", "set", "--secret", "--stack", stack, "--", key, value], cwd, env)

    @staticmethod
    def _interruptible(call: Callable[[], int], cancels: list[Callable[[], None]]) -> int:
        codes: list[int] = []
        failures: list[BaseException] = []
        done = threading.Event()  # not Thread.join, which an interrupt makes believe that the thread has ended

        def target() -> None:
            try:
                codes.append(call())
            except BaseException as error:  # noqa: BLE001  # handed to the caller's thread
                failures.append(error)
            finally:
                done.set()

        thread = threading.Thread(target=target, name="engine-command", daemon=True)
        thread.start()
        interrupted: KeyboardInterrupt | None = None
        while not done.is_set():
            try:
                done.wait()
            except KeyboardInterrupt as interrupt:
                if interrupted is not None:
                    raise
                interrupted = interrupt
                for cancel in cancels:
                    cancel()
        if interrupted is not None:
            raise interrupted
        if failures:
            raise failures[0]
        return codes[0]
