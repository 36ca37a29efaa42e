"""What a watcher did in vain is for people: it is told to them, and to more of them the longer it lasts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import Plan, Topology, load_plan
from scripts.clouds.access import Clouds
from scripts.core.errors import DatabaseFailed
from scripts.runbooks.decided import decided
from scripts.runbooks.tables import table
from scripts.runs.journal import Journal, read
from scripts.runs.runbook import Options, RunOutcome
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


def automatic(watcher: Watcher) -> str:
    """The plan says that a service which fails is started anew by itself; gives the service."""
    goal = watcher.plan.objectives[0].model_copy(update={"disaster": "application_failure", "automation": "automatic"})
    watcher.plan = watcher.plan.model_copy(update={"objectives": (goal,)})
    return watcher.plan.services[0].name


def test_a_silent_service_is_started_anew_once_where_the_plan_says_so(watcher: Watcher) -> None:
    assert watcher.why_not_restart("shop") == "the plan does not call application failures automatic"
    service = automatic(watcher)
    assert watcher.why_not_restart(service) is None
    watcher._restarted.add(service)
    assert watcher.why_not_restart(service) == f"{service} was started anew already"


def test_nobody_is_asked_for_the_first_rung_that_the_plan_calls_automatic_and_for_every_other(watcher: Watcher) -> None:
    topology, service = Topology.initial(PLAN), automatic(watcher)

    def needs(plan: Plan, **more: str) -> list[str]:
        told = {"service": service, "disaster": "application_failure", **more}
        return decided("recover", plan, topology, Options(PLAN.primary.name, more=told))

    assert needs(watcher.plan, to="restart") == []
    assert needs(watcher.plan) == ["application_failure", "roll_back_service"]
    assert needs(PLAN, to="restart") == ["application_failure"], "the plan says nothing of it"
    rungs = [row.name for row in table("recover", PLAN, Options("", more={"service": service, "to": "restart"})).rows]
    assert rungs == [f"{step}:{service}" for step in ("look_at_service", "restart_service", "see_recovered")]
