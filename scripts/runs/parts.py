"""
A run that consists of other runs, as a failback does: one to a person, several in the store.

Its journal names each part in a note before that begins; the part's options name the whole. What is left open by a
program that ended is gone on with by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.core.errors import BadInput, DrError, Refused
from scripts.runs import journal, run_records
from scripts.runs.journal import Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTE = "part"
KEY = "part_of"
"""Of a part's options: the name of the whole."""


@dataclass
class Whole:
    """The journal of a run that has parts, while it is written."""

    run: str
    journal: Journal
    status: str = "done"
    said: str = ""

    def begin(self, runbook: str, site: str) -> str:
        """Name the next part; gives the name of its run."""
        run = run_records.new_run_id(runbook)
        title = f"{runbook.replace('_', ' ')} of {site}" if runbook != "switchover" else f"switch to {site}"
        evidence = {"scenario": f"{runbook}-{site}", "title": title.capitalize(), "runs": [run]}
        self.journal.note(NOTE, title.capitalize(), **evidence)
        return run


@contextmanager
def whole(name: str, system: str, sentence: str, evidence: Mapping[str, Any]) -> Iterator[Whole]:
    """
    Write a run of parts down, going on with the one of this name that is not over. How it ended is written whatever
    happens: set `status` and `said`.
    """
    left = _left_open(name, system)
    run = left or run_records.new_run_id(name)
    made = Whole(run, Journal.of(run))
    home = run_records.environment()
    begun = {"system": system, "environment": run_records.kind_of_environment(home), "home": home, **evidence}
    made.journal.write("run", name, sentence, status="resumed" if left else "begun", evidence=begun)
    try:
        yield made
    except DrError as error:
        made.status, made.said = "refused" if isinstance(error, Refused) else "failed", error.message
        raise
    except BaseException as error:
        made.status, made.said = "failed", type(error).__name__
        raise
    finally:
        made.journal.write("end", name, made.said or "Every part is done", status=made.status)
        made.journal.close()


def settle(name: str, system: str) -> None:
    """Nothing is left to do: a run of this name that broke off is over, so that no later one is taken for its rest."""
    if left := _left_open(name, system):
        made = Journal.of(left)
        made.write("end", name, "Nothing was left to do", status="done")
        made.close()


def parts_of(entries: Iterable[Entry]) -> list[str]:
    """The names of the runs that a run consists of, in their order; each once."""
    named = [str(run) for entry in entries if entry.name == NOTE for run in entry.evidence.get("runs") or ()]
    return list(dict.fromkeys(named))


def whole_of(run: str) -> str:
    """The run that this one is a part of, or itself."""
    try:
        first = next(journal.read(journal.path_of(run), live=True), None)
    except BadInput:
        return run
    options = first.evidence.get("options") if first else None
    more = options.get("more") if isinstance(options, dict) else None
    named = str(more.get(KEY) or "") if isinstance(more, dict) else ""
    return named if named and journal.path_of(named).exists() else run


def with_parts(entries: list[Entry]) -> list[Entry]:
    """A run's entries and those of its parts, in the order of time."""
    found = list(entries)
    for run in parts_of(entries):
        path = journal.path_of(run)
        if path.exists():
            found += journal.read(path, live=True)
    return sorted(found, key=lambda entry: entry.at)


def _left_open(name: str, system: str) -> str:
    """The newest run of this name, of this system and here, if it did not get done; its parts did not all."""
    for run in journal.runs():
        if not run.startswith(f"{name}-"):
            continue
        try:
            entries = list(journal.read(journal.path_of(run), live=True))
        except BadInput:
            continue
        first = next((entry for entry in entries if entry.kind == "run"), None)
        if first is None or first.name != name:
            continue
        if (first.evidence.get("system"), first.evidence.get("home")) != (system, run_records.environment()):
            continue
        over = entries[-1].kind == "end" and entries[-1].status in {"done", "refused"}
        return "" if over else run
    return ""
