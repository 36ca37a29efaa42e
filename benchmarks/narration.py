"""
How a benchmark speaks while it runs: what it does now goes to standard error, and what it cannot measure ends it with
two lines and an exit code, as every program here ends.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from sandbox.client import WorldError
from scripts.core.errors import DrError
from scripts.people.output import err, show_error

BEGAN = time.monotonic()


class Unmeasured(DrError):
    """A sample could not be taken."""

    default_hint = "nothing was written; measure again on a machine with less to do, or with smaller sizes"


def say(what: str) -> None:
    """One line to standard error: what is done from here on, and how long the benchmark has run so far."""
    err().print(f"[{time.monotonic() - BEGAN:7.1f} s] {what}", markup=False, highlight=False)


def run(
    command: Sequence[str | Path], what: str, *, seconds: float, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """
    A command that has to succeed within so many seconds; its output is kept. Raises Unmeasured, with the last line that
    it said, when it fails or takes longer. It is ended then.
    """
    try:
        done = subprocess.run(
            [str(each) for each in command], capture_output=True, text=True, timeout=seconds, check=False, env=env
        )
    except subprocess.TimeoutExpired:
        raise Unmeasured(f"{what}: {Path(command[0]).name} did not end within {seconds:g} s") from None
    except OSError as error:
        raise Unmeasured(f"{what}: {command[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise Unmeasured(f"{what}: {Path(command[0]).name} ended with {done.returncode} and said: {said}")
    return done


@contextmanager
def bounded(process: subprocess.Popen[bytes] | psutil.Popen, what: str, *, seconds: float) -> Iterator[None]:
    """End a process that is waited for inside when it takes longer, and raise Unmeasured then."""
    ended_by_us = threading.Event()

    def end() -> None:
        ended_by_us.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if ended_by_us.is_set():
            raise Unmeasured(f"{what} did not end within {seconds:g} s")


def measured(benchmark: Callable[[], None]) -> int:
    """The exit code: that of the error, after its two lines, when the world does not get where it should."""
    try:
        benchmark()
    except DrError as error:
        show_error(error)
        return error.exit_code
    except WorldError as error:
        show_error(error)
        return error.code
    return 0
