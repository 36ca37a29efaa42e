"""What a watcher did in vain is for people: it is told to them, and to more of them the longer it lasts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import load_plan
from scripts.clouds.access import Clouds
from scripts.core.errors import DatabaseFailed
from scripts.runs.journal import Journal, read
from scripts.runs.runbook import RunOutcome
from scripts.watch import Watch

PLAN = load_plan("minimal")


class Watcher(Watch):
    """One that has nothing to look at."""

    def aim(self) -> None:
        pass


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    journal = Journal(tmp_path / "watch.jsonl", "watch")
    made = Watcher(PLAN, [], Clouds(PLAN), journal)
    yield made
    made.suspicion.pause()
    made.clouds.close()
    journal.close()


def test_what_was_done_in_vain_is_told_with_what_else_there_is(watcher: Watcher, tmp_path: Path) -> None:
    hint = "`dr failover --to secondary` loses at most 3 s of writes"
    failed = RunOutcome("run-1", "failed", {}, DatabaseFailed("core-1: its standby is not in step", hint))
    asyncio.run(watcher._run(lambda: failed))
    assert watcher.reported == f"core-1: its standby is not in step; {hint}"
    waits = [entry for entry in read(tmp_path / "watch.jsonl", live=True) if entry.name == "wait"]
    assert [entry.sentence for entry in waits] == [watcher.reported]


def test_what_was_done_is_over(watcher: Watcher) -> None:
    asyncio.run(watcher._run(lambda: RunOutcome("run-1", "done", {})))
    assert watcher.reported == ""
