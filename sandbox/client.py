"""How programs start, ask, break and end a world. Talks to it over the socket in its home."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from sandbox import control
from sandbox.clouds.registry import variables
from sandbox.control import Refused
from sandbox.layout import LOCK, LOG, data_folder_of, forget

ROOT = Path(__file__).resolve().parents[1]
UP_TIMEOUT_SECONDS = 120.0
DOWN_TIMEOUT_SECONDS = 30.0
MESSAGE_BYTES = 1 << 20
"""The longest that is asked of the process that starts worlds; any environment is shorter."""


class WorldError(Exception):
    """Two lines for a person, and the exit code."""

    def __init__(self, message: str, hint: str, code: int = 1) -> None:
        super().__init__(message)
        self.hint, self.code = hint, code

    def __reduce__(self) -> tuple[type["WorldError"], tuple[str, str, int]]:
        return type(self), (str(self), self.hint, self.code)


@dataclass(frozen=True)
class World:
    """A world that runs somewhere else. `already_up`: `up` found it running."""

    home: Path
    already_up: bool = False

    @classmethod
    def up(
        cls,
        home: Path,
        plan: str | Path = "samia",
        *,
        port_base: int | None = None,
        pace: float = 20.0,
        owner: int | None = None,
    ) -> "World":
        """
        Start a world in `home`, detached, and wait until it is up. One that runs there already is taken as it is.

        `owner`: the world ends when the process with this pid does (None: it runs until `down`). Raises WorldError.
        """
        home = Path(home).resolve()
        arguments = ["serve", "--home", str(home), "--plan", str(plan), "--pace", str(pace)]
        if port_base is not None:
            arguments += ["--port-base", str(port_base)]
        if owner is not None:
            arguments += ["--owner", f"{owner}:{psutil.Process(owner).create_time()}"]
        try:
            with contextlib.suppress(FileExistsError):  # something else is in the way there: the next line says what
                home.parent.mkdir(parents=True, exist_ok=True)
            home.mkdir(mode=0o700, exist_ok=True)
            _check_ours(home)
            with _private(home / LOCK) as lock:
                flock(lock, LOCK_EX)  # somebody may be starting it at this moment
                if _pid_of(home) is not None:
                    return cls(home, already_up=True)
                _clear(home)
                home.mkdir(mode=0o700, exist_ok=True)
                said = _start(home, arguments)
        except OSError as error:
            raise WorldError(f"{home}: {error.strerror or error}", "free space, or choose another home") from error
        if "error" in said:
            raise WorldError(said["error"], said["hint"], said["code"])
        return cls(home)

    @classmethod
    def attach(cls, home: Path) -> "World":
        """The world that runs in `home`. Raises WorldError."""
        home = Path(home).resolve()
        _check_ours(home)
        if _pid_of(home) is None:
            raise WorldError(f"no world is up in {home}", "dr sandbox up starts one", 3)
        return cls(home)

    def _ask(self, operation: str, **arguments: Any) -> Any:
        try:
            return control.ask(self.home, operation, **arguments)
        except Refused as refused:
            raise WorldError(str(refused), refused.hint, refused.code) from refused
        except OSError as error:
            raise WorldError(
                f"the world in {self.home} does not answer: {error}", "dr sandbox up starts one", 7
            ) from error

    def env(self, stack: str = "") -> dict[str, str]:
        """
        The environment that leads a program into the world, as one who manages `stack` (without one: the stack of the
        first warm site). Raises WorldError.
        """
        answer: dict[str, str] = self._ask("env", stack=stack)
        return answer

    def status(self) -> dict[str, Any]:
        """Regions, databases, pods, backups, faults, ports, memory, as plain data. Raises WorldError."""
        answer: dict[str, Any] = self._ask("status")
        return answer

    def break_(self, fault: str, **arguments: Any) -> bool:
        """Break something (`sandbox.faults` says what there is). False: it was so already. Raises WorldError."""
        return bool(self._ask("break", fault=fault, arguments=arguments))

    def heal(self, fault: str | None = None, **arguments: Any) -> int:
        """Undo faults: all, all of a kind, or those that match `arguments`. How many. Raises WorldError."""
        return int(self._ask("heal", fault=fault, arguments=arguments))

    def admin_dsn(self, identifier: str) -> str:
        """Straight to the server of a database, past every fault of the network: for proofs. Raises WorldError."""
        return str(self._ask("admin_dsn", identifier=identifier))

    def down(self) -> bool:
        """End it and remove all it made. False: nothing ran there. Raises WorldError where that is not ours to do."""
        _check_ours(self.home)
        pid = _pid_of(self.home)
        if pid is None:
            _clear(self.home)
            return False
        process = psutil.Process(pid)
        with contextlib.suppress(OSError, Refused):
            control.ask(self.home, "down", timeout=5)
        try:
            process.wait(DOWN_TIMEOUT_SECONDS)
        except psutil.TimeoutExpired:
            process.send_signal(signal.SIGKILL)  # its children are tied to its life
            process.wait(DOWN_TIMEOUT_SECONDS)
        _clear(self.home)
        return True


def is_up(home: Path) -> bool:
    """Does a world run in `home`?"""
    return _pid_of(Path(home).resolve()) is not None


_ELSEWHERE = re.compile(
    rf"({'|'.join(variables())}).*|PULUMI_(CONFIG_PASSPHRASE|ACCESS_TOKEN)|(https?|all|ftp|no)_proxy",
    re.IGNORECASE,
)


def leading_elsewhere(environ: Mapping[str, str], inside: Mapping[str, str]) -> list[str]:
    """
    The variables in `environ` that would lead a program out of the world whose environment is `inside`: an endpoint of
    one service, a profile or a session of a real account, a passphrase that goes before the one in the file, a proxy.
    """
    return sorted(name for name in environ if name not in inside and _ELSEWHERE.fullmatch(name))


def why_not_ours(home: Path) -> str | None:
    """
    Why what lies in `home` is not to be believed, or None: whoever can write there says which world it is, what ends
    it, and what a shell that enters it runs.
    """
    for path in (home, home / "world.json"):
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue  # who makes it says why it cannot be made
        if found.st_uid != os.geteuid():
            return f"{path} belongs to another user"
        if (path == home and found.st_mode & 0o077) or stat.S_ISLNK(found.st_mode):
            return f"{path} is open to other users of this machine"
    return None


def _check_ours(home: Path) -> None:
    """Raises WorldError."""
    reason = why_not_ours(home)
    if reason is not None:
        raise WorldError(reason, f"choose a folder that is not there yet, or close it: chmod 700 {home}", 3)


def _private(path: Path) -> BinaryIO:
    """`path`, open to be added to, and made for nobody else to read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "ab")


