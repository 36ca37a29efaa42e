"""The longer it lasts, the more people are told: each level once, whatever happens to the program."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from model import Plan, load_plan
from model.governance import Escalation as Step
from scripts.core.moments import now
from scripts.people.escalation import TOLD, Escalation, told_up_to
from scripts.people.notify import Notifier, Telling
from scripts.runs.journal import Journal, read
from scripts.runs.rows import RowEvent
from scripts.runs.runbook import Context, Does, Result, Row, RunOutcome
from tests.asserts.channels import Channel, opened
from tests.asserts.waiting import wait_until

pytestmark = pytest.mark.thorough

FACTS = {"disaster": "regional_outage", "run": "r1", "to": "secondary", "from_site": "primary"}
SOON, LATER, NEVER = timedelta(milliseconds=100), timedelta(milliseconds=300), timedelta(hours=1)


@pytest.fixture
def plan() -> Plan:
    """Samia's people, and times that a test can wait for."""
    steps = [(timedelta(0), "sre"), (SOON, "incident_commander"), (LATER, "database_admin"), (NEVER, "executive")]
    return load_plan("samia").model_copy(
        update={"escalation": tuple(Step(after=after, notify=(role,)) for after, role in steps)}
    )


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Channel]]:
    """One for each role."""
    variables = {"sre": "SRE", "incident_commander": "INCIDENT", "database_admin": "DBA", "executive": "EXECUTIVE"}
    with ExitStack() as stack:
        made = {role: stack.enter_context(opened()) for role in variables}
        for role, variable in variables.items():
            monkeypatch.setenv(f"DR_NOTIFY_{variable}", made[role].address)
        yield made


@pytest.fixture
def notifier(plan: Plan, tmp_path: Path) -> Notifier:
    return Notifier(plan, Journal(tmp_path / "r.jsonl", "r"))


def levels(notifier: Notifier) -> list[float]:
    return [entry.evidence["after_seconds"] for entry in read(notifier.journal.path) if entry.name == TOLD]


def escalation(notifier: Notifier, **more: Any) -> Escalation:
    return Escalation(notifier, "escalated", FACTS, **more)


def test_each_level_is_told_when_its_time_has_passed(notifier: Notifier, channels: dict[str, Channel]) -> None:
    made = escalation(notifier)
    made.start()
    made.start()
    wait_until(lambda: channels["database_admin"].got, timeout=30, what="the second level to be told")
    wait_until(lambda: channels["incident_commander"].got, timeout=30, what="the first level to be told")
    made.end()
    assert channels["incident_commander"].titles() == ["samia: regional_outage for 100ms"]
    assert channels["database_admin"].titles() == ["samia: regional_outage for 300ms"]
    assert channels["database_admin"].got[0]["message"] == "The service is not back yet. Run r1."
    assert channels["sre"].got == [], "they are told at the beginning, not because it lasts"
    assert channels["executive"].got == []
    assert levels(notifier) == [0.1, 0.3]
    times = [entry.at for entry in read(notifier.journal.path) if entry.name == TOLD]
    assert made.since is not None
    assert times[0] >= made.since + SOON
    assert times[1] >= made.since + LATER


def test_a_program_that_is_started_again_tells_nobody_twice(notifier: Notifier, channels: dict[str, Channel]) -> None:
    began = now()
    first = escalation(notifier, since=began)
    first.start()
    wait_until(lambda: levels(notifier), timeout=30, what="the first level to be told")
    first.end()
    told = told_up_to(read(notifier.journal.path))
    assert told >= SOON
    again = escalation(notifier, since=began, told=told)
    again.start()
    wait_until(lambda: channels["database_admin"].got, timeout=30, what="the second level to be told")
    again.end()
    third = escalation(notifier, since=began, told=told_up_to(read(notifier.journal.path)))
    third.start()
    third.end()
    wait_until(lambda: channels["incident_commander"].got, timeout=30, what="the first level's message")
    assert len(channels["incident_commander"].got) == len(channels["database_admin"].got) == 1
    assert levels(notifier) == [0.1, 0.3]


def test_nobody_is_told_of_what_is_over_or_decided(notifier: Notifier, channels: dict[str, Channel]) -> None:
    made = escalation(notifier, since=now() + timedelta(minutes=1))
    made.start()
    made.end()
    made.start()
    asked: list[bool] = []

    def still() -> bool:
        asked.append(True)
        return False

    decided = escalation(notifier, since=now() - NEVER, still=still)
    decided.start()
    wait_until(lambda: asked, timeout=30, what="the question whether it still lasts")
    decided.end()
    assert levels(notifier) == []
    assert not any(channel.got for channel in channels.values())


def test_what_cannot_be_told_or_written_stops_nothing(
    notifier: Notifier, channels: dict[str, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    channels["incident_commander"].status = 500
    monkeypatch.delenv("DR_NOTIFY_DBA")
    made = escalation(notifier, since=now() - LATER)
    made.start()
    wait_until(lambda: made.told == LATER, timeout=30, what="both levels to be through")
    made.end()
    notifier.close(30)
    notes = [entry.evidence for entry in read(notifier.journal.path) if entry.name == "notify"]
    assert {role for note in notes for role in note["failed"]} == {"incident_commander"}
    assert {role for note in notes for role in note["without_channel"]} == {"database_admin"}

    notifier.journal.close()  # from here on every entry fails
    broken = escalation(notifier, since=now() - LATER)
    broken.start()
    wait_until(lambda: broken.told == LATER, timeout=30, what="both levels to be through")
    broken.end()


def rows() -> dict[str, Row]:
    def declare_disaster(_context: Context) -> Result:
        return Result("done", "declared")

    def hand_over_lease(_context: Context) -> Result:
        return Result("done", "handed over")

    def verify_service(_context: Context) -> Result:
        return Result("done", "back")

    made = [
        Row("phase", declare_disaster, "sentence", undo="none needed", does=Does.DECLARE),
        Row("phase", hand_over_lease, "sentence", undo="none needed", does=Does.STOP_WRITES),
        Row("phase", verify_service, "sentence", undo="none needed", does=Does.SEE_SERVICE),
    ]
    return {row.name: row for row in made}


def test_a_run_escalates_until_the_service_is_back(notifier: Notifier, channels: dict[str, Channel]) -> None:
    lasting = escalation(notifier)
    telling = Telling(notifier, dict(FACTS), None, lasting)
    telling(RowEvent(rows()["declare_disaster"], "done", now()))
    wait_until(lambda: lasting.told >= SOON, timeout=30, what="the first level to be told")
    telling(RowEvent(rows()["verify_service"], "done", now()))
    told = lasting.told
    telling.over("failover", RunOutcome("r1", "done", {}))
    notifier.close(30)
    assert lasting.told == told < NEVER
    assert channels["executive"].got == []
    assert len(channels["incident_commander"].got) == 1


def test_a_planned_switch_lasts_from_when_the_old_site_is_stopped(
    notifier: Notifier, channels: dict[str, Channel]
) -> None:
    lasting = escalation(notifier)
    telling = Telling(notifier, dict(FACTS), None, lasting, Does.STOP_WRITES)
    telling(RowEvent(rows()["declare_disaster"], "done", now()))
    assert lasting.since is None, "nothing is stopped yet"
    telling(RowEvent(rows()["hand_over_lease"], "begun", now()))
    assert lasting.since is not None
    wait_until(lambda: channels["incident_commander"].got, timeout=30, what="the first level to be told")
    lasting.end()
