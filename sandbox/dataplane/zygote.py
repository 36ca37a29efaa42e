"""
A node's fork server: imports what pods need once, then forks a pod in milliseconds, most of its memory shared.

Speaks JSON lines: reads {"fork": NAME, "command": [...], "env": {...}, "log": PATH, "user": UID} and
{"kill": PID, "signal": N}; writes {"forked": NAME, "pid": PID} and {"exited": PID, "status": N}. One thread only, so
that a fork is safe. Pods die with it.

A pod of a world that root runs takes on a user that owns nothing (`user`, -1: keeps ours).
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from sandbox.dataplane.launch import PR_SET_PDEATHSIG

OBJECTS = 50_000  # made between two looks for garbage; at Python's 700 a quarter of the time that imports take
ENTRY_POINTS = {
    "app": "sandbox.dataplane.app:main",
    "manage": "sandbox.dataplane.manage:main",
    "migrate": "sandbox.dataplane.migration:main",
    "sentinel": "agent.sentinel:main",
}


def die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def _run_pod(command: Sequence[str], env: dict[str, str], log: str, user: int, parent: int) -> None:
    """Become the pod, in the child. This never returns."""
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, null), (1, out), (2, out)):
            os.dup2(source, target)
        os.closerange(3, 256)
        if user >= 0:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            die_with_parent(parent)  # a change of user has untied it
        os.environ.clear()
        os.environ.update(env)
        if not command or command[0] not in ENTRY_POINTS:
            print(f"no such entry point in the image: {list(command)}", file=sys.stderr)
        else:
            module, _, function = ENTRY_POINTS[command[0]].partition(":")
            sys.argv = list(command)
            status = getattr(importlib.import_module(module), function)() or 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 (a pod's crash goes to its log, whatever it is)
        traceback.print_exc()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _fork(request: dict[str, Any]) -> None:
    if os.geteuid() == 0:
        _load_what_pods_load_late(request["env"])
    me = os.getpid()
    pid = os.fork()
    if pid == 0:
        die_with_parent(me)
        _run_pod(request["command"], request["env"], request["log"], request["user"], me)
    _say({"forked": request["fork"], "pid": pid})


LOADED: set[str] = set()


def _load_what_pods_load_late(env: Mapping[str, str]) -> None:
    """
    Root's interpreter often lies where nobody else may read: a pod that took on another user can import no more.
    `clouds/CLOUD/late.py` loads what the SDK of a cloud loads at its first call; a node loads those of the clouds that
    its pods are told of, with the first of them.
    """
    import encodings.idna  # noqa: F401, PLC0415

    for cloud in {env.get("DR_CLOUD", ""), env.get("DR_WITNESS_CLOUD", "")} - LOADED - {""}:
        LOADED.add(cloud)
        late = Path(__file__).parents[1] / "clouds" / Path(cloud).name / "late.py"
        with contextlib.suppress(Exception):  # the pods will say so again
            runpy.run_path(str(late))
        gc.freeze()


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say({"exited": pid, "status": os.waitstatus_to_exitcode(status)})


def main() -> None:
    gc.set_threshold(OBJECTS, 20, 20)
    die_with_parent(int(sys.argv[1]))
    for entry in ENTRY_POINTS.values():
        try:
            importlib.import_module(entry.partition(":")[0])
        except Exception:  # noqa: BLE001 (its pods will say so again, and crash; the others live)
            traceback.print_exc()
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the shared pages
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def noted(_number: int, _frame: FrameType | None) -> None:
        """The wake-up descriptor tells the loop."""

    signal.signal(signal.SIGCHLD, noted)
    _say({"ready": True})
    buffered = b""
    while True:
        readable, _, _ = select.select([0, wake_read], [], [])
        if wake_read in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake_read, 4096)
            _reap()
        if 0 in readable:
            chunk = os.read(0, 65536)
            if not chunk:
                return
            *lines, buffered = (buffered + chunk).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if "fork" in request:
                    _fork(request)
                else:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(request["kill"], request["signal"])


if __name__ == "__main__":
    main()