def _start(home: Path, arguments: list[str]) -> dict[str, Any]:
    """What the new world says of itself. Raises OSError."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as report:
        try:
            with _private(home / LOG) as log:
                request = {"arguments": arguments, "env": _environment()}
                _starter.ask(json.dumps(request).encode(), log.fileno(), writing)
        finally:
            os.close(writing)
        line = report.read()  # to its end: a world that failed has ended by then
    if not line:
        return {"error": "the world ended while it started", "hint": f"{home / LOG} says why", "code": 1}
    said: dict[str, Any] = json.loads(line)
    return said


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


class _Starter:
    """The process that forks the worlds of this one (`sandbox.worlds`), so that a world is nobody's child here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None

    def ask(self, request: bytes, *fds: int) -> None:
        """Raises OSError."""
        with self._lock:
            if self._control is not None:
                with contextlib.suppress(OSError):  # it has ended
                    socket.send_fds(self._control, [request], fds)
                    return
                self._control.close()
            self._control = self._begun()
            socket.send_fds(self._control, [request], fds)

    @staticmethod
    def _begun() -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES)
        with theirs:
            subprocess.Popen(
                [sys.executable, "-m", "sandbox.worlds", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return ours


_starter = _Starter()


def _about(home: Path) -> dict[str, Any] | None:
    try:
        about: dict[str, Any] = json.loads((home / "world.json").read_text())
    except (OSError, ValueError):
        return None
    return about


def _pid_of(home: Path) -> int | None:
    """The world that runs in `home`; the start time guards against a pid that is somebody else's by now."""
    about = _about(home)
    if about is None:
        return None
    try:
        process = psutil.Process(int(about["pid"]))
        alive = process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - about["started"]) < 0.05
        alive = alive and "sandbox.worlds" in process.cmdline()  # the file alone must not say whom we end
    except (psutil.NoSuchProcess, psutil.AccessDenied, KeyError, TypeError, ValueError):
        return None
    return process.pid if alive else None


def _clear(home: Path) -> None:
    """Remove what a world that was killed left behind."""
    about = _about(home)
    if about is None:
        return
    data, deadline = data_folder_of(home), time.monotonic() + 5
    while data is not None and data.exists() and time.monotonic() < deadline:
        shutil.rmtree(data, ignore_errors=True)  # its servers may still be writing their last words
    forget(home, about.get("kept", ()))
