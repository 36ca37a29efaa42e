"""Several systems rehearsed side by side: a program of its own for each, and one page for all of them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.core.errors import BadInput, ObjectiveMissed

HAS_A_REPORT = (0, ObjectiveMissed.exit_code)
"""What a drill ends with that came to its end, also where objectives were missed or checks failed."""


def rehearse(
    plans: Sequence[str], name: str, options: Sequence[str], folder: Path, say: Callable[[str], None]
) -> list[str]:
    """
    `dr drill NAME` of each plan, each with its report in a folder of its own below `folder`; gives the journals of
    those that came to an end, in the order of the plans. What each says is passed on with the name of its plan before.

    Raises BadInput for two plans that would be written to the same place.
    """
    places = [Path(plan).stem for plan in plans]
    if len(set(places)) < len(places):
        raise BadInput(f"two of the plans are called the same: {', '.join(plans)}", "give each plan once")
    children, readers = [], []
    for plan, place in zip(plans, places, strict=True):
        begin = [sys.executable, "-m", "scripts.dr", "drill", name, "--plan", plan, "--out", str(folder / place)]
        child = subprocess.Popen(
            [*begin, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        children.append(child)
        readers.append(threading.Thread(target=_pass_on, args=(child, place, say), daemon=True))
        readers[-1].start()
    try:
        ended = [child.wait() for child in children]
    finally:
        for child in children:  # each ends its own world when it is told to end
            if child.poll() is None:
                child.terminate()
        for reader in readers:
            reader.join(timeout=60)
    return [
        _journal_of(folder / place / f"{name}.json")
        for place, code in zip(places, ended, strict=True)
        if code in HAS_A_REPORT and (folder / place / f"{name}.json").exists()
    ]


def _pass_on(child: subprocess.Popen[str], place: str, say: Callable[[str], None]) -> None:
    for line in child.stderr or ():
        say(f"{place}: {line.rstrip()}")


def _journal_of(report: Path) -> str:
    return str(json.loads(report.read_text(encoding="utf-8"))["run"]["run"])
