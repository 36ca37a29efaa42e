"""One row of a runbook: what a failure of it means for the rest of the run."""

import threading
from typing import Any

import pytest

from model import Topology, load_plan
from scripts.core.errors import DatabaseFailed
from scripts.runs.journal import Journal, path_of, read
from scripts.runs.rows import RowEvent, execute
from scripts.runs.runbook import Context, Does, Result, Row

NOTHING: Any = None


def fails(_context: Context) -> Result:
    raise DatabaseFailed("a lock is in the way", "end session 7")


def context() -> Context:
    plan = load_plan("minimal")
    return Context("restore-x", plan, Topology.initial(plan), NOTHING, Journal.of("restore-x"), NOTHING)


def test_a_measure_that_fails_is_unknown_and_stops_nothing() -> None:
    events: list[RowEvent] = []
    row = Row("measure", fails, "Count", why_no_undo="it only looks", does=Does.MEASURE, attempts=2)
    result = execute(row, context(), threading.Event(), events.append)
    assert (result.status, result.said) == ("skipped", "unknown: a lock is in the way")
    assert result.evidence["unknown"]["hint"] == "end session 7"  # type: ignore[index]  # plain data once it is stored
    assert [event.what for event in events] == ["begun", "skipped"]
    assert [entry.status for entry in read(path_of("restore-x")) if entry.kind == "step"] == ["skipped"]


def test_any_other_row_that_fails_ends_the_run() -> None:
    row = Row("act", fails, "Act", why_no_undo="it only looks", does=Does.LOOK)
    with pytest.raises(DatabaseFailed):
        execute(row, context(), threading.Event())
