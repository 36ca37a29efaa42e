"""Messages reach a real server, never hold anything up, and leave a trace when they do not arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from model import load_plan
from scripts.core.errors import Locked
from scripts.core.moments import now
from scripts.people import notify
from scripts.runs.journal import Journal, read
from scripts.runs.rows import RowEvent
from scripts.runs.runbook import Context, Does, Result, Row, RunOutcome
from tests.asserts.channels import Channel, opened

pytestmark = pytest.mark.thorough

FACTS = {
    "disaster": "regional_outage",
    "to": "secondary",
    "from_site": "primary",
    "run": "r1",
    "at_stake": "3 s of writes",
}


@pytest.fixture
def channel() -> Iterator[Channel]:
    with opened() as made:
        yield made


@pytest.fixture
def notifier(tmp_path: Path) -> notify.Notifier:
    return notify.Notifier(load_plan("samia"), Journal(tmp_path / "r.jsonl", "r"))


def noted(notifier: notify.Notifier) -> dict[str, Any]:
    return dict(next(entry for entry in read(notifier.journal.path) if entry.name == "notify").evidence)


def test_a_message_arrives_and_is_journalled(
    notifier: notify.Notifier, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DR_NOTIFY_SRE", channel.address)
    notifier.send("declared", FACTS)
    notifier.close(30)
    assert channel.got[0]["title"] == "samia: regional_outage declared"
    assert channel.got[0]["message"] == "secondary takes over for primary: 3 s of writes. Run r1."
    assert noted(notifier)["told"] == ["sre"]
    assert "s3cret" not in notifier.journal.path.read_text()


def test_a_rehearsal_is_marked_and_pages_nobody_who_was_not_asked_to_take_part(
    notifier: notify.Notifier, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DR_SANDBOX", "/somewhere")
    monkeypatch.setenv("DR_NOTIFY_SRE", channel.address)
    notifier.send("declared", FACTS)
    notifier.close(30)
    assert channel.got == []
    monkeypatch.setenv("DR_NOTIFY_SRE_REHEARSAL", channel.address)
    notifier.send("declared", FACTS)
    notifier.close(30)
    assert channel.titles() == ["[REHEARSAL] samia: regional_outage declared"]


def test_a_channel_that_refuses_is_noted(
    notifier: notify.Notifier, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel.status = 500
    monkeypatch.setenv("DR_NOTIFY_SRE", channel.address)
    monkeypatch.setenv("DR_NOTIFY_INCIDENT", "no-such-thing://s3cret")
    notifier.send("declared", FACTS, ["sre", "incident_commander", "executive"])
    notifier.close(30)
    found = noted(notifier)
    assert found["told"] == []
    assert set(found["failed"]) == {"sre", "incident_commander"}
    assert found["without_channel"] == ["executive"]
    assert "s3cret" not in notifier.journal.path.read_text()


def test_a_fact_that_is_missing_is_noted_and_ends_nothing(notifier: notify.Notifier) -> None:
    notifier.send("declared", {})
    notifier.close(30)
    assert "UndefinedError" in str(noted(notifier)["failed"])


def test_a_channel_that_hangs_holds_nothing_up(
    notifier: notify.Notifier, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel.hold.clear()
    monkeypatch.setenv("DR_NOTIFY_SRE", channel.address)
    notifier.send("declared", FACTS)
    notifier.close(0.1)
    assert channel.got == [], "whoever had waited for the channel would find the message there"


@pytest.mark.parametrize("event", sorted(notify.TEMPLATES))
def test_every_message_can_be_written(event: str) -> None:
    words = [
        "system",
        "owner",
        "disaster",
        "to",
        "from_site",
        "run",
        "at_stake",
        "seconds",
        "runbook",
        "summary",
        "hint",
        "lasted",
        "site",
    ]
    everything = dict.fromkeys(words, "x")
    title, body = notify.render(event, everything)
    assert "x" in title
    assert "x" in body


def test_escalation_follows_the_plan() -> None:
    plan = load_plan("samia")
    assert notify.first_told(plan) == ["sre"]
    assert notify.due(plan, timedelta(minutes=10), timedelta(0)) == ["incident_commander", "database_admin"]
    assert notify.due(plan, timedelta(minutes=59), timedelta(minutes=10)) == []
    assert notify.due(plan, timedelta(minutes=61), timedelta(minutes=10)) == ["executive"]


def test_a_run_tells_what_people_must_know(
    notifier: notify.Notifier, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DR_NOTIFY_SRE", channel.address)
    seen: list[str] = []
    facts = {"to": "secondary", "from_site": "primary", "disaster": "regional_outage", "run": "r1"}
    telling = notify.Telling(notifier, facts, lambda event: seen.append(event.row.name))

    def a_step(_context: Context) -> Result:
        return Result("done", "seen")

    for does in (Does.CHECK, Does.DECLARE, Does.SEE_SERVICE):
        row = Row("phase", a_step, "sentence", undo="none needed", does=does, subject=does)
        telling(RowEvent(row, "begun", now()))
        telling(RowEvent(row, "done", now(), "at most 3 s of writes are at stake"))
    telling.over("failover", RunOutcome("r1", "failed", {}, Locked("the disk is full", "free some room")))
    notifier.close(30)
    assert seen == ["a_step:check"] * 2 + ["a_step:declare"] * 2 + ["a_step:see_service"] * 2
    titles = {got["title"] for got in channel.got}
    assert titles == {
        "samia: regional_outage declared",
        "samia: served by secondary",
        "samia: failover FAILED",
    }
    assert any("at most 3 s of writes are at stake" in got["message"] for got in channel.got)
    assert any("the disk is full. Run r1. hint: free some room" in got["message"] for got in channel.got)
