"""
Starts worlds as forks of a process that has loaded what they need: a quarter of the work of making a small one.

`python -m sandbox.worlds FD` gets requests over a socket: one JSON message for each world (its arguments and its
environment), with two file descriptors: the log, and where it reports that it is up. It has no threads and opens no
gRPC channel, so a fork is safe, and ends when its socket closes; its worlds go on.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from model import PlanError, load_plan
from sandbox import world
from sandbox.client import MESSAGE_BYTES
from sandbox.clouds import planes, registry

__all__ = ["main", "planes"]  # planes: loaded here for the worlds


def main(control: socket.socket) -> None:
    gc.set_threshold(world.OBJECTS, 20, 20)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a world that ends leaves no zombie
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loaded: set[str] = set()
    first = True
    while True:
        message, fds, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 2)
        if not message:
            return
        request = json.loads(message)
        if not first:  # whoever wants one world shall not wait for what more would save
            _load_clouds(world.parser().parse_args(request["arguments"]).plan, loaded)
        first = False
        gc.freeze()  # a collection in a world would touch, and so copy, every page that it shares with us
        if os.fork() == 0:
            control.close()
            _become_world(request, *fds)
        for fd in fds:
            os.close(fd)


def _load_clouds(plan: str, loaded: set[str]) -> None:
    with contextlib.suppress(PlanError, OSError):  # the world says so
        wanted = {site.cloud for site in load_plan(plan).sites}
        for cloud in sorted(wanted - loaded):
            registry.CLOUDS[cloud].load()
            loaded.add(cloud)


def _become_world(request: dict[str, Any], log: int, report: int) -> None:
    """In the child. This never returns."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, null), (1, log), (2, log)):
            os.dup2(source, target)
        os.close(null)
        os.close(log)
        os.environ.clear()
        os.environ.update(request["env"])
        code = world.main([*request["arguments"], "--report", str(report)])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  # a child must never fall back into the loop
        import traceback  # noqa: PLC0415

        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
