"""`python -m sandbox.engine ARGS`: the command line of `pulumi`, on the embedded engine."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from sandbox.engine.cli import main
from sandbox.engine.invocation import Invocation
from sandbox.engine.launcher import Launcher


def run() -> int:
    """Run the command line of this process. The first interrupt stops gracefully, the second at once."""
    cancels: list[Callable[[], None]] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for cancel in cancels:
            cancel()

    launcher = (
        Launcher().fork() if {"up", "update", "preview", "refresh", "destroy"} & set(sys.argv[1:]) else Launcher()
    )
    signal.signal(signal.SIGINT, interrupt)
    invocation = Invocation(Path.cwd(), dict(os.environ), sys.stdout, sys.stderr, launcher, cancels.append)
    code = main(sys.argv[1:], invocation)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    os._exit(run())
