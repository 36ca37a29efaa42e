"""A process that has imported the SDK and forks one child for each program, so that a run need not import it again.

It gets requests over a socket: one byte with four file descriptors (specification, standard output and error of the
program, and a socket for the answers). The answers are lines: the child's process id, then its exit status. It has no
threads and opens no gRPC channel, so a fork is safe. It ends when its socket closes.

The SDKs load their modules when they are first used. A child says which ones its program used; they are imported here,
so that the programs that follow have them from the start. Nothing of the project's own code is ever imported.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

PRELOAD = (
    "pulumi",
    "pulumi.runtime",
    *sorted(found.name for found in pkgutil.iter_modules() if found.name.startswith("pulumi_")),
    "pydantic",
    "pydantic.type_adapter",
    "yaml",
)
"""The SDKs of the clouds among it, as far as they are installed."""
OBJECTS = 50_000  # made between two looks for garbage; at Python's 700 a quarter of the time that imports take
LIBRARIES = os.path.join(sys.prefix, "")  # noqa: PTH118  # pathlib would cost time in every fork


def preload(names: Iterable[str] = PRELOAD) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # what is not installed is not needed
            # Whatever is asked of a lazy package loads it. A submodule that is imported before leaves the package
            # without what the submodule defines.
            hasattr(importlib.import_module(name), "anything")


def sdk_modules() -> set[str]:
    """The modules of Pulumi's SDKs, and of no other library, that are loaded in this process."""
    return {
        name
        for name, module in list(sys.modules.items())
        # __dict__, because asking a lazy module for anything loads it
        if type(module) is ModuleType  # a lazy one has not been used
        and name.startswith("pulumi")
        and str(vars(module).get("__file__") or "").startswith(LIBRARIES)
    }


def _child(fds: list[int], control: socket.socket) -> int:
    """The forked child: become the program."""
    with os.fdopen(fds[0]) as given:
        spec: dict[str, Any] = json.load(given)
    control.close()
    os.dup2(fds[1], 1)
    os.dup2(fds[2], 2)
    for fd in fds[1:]:
        os.close(fd)
    sys.stdout = _unbuffered(1)
    sys.stderr = _unbuffered(2)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import program  # type: ignore[import-not-found]  # noqa: PLC0415  # beside this file, see `main`

    return int(program.execute(spec))


def _unbuffered(fd: int) -> io.TextIOWrapper:
    """A stream as `python -u` has it."""
    return io.TextIOWrapper(io.FileIO(fd, "w", closefd=False), encoding="utf-8", write_through=True)


class Zygote:
    """The loop of the process."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[int, tuple[socket.socket, int]] = {}
        self._loaded = sdk_modules()
        gc.freeze()  # a collection in a child would touch, and so copy, every page that it shares with us
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        wake.setblocking(False)
        self._wake_in = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(wake.fileno())

    def loop(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self.control, selectors.EVENT_READ)
        selector.register(self._wake, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)
            self._reap()
            if self.control in ready and not self._request():
                break
        for pid in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _reap(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            answers, used = self.children.pop(pid)
            with contextlib.suppress(OSError):
                answers.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            answers.close()
            self._learn(used)

    def _learn(self, used: int) -> None:
        """Import what a program has used."""
        with os.fdopen(used, "r+b") as file:
            file.seek(0)
            names = {name for name in file.read().decode().split("\n") if name}
        if new := names - self._loaded:
            preload(sorted(new))
            self._loaded |= new
            gc.freeze()

    def _request(self) -> bool:
        message, fds, _, _ = socket.recv_fds(self.control, 1, 4)
        if not message:
            return False
        used = os.memfd_create("used")
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = _child(fds[:3], self.control)
            except KeyboardInterrupt:
                code = 130
            except SystemExit as exit_:
                code = exit_.code if isinstance(exit_.code, int) else 1
            except BaseException:  # noqa: BLE001  # a child must never fall back into the loop
                import traceback  # noqa: PLC0415

                traceback.print_exc()
            finally:
                with contextlib.suppress(Exception):
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os.write(used, "\n".join(sdk_modules() - self._loaded).encode())
                os._exit(code)
        answers = socket.socket(fileno=fds[3])
        with contextlib.suppress(OSError):
            answers.sendall(f"{pid}\n".encode())
        self.children[pid] = answers, used
        for fd in fds[:3]:
            os.close(fd)
        return True


def main(control: socket.socket) -> None:
    with contextlib.suppress(OSError):
        os.setsid()  # the terminal's Ctrl-C is for the engine, which tells the program itself
    gc.set_threshold(OBJECTS, 20, 20)
    preload()
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    sys.path.insert(0, folder)
    importlib.import_module("program")
    sys.path.remove(folder)
    Zygote(control).loop()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
