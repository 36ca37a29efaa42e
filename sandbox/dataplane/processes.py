"""
Child processes that cannot outlive the world, and are ended by pid, never by name.

PR_SET_PDEATHSIG fires when the *thread* that started the child ends, so one thread that lives as long as the world
starts them all.
"""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

LAUNCH = Path(__file__).with_name("launch.py")
KILL_TIMEOUT_SECONDS = 10.0
PODS = 65533  # no account of any machine
UNPRIVILEGED = 65534  # `nobody` on Linux; PostgreSQL refuses to run as root


@dataclass(frozen=True)
class User:
    """Who runs a child. -1: whoever runs the world."""

    uid: int = -1
    gid: int = -1

    @property
    def is_other(self) -> bool:
        return self.uid >= 0

    def own(self, path: Path) -> Path:
        if self.is_other:
            os.chown(path, self.uid, self.gid)
        return path


def database_user() -> User:
    """The user that PostgreSQL runs as: ourselves, or `nobody` when we are root."""
    return User(UNPRIVILEGED, UNPRIVILEGED) if os.geteuid() == 0 else User()


def pod_user() -> User:
    """
    The user that pods run as: ourselves, or one that owns nothing when we are root. Not that of the databases, whose
    files a pod must not read.
    """
    return User(PODS, PODS) if os.geteuid() == 0 else User()


class Spawner:
    """
    Starts children with a small clean environment, marked with DR_WORLD so that a test can find what was left over.
    """

    def __init__(self, home: Path) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
        self._children: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "DR_WORLD": str(home),
        }

    def start(
        self,
        command: Sequence[str],
        *,
        user: User = User(),
        end_with: signal.Signals = signal.SIGKILL,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        output: int | IO[bytes] = subprocess.DEVNULL,
        errors: int | IO[bytes] = subprocess.STDOUT,
        pass_fds: Sequence[int] = (),
    ) -> "subprocess.Popen[bytes]":
        """Start `command` (absolute path first) in a session of its own. It receives `end_with` when the world dies."""
        launcher = [sys.executable, "-I", "-S", str(LAUNCH)]
        ties = [str(os.getpid()), str(user.uid), str(user.gid), str(int(end_with))]

        def popen() -> "subprocess.Popen[bytes]":
            if self._closed:
                raise OSError(errno.ESHUTDOWN, "the world is ending")
            self._children = {child for child in self._children if child.poll() is None}
            child = subprocess.Popen(
                [*launcher, *ties, *command],
                env={**self._environment, **(environment or {})},
                cwd=cwd or "/",
                stdin=stdin,
                stdout=output,
                stderr=errors,
                start_new_session=True,
                pass_fds=pass_fds,
            )
            self._children.add(child)
            return child

        return self._thread.submit(popen).result()

    def run(
        self,
        command: Sequence[str],
        *,
        user: User = User(),
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 120,
    ) -> tuple[int, str]:
        """Run to its end; give back the exit code and what it said. A run past `timeout` seconds is killed: code -9."""
        process = self.start(command, user=user, environment=environment, cwd=cwd, output=subprocess.PIPE)
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            said, _ = process.communicate()
        return process.returncode, said.decode(errors="replace")

    def close(self) -> None:
        """Start nothing any more, and end whatever still runs."""
        self._closed = True
        with contextlib.suppress(RuntimeError):
            self._thread.submit(lambda: None).result()  # one that is being started is among the children now
        for child in self._children:
            if child.poll() is None:
                kill_tree(child.pid)
                child.wait()
        self._thread.shutdown()


def kill_tree(pid: int) -> None:
    """
    SIGKILL to `pid` and everything it started, parents first; they have ended when this returns.

    PostgreSQL's backends lead sessions of their own, so that killing the postmaster's group would leave them a moment
    to commit.
    """
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        parent.suspend()  # it may fork between the listing and the kill
        family = [parent, *parent.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + KILL_TIMEOUT_SECONDS
    while any(_lives(process) for process in family) and time.monotonic() < deadline:
        time.sleep(0.002)


def _lives(process: psutil.Process) -> bool:
    """A zombie has ended: it holds nothing but its number."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def memory_bytes(pids: Iterable[int]) -> int:
    """Memory of these processes and their children; pages that they share are counted once between them (PSS)."""
    total, seen = 0, set[int]()
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            for process in [parent, *parent.children(recursive=True)]:
                if process.pid in seen:
                    continue
                seen.add(process.pid)
                with contextlib.suppress(psutil.Error, OSError):
                    total += getattr(process.memory_full_info(), "pss", 0)
    return total


def start_time(pid: int) -> float | None:
    """When `pid` started, or None if there is no such process (a zombie counts as none)."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def watch_owner(pid: int, started: float | None, gone: threading.Event) -> threading.Thread:
    """
    Set `gone` when process `pid` that started at `started` ends.

    A pidfd names the process itself, so a reused number cannot fool it; `started` covers the time before the pidfd
    was opened.
    """

    def watch() -> None:
        try:
            descriptor = os.pidfd_open(pid)
        except (OSError, AttributeError):
            descriptor = -1
        now = start_time(pid)
        if now is None or (started is not None and abs(now - started) > 0.05):
            gone.set()
            return
        if descriptor >= 0:
            signal_when_readable(descriptor)
            os.close(descriptor)
        else:  # an older kernel
            while start_time(pid) == now:
                gone.wait(0.5)
        gone.set()

    def signal_when_readable(descriptor: int) -> None:
        import select  # noqa: PLC0415

        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        while not poller.poll(1000):
            if gone.is_set():
                return

    thread = threading.Thread(target=watch, name="owner", daemon=True)
    thread.start()
    return thread
