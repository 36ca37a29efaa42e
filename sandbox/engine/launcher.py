"""Starts programs: as a fork of a process that has imported the SDK already, or as a plain child."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).resolve().parent
OnLine = Callable[[str], None]


class Child(Protocol):
    """A program that runs."""

    def wait(self) -> int: ...

    def interrupt(self) -> None: ...

    def kill(self) -> None: ...


def _nothing() -> None:
    pass


def _reader(fd: int, on_line: OnLine, on_end: Callable[[], None] = _nothing) -> threading.Thread:
    def read() -> None:
        with os.fdopen(fd, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                on_line(line.rstrip("\n"))
        on_end()

    thread = threading.Thread(target=read, name="engine-program-output", daemon=True)
    thread.start()
    return thread


def _spec_fd(spec: dict[str, Any]) -> int:
    """The specification in memory: it holds the decrypted configuration, which belongs into no file."""
    fd = os.memfd_create("program")
    os.write(fd, json.dumps(spec).encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _is_ours(python: str) -> bool:
    """Whether a Python is the one that runs us: of the same environment, whose folder may be reached by a link."""
    return os.path.realpath(Path(python).parent) == os.path.realpath(Path(sys.executable).parent)


class _Signals:
    """Signals to a process by its id, while it is known to live."""

    def __init__(self, pid: int) -> None:
        self.pid, self.ended = pid, False

    def send(self, number: int) -> None:
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class ForkedChild:
    """A child of the zygote."""

    def __init__(self, answers: socket.socket, readers: list[threading.Thread]) -> None:
        self._lines = answers.makefile("r")
        self._answers, self._readers = answers, readers
        first = self._lines.readline()
        if not first:
            message = "the process that starts programs has ended"
            raise OSError(message)
        self._signals = _Signals(int(first))

    def wait(self) -> int:
        line = self._lines.readline()
        self._signals.ended = True
        for reader in self._readers:
            reader.join()
        self._answers.close()
        return int(line) if line else -signal.SIGKILL

    def interrupt(self) -> None:
        self._signals.send(signal.SIGINT)

    def kill(self) -> None:
        self._signals.send(signal.SIGKILL)


class PlainChild:
    """A child of its own Python."""

    def __init__(
        self, python: str, spec: dict[str, Any], on_out: OnLine, on_err: OnLine, on_end: Callable[[], None]
    ) -> None:
        fd = _spec_fd(spec)
        out, out_w = os.pipe()
        err, err_w = os.pipe()
        try:
            self._process = subprocess.Popen(
                [python, "-u", "-P", str(HERE / "program.py"), str(fd)],
                pass_fds=(fd,),
                stdin=subprocess.DEVNULL,
                stdout=out_w,
                stderr=err_w,
                cwd=spec["cwd"],
                env=spec["env"],
                start_new_session=True,
            )
        finally:
            for opened in (fd, out_w, err_w):
                os.close(opened)
        self._readers = [_reader(out, on_out, on_end), _reader(err, on_err)]

    def wait(self) -> int:
        code = self._process.wait()
        for reader in self._readers:
            reader.join()
        return code

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self._process.kill()


class Launcher:
    """Starts programs. One serves all runs of a process."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._lock = threading.Lock()

    def fork(self) -> "Launcher":
        """Have a fork of this process as the helper: only for a process without threads."""
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            ours.close()
            code = 1
            try:
                from sandbox.engine import zygote  # noqa: PLC0415

                zygote.main(theirs)
                code = 0
            finally:
                os._exit(code)
        theirs.close()
        self._control = ours
        return self

    def warm(self) -> None:
        """Start the helper process, unless it runs."""
        with self._lock:
            self._helper()

    def _helper(self) -> socket.socket:
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                subprocess.Popen(
                    [sys.executable, "-P", str(HERE / "zygote.py"), str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._control = ours
        return self._control

    def start(
        self, python: str, spec: dict[str, Any], on_out: OnLine, on_err: OnLine, on_end: Callable[[], None] = _nothing
    ) -> Child:
        """Start a program with the given Python. Lines of its output go to two functions; `on_end` hears their end."""
        if _is_ours(python) and not spec["env"].get("DR_ENGINE_PLAIN_CHILD"):
            try:
                return self._fork(spec, on_out, on_err, on_end)
            except OSError:
                with self._lock:
                    self._control = None
        return PlainChild(python, spec, on_out, on_err, on_end)

    def _fork(self, spec: dict[str, Any], on_out: OnLine, on_err: OnLine, on_end: Callable[[], None]) -> ForkedChild:
        fd = _spec_fd(spec)
        out, out_w = os.pipe()
        err, err_w = os.pipe()
        answers, theirs = socket.socketpair()
        try:
            with self._lock:
                socket.send_fds(self._helper(), [b"r"], [fd, out_w, err_w, theirs.fileno()])
        except OSError:
            os.close(out)
            os.close(err)
            raise
        finally:
            theirs.close()
            for opened in (fd, out_w, err_w):
                os.close(opened)
        return ForkedChild(answers, [_reader(out, on_out, on_end), _reader(err, on_err)])
