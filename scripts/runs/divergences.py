"""
What a run found that only one of two copies holds, kept on this machine so that a person can look at it.

A folder for each run under `DR_HOME/divergence`, two files for each store: what was counted, as JSON, and the rows
themselves, one JSON object a line. They hold the service's own data: readable by nobody else, never part of a journal,
a report or the shared store of runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scripts.core.errors import BadInput
from scripts.core.home import folder
from scripts.runs import journal
from scripts.runs.parts import parts_of

if TYPE_CHECKING:
    from scripts.engines.comparison import KeptRow

FOLDER = "divergence"


@dataclass(frozen=True)
class Kept:
    """What one store's comparison found. `summary` is what the step found, as plain data; `rows` where the rows are."""

    run: str
    store: str
    summary: Mapping[str, Any]
    rows: Path

    def each(self) -> Iterator[dict[str, Any]]:
        """`table`, `which`, `columns` and `values` of each row. A last line that was cut off is left out."""
        if not self.rows.exists():
            return
        with self.rows.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    yield json.loads(line)
                except ValueError:
                    return


@contextmanager
def keeping(run: str, store: str) -> Iterator[KeepRows]:
    """Where a comparison leaves its rows; what an earlier attempt left is replaced. Raises OSError."""
    path = _path(run, store, "jsonl")
    with private(path) as file:
        yield KeepRows(file)


class KeepRows:
    """See `scripts.engines.comparison.Keep`."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __call__(self, row: KeptRow) -> None:
        plain = {"table": row.table, "which": row.which, "columns": [*row.columns], "values": [*row.values]}
        self._file.write(json.dumps(plain, ensure_ascii=True) + "\n")


def remember(run: str, store: str, summary: Mapping[str, Any]) -> None:
    """Beside the rows: what was counted. Raises OSError."""
    with private(_path(run, store, "json")) as file:
        json.dump(summary, file)


def kept(run: str) -> list[Kept]:
    """What a run, and the runs that it consists of, kept of each store. It is empty where nothing was kept."""
    found = []
    for each in (run, *_parts(run)):
        for path in sorted((folder(FOLDER) / each).glob("*.json")):
            rows = path.with_suffix(".jsonl")
            found.append(Kept(each, path.stem, json.loads(path.read_text(encoding="utf-8")), rows))
    return found


def newest() -> str:
    """The run that was the last to compare. Raises BadInput where none has."""
    paths = sorted(folder(FOLDER).glob("*/*.json"), key=lambda path: path.stat().st_mtime_ns)
    if not paths:
        raise BadInput(
            f"{folder(FOLDER)}: no run has compared two copies yet", "a re-protection and a restore do, on this machine"
        )
    return paths[-1].parent.name


@contextmanager
def private(path: Path) -> Iterator[IO[str]]:
    """A new file, written anew, for nobody else to read."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(opened, 0o600)
    with open(opened, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 (a descriptor)
        yield file


def _parts(run: str) -> list[str]:
    path = journal.path_of(run)
    return parts_of(journal.read(path, live=True)) if path.exists() else []


def _path(run: str, store: str, kind: str) -> Path:
    """Raises BadInput for what is no name of a run."""
    there = folder(FOLDER) / journal.path_of(run).stem
    there.mkdir(mode=0o700, exist_ok=True)
    return there / f"{store}.{kind}"
