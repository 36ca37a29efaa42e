"""What was promised against what a journal says was achieved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model import Plan, load_plan
from scripts.runbooks.forecasts import forecast
from scripts.runs.journal import Entry, Journal, read
from scripts.runs.measure import Measures, measure
from scripts.runs.runbook import Does

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def plan() -> Plan:
    return load_plan("samia")


class Story:
    """A journal told with moments in seconds from the fault."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "r.jsonl", "r")

    def marks(self, **moments: float) -> Story:
        for name, seconds in moments.items():
            self.journal.mark(name, at=at(seconds))
        return self

    def services(self, plan: Plan, ends: dict[int, float]) -> Story:
        for service in plan.services:
            end = at(ends[plan.effective_tier(service.name)])
            does = {"does": Does.START_SERVICE, "subject": service.name}
            self.journal.write("step", "any", "ready", status="done", started=START, ended=end, evidence=does)
        return self

    def measure(self, name: str, **evidence: Any) -> Story:
        self.journal.write("measure", name, name, evidence=evidence)
        return self

    def at_stake(self, seconds: float) -> Story:
        """What a step that looks before anything is moved says."""
        self.journal.write("step", "check_target", "can", evidence={"found": {"data_at_stake_seconds": seconds}})
        return self

    def entries(self) -> list[Entry]:
        return list(read(self.journal.path))


def verdicts(found: Measures) -> dict[str, bool | None]:
    return {it.name: it.met for it in found.objectives}


def test_a_failover_within_its_objectives(plan: Plan, tmp_path: Path) -> None:
    story = Story(tmp_path).marks(fault=0, detected=2, declared=5, service_back=8, verified=20)
    story.services(plan, {0: 9, 1: 10, 2: 11, 3: 12})
    story.measure("loss", lost=3, span_seconds=0.5).measure("outage", seconds=8.2)
    found = measure(plan, story.entries(), "regional_outage")
    assert found.parts == {"detection": 2, "decision": 3, "failover": 3, "validation": 12}
    assert found.rto_seconds == 20
    assert found.rpo_seconds == 0.5
    assert found.outage_seconds == 8.2
    assert set(verdicts(found).values()) == {True}
    assert len(verdicts(found)) == 6
    assert found.objectives_met is True


def test_each_objective_can_be_missed_by_itself(plan: Plan, tmp_path: Path) -> None:
    story = Story(tmp_path).marks(fault=0, declared=1, service_back=100, verified=3601)
    story.services(plan, {0: 301, 1: 899, 2: 1799, 3: 3599}).measure("loss", lost=1, span_seconds=901)
    found = measure(plan, story.entries(), "regional_outage")
    missed = {name for name, met in verdicts(found).items() if met is False}
    assert missed == {"RTO, regional outage", "RPO, regional outage", "downtime, tier 0"}
    assert found.objectives_met is False


def test_what_was_not_measured_is_not_met(plan: Plan, tmp_path: Path) -> None:
    found = measure(plan, Story(tmp_path).marks(fault=0).entries(), "regional_outage")
    assert set(verdicts(found).values()) == {None}
    assert found.objectives_met is None
    assert found.loss is None


def test_where_nobody_counted_the_loss_is_at_most_what_was_at_stake(plan: Plan, tmp_path: Path) -> None:
    story = Story(tmp_path).at_stake(2.5).marks(fault=0, verified=1)
    found = measure(plan, story.entries(), "regional_outage")
    rpo = next(it for it in found.objectives if it.name.startswith("RPO"))
    assert (found.rpo_seconds, rpo.measured, rpo.at_most, rpo.met) == (None, 2.5, True, True)
    story.measure("loss", lost=1, span_seconds=0.5)
    found = measure(plan, story.entries(), "regional_outage")
    rpo = next(it for it in found.objectives if it.name.startswith("RPO"))
    assert (found.rpo_seconds, found.at_stake_seconds, rpo.measured, rpo.at_most) == (0.5, 2.5, 0.5, False)


