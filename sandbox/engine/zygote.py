"""A process that has imported the SDK and forks one child for each program, so that a run need not import it again.

It gets requests over a socket: one byte with four file descriptors (specification, standard output and error of the
program, and a socket for the answers). The answers are lines: the child's process id, then its exit status. It has no
threads and opens no gRPC channel, so a fork is safe. It ends when its socket closes.

The SDKs load their modules when they are first used. A child says which ones its program used; they are imported here,
so that the programs that follow have them from the start. So it is with the packages beside this one that do nothing
but define (`DEFINING`): a program takes them over unless its own folder has others of that name, or one of their files
has changed since. No other code of a program is ever imported here, for it may declare resources as it is loaded.
"""

import contextlib
import gc
import importlib
import importlib.machinery
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
from collections.abc import Collection, Iterable
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
DEFINING = ("components", "model")
"""Packages of this distribution whose import looks at no setting and declares nothing, so that it can be shared."""
OBJECTS = 50_000  # made between two looks for garbage; at Python's 700 a quarter of the time that imports take
LIBRARIES = os.path.join(sys.prefix, "")  # noqa: PTH118  # pathlib would cost time in every fork
DISTRIBUTION = os.path.realpath(os.path.join(__file__, "..", "..", ".."))  # noqa: PTH118


def preload(names: Iterable[str] = PRELOAD) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # what is not installed is not needed
            # Whatever is asked of a lazy package loads it. A submodule that is imported before leaves the package
            # without what the submodule defines.
            hasattr(importlib.import_module(name), "anything")


def shared_modules(known: Collection[str] = ()) -> set[str]:
    """The modules of Pulumi's SDKs, and of what only defines, that are loaded in this process, without `known` ones."""
    return {
        name
        for name, module in list(sys.modules.items())
        # __dict__, because asking a lazy module for anything loads it
        if name not in known
        and type(module) is ModuleType  # a lazy one has not been used
        and _is_shared(name, str(vars(module).get("__file__") or ""))
    }


def _is_shared(name: str, file: str) -> bool:
    package = name.partition(".")[0]
    if package in DEFINING:
        return os.path.realpath(file).startswith(os.path.join(DISTRIBUTION, package, ""))  # noqa: PTH118
    return package.startswith("pulumi") and file.startswith(LIBRARIES)


class Definitions:
    """The modules of `DEFINING` that are loaded here, and what their files were like when they were."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, tuple[int, int] | None]] = {}
        self.note()

    def note(self) -> None:
        """Take in what was loaded since."""
        for package in DEFINING:
            for name in _modules_of(package) - self._files.keys():
                file = str(vars(sys.modules[name]).get("__file__"))
                self._files[name] = file, _stamp(file)

    def leave_to(self, path: list[str]) -> None:
        """In the process of a program that looks through `path` first: drop what it would not load as it is here."""
        for package in DEFINING:
            loaded = _modules_of(package)
            if loaded and not (self._found_in(path, package) and all(map(self._unchanged, loaded))):
                for name in loaded:
                    del sys.modules[name]

    def _found_in(self, path: list[str], package: str) -> bool:
        found = importlib.machinery.PathFinder.find_spec(package, path)
        mine, _ = self._files[package]
        return found is None or os.path.realpath(str(found.origin)) == os.path.realpath(mine)

    def _unchanged(self, name: str) -> bool:
        file, stamp = self._files[name]
        return stamp is not None and _stamp(file) == stamp


def _modules_of(package: str) -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] == package}


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _child(fds: list[int], control: socket.socket, definitions: Definitions) -> int:
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
    definitions.leave_to([spec["cwd"], *spec["env"].get("PYTHONPATH", "").split(os.pathsep)])
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
        self._loaded = shared_modules()
        self._definitions = Definitions()
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
            self._definitions.note()
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
                code = _child(fds[:3], self.control, self._definitions)
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
                    os.write(used, "\n".join(shared_modules(self._loaded)).encode())
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
