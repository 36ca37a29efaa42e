"""A command of the user with a bound: it is ended, with all that it started, when its time is over."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.core.errors import BadInput
from scripts.core.redaction import printable, redact

LONGEST_SAID = 2000  # characters of its last output that are kept
_LAST_BYTES = 65536
_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Ran:
    """
    How a command ended. `exit_code` is None where it was ended because its time was over. `said` is the end of what it
    wrote, without what looks like a secret.
    """

    exit_code: int | None
    said: str = ""

    def why_not_done(self, seconds: float) -> str | None:
        """Why it does not count as done; None when it does. `seconds` is the time that it had."""
        if self.exit_code == 0:
            return None
        last = self.said.strip().splitlines()[-1:]
        words = f": {last[0]}" if last else ""
        if self.exit_code is None:
            return f"it was ended after {seconds:g} s, which is all the time that it has{words}"
        return f"it ended with {self.exit_code}{words}"


def said_by(output: str) -> str:
    """The end of an output as it may be kept."""
    return printable(redact(output))[-LONGEST_SAID:]


def run_bounded(command: Sequence[str], *, seconds: float, environment: Mapping[str, str], folder: Path) -> Ran:
    """
    Run it in `folder`, without a shell, and with these variables alone. Raises BadInput where it cannot be started.

    It leads a session of its own and writes into a file, so that neither it nor a child of it that lives on can hold us
    beyond its time.
    """
    with tempfile.TemporaryFile() as output:
        try:
            child = subprocess.Popen(
                list(command), env=dict(environment), cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            hint = "see that it is on PATH and may be run"
            raise BadInput(f"{command[0]} cannot be started: {error}", hint) from error
        code: int | None = None
        try:
            with suppress(subprocess.TimeoutExpired):
                code = child.wait(seconds)
        finally:
            _end(child)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - _LAST_BYTES))
        return Ran(code, said_by(output.read().decode(errors="replace")))


def _end(child: subprocess.Popen[bytes]) -> None:
    """The whole session, whose name is the child's own pid: politely, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_SECONDS)