def test_more_at_stake_than_promised_is_missed(plan: Plan, tmp_path: Path) -> None:
    """Somebody has accepted it by name; the promise is not kept all the same."""
    found = measure(plan, Story(tmp_path).at_stake(901).marks(fault=0, verified=1).entries(), "regional_outage")
    assert verdicts(found)["RPO, regional outage"] is False
    assert found.objectives_met is False


def test_a_planned_switch_counts_from_when_the_old_site_is_stopped_and_may_lose_nothing(
    plan: Plan, tmp_path: Path
) -> None:
    story = Story(tmp_path).at_stake(0.4).marks(declared=0, stopped=7, service_back=7.5, verified=8).at_stake(0)
    found = measure(plan, story.entries(), "regional_outage")
    assert found.rto_seconds == 1
    assert found.parts["failover"] == 0.5
    assert not [it.name for it in found.objectives if "regional" in it.name], "no disaster has happened"
    assert verdicts(found)["RPO, planned switch"] is True
    story.measure("loss", lost=1, span_seconds=0.1)
    assert verdicts(measure(plan, story.entries(), "planned"))["RPO, planned switch"] is False


def test_where_no_service_is_started_every_tier_is_back_when_all_are_seen(plan: Plan, tmp_path: Path) -> None:
    found = measure(plan, Story(tmp_path).marks(fault=0, service_back=3, verified=5).entries(), "database_failure")
    assert {it.measured for it in found.objectives if it.name.startswith("downtime")} == {5}


def test_tiers_bind_in_what_is_measured_where_they_bind_in_the_forecast(plan: Plan, tmp_path: Path) -> None:
    """A cold activation of half an hour meets its four hours: no tier's five minutes are held against it."""
    story = Story(tmp_path).at_stake(1).marks(fault=0, service_back=1800, verified=1860)
    for foreseen in forecast(plan).objectives:
        bind = {f"downtime, tier {tier.tier}" for tier in foreseen.tiers if tier.target_seconds is not None}
        found = measure(plan, story.entries(), foreseen.disaster)
        if foreseen.tiers:
            assert {it.name for it in found.objectives if it.name.startswith("downtime")} == bind, foreseen.disaster
    assert measure(plan, story.entries(), "multi_region_outage").objectives_met is True
    assert measure(plan, story.entries(), "regional_outage").objectives_met is False


def test_no_lost_write_means_an_rpo_of_zero(plan: Plan, tmp_path: Path) -> None:
    story = Story(tmp_path).marks(fault=0, verified=1).measure("loss", lost=0, span_seconds=None)
    assert measure(plan, story.entries(), "regional_outage").rpo_seconds == 0


def test_a_mark_that_is_repeated_counts_once(plan: Plan, tmp_path: Path) -> None:
    """A run that was cut off repeats a step: the service was back when it was back."""
    story = Story(tmp_path).marks(fault=0, declared=1, service_back=4).marks(service_back=50, verified=60)
    assert measure(plan, story.entries(), "regional_outage").parts["failover"] == 3


def test_the_disaster_is_the_one_that_was_declared(plan: Plan, tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.journal.write("decision", "declare", "declared", evidence={"disaster": "database_failure"})
    found = measure(plan, story.entries())
    assert found.disaster == "database_failure"
    assert "RTO, database failure" in verdicts(found)


def test_a_tier_is_back_with_its_last_service_and_never_before_the_whole(plan: Plan, tmp_path: Path) -> None:
    story = Story(tmp_path).marks(fault=0, service_back=50, verified=60).services(plan, {0: 9, 1: 70, 2: 71, 3: 72})
    found = {it.name: it.measured for it in measure(plan, story.entries(), "regional_outage").objectives}
    assert found["downtime, tier 0"] == 50
    assert found["downtime, tier 1"] == 70
