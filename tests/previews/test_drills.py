"""Drills: their record on file is what the next preview finds, and a broken file is refused by its place."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from previews.changes import Change, Direction
from previews.drill_records import file_records
from previews.drills import PastDrill, past_drills, read_drill, stale_row
from previews.meanings.table import Aspect
from scripts.core.errors import BadInput

REPORT = {
    "verdict": "missed",
    "scenarios": [
        {
            "name": "regional-outage",
            "ok": True,
            "measures": {
                "rto_seconds": 14.2,
                "rpo_seconds": 0.4,
                "objectives_met": True,
                "disaster": "regional_outage",
            },
        },
        {"name": "multi-region-outage", "ok": False, "measures": {"rto_seconds": 90, "objectives_met": True}},
        {"name": "failback", "ok": True, "measures": None},
    ],
}


def write(folder: Path, body: object) -> Path:
    file = folder / "drill.json"
    file.write_text(body if isinstance(body, str) else json.dumps(body))
    return file


def test_a_report_of_a_drill_is_read(tmp_path: Path) -> None:
    first, second, third = read_drill(write(tmp_path, REPORT))
    assert (first.scenario, first.rto_seconds, first.rpo_seconds, first.met) == ("regional_outage", 14.2, 0.4, True)
    assert (second.rto_seconds, second.rpo_seconds, second.met) == (90.0, None, False)
    assert (third.scenario, third.rto_seconds, third.met) == ("failback", None, None)


def test_records_are_filed_by_quarter_and_found_again(tmp_path: Path) -> None:
    written = file_records(write(tmp_path, REPORT), tmp_path / "dr-tests", date(2026, 11, 21), "https://ci.example/1")
    assert [path.name for path in written] == [
        "2026-Q4-regional-outage.md",
        "2026-Q4-multi-region-outage.md",
        "2026-Q4-failback.md",
    ]
    assert "<https://ci.example/1>" in written[0].read_text()
    assert "objectives: missed" in written[1].read_text()
    assert PastDrill("regional_outage", "2026-11-21") in past_drills(tmp_path / "dr-tests")
    assert past_drills(tmp_path / "nowhere") == []


def test_a_plain_measurement_is_filed_too(tmp_path: Path) -> None:
    plain = {"scenario": "regional_outage", "rto_seconds": 14.2, "rpo_seconds": 0.4, "met": True}
    (file,) = file_records(write(tmp_path, plain), tmp_path, date(2026, 2, 1))
    assert file.name == "2026-Q1-regional-outage.md"
    assert "| 14.2 s | 0.40 s | met |" in file.read_text()


def noted(scenario: str, *checks: tuple[str, bool]) -> list[dict[str, Any]]:
    """The notes of a scenario as a drill's journal has them: its checks, then the entry that ends it."""
    made = [
        {"phase": "check", "name": "look", "said": said, "status": "passed", "evidence": {"negative_control": negative}}
        for said, negative in checks
    ]
    return [*made, {"phase": "", "name": "scenario", "said": "passed", "evidence": {"scenario": scenario}}]


def whole(system: str = "samia") -> dict[str, Any]:
    """A report as `dr drill` writes it, as far as a record shows it."""
    objective = {"name": "RTO, regional outage", "target": 3600, "measured": 6.92, "met": True}
    unmeasured = {"name": "downtime, tier 3", "target": 3600, "measured": None, "met": None}
    lost = {"lost": 3, "acknowledged": 961}
    step = {"said": "a | b <script> is `served`", "seconds": 1.57}
    journal = {"hash": "d7e02f", "entries": 40, "complete": True}
    outage = {
        "name": "regional-outage",
        "title": "The primary region dies",
        "ok": True,
        "measures": {
            "rto_seconds": 6.92,
            "rpo_seconds": 0.1,
            "objectives_met": True,
            "objectives": [objective, unmeasured],
            "parts": {"detection": 1.03, "decision": None},
            "loss": lost,
            "outage_seconds": 5.24,
        },
        "runs": [{"run": "failover-1", "journal": journal, "steps": [step]}],
    }
    lossless = {"name": "RPO, planned switch", "target": 0.0, "measured": 0.0, "at_most": True, "met": True}
    switch = {
        "name": "failback",
        "title": "Back",
        "ok": True,
        "measures": {"loss": {"lost": 0, "acknowledged": 9}, "objectives": [lossless]},
    }
    notes = [{"name": "world", "phase": "", "said": "a world is up", "evidence": {"pace": 20.0}}]
    notes += noted("regional-outage", ("an invented write is found missing", True)) + noted(
        "failback", ("clean", False)
    )
    run = {"run": "drill-1", "system": system, "ended": "2026-03-31T23:30:00-02:00", "notes": notes, "journal": journal}
    return {"verdict": "met", "run": run, "scenarios": [outage, switch]}


def test_a_record_shows_targets_checks_steps_and_what_proves_them(tmp_path: Path) -> None:
    outage, switch = file_records(write(tmp_path, whole()), tmp_path, date(2030, 1, 1))
    assert outage.name == "2026-Q2-regional-outage.md", "the quarter in which it ended, in UTC"
    text = outage.read_text()
    assert "finished: 2026-04-01" in text
    assert "ran 20 times faster" in text
    assert "| RTO, regional outage | 1 h 00 m | 6.92 s | met |" in text
    assert "tier 3" not in text, "what was not measured is no result"
    assert "The RTO was made of detection 1.03 s. Lost: 3 of 961 acknowledged writes." in text
    assert "| an invented write is found missing (negative control) | passed |" in text
    assert "clean" not in text, "the check of another scenario"
    assert "| a \\| b \\<script\\> is \\`served\\` | 1.57 s |" in text
    assert "| `drill-1` | 40 | `d7e02f` |" in text
    assert "| `failover-1` | 40 | `d7e02f` |" in text
    assert "| RPO, planned switch | 0.00 s | 0.00 s | met |" in switch.read_text()


def test_the_drills_of_two_systems_stand_beside_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "dr-tests"
    first = file_records(write(tmp_path, whole("samia")), folder, date(2030, 1, 1))
    other = file_records(write(tmp_path, whole("celora")), folder, date(2030, 1, 1))
    assert not set(first) & set(other)
    assert file_records(write(tmp_path, whole("samia")), folder, date(2030, 1, 1)) == first, "drilled again"
    named = [PastDrill("failback", "2026-04-01"), PastDrill("regional_outage", "2026-04-01")]
    assert past_drills(folder, "samia") == past_drills(folder, "celora") == named
    assert past_drills(folder, "amicis") == []


@pytest.mark.parametrize(
    ("aspect", "stale"),
    [(Aspect.TRAFFIC, ["regional_outage"]), (Aspect.IMMUTABILITY, ["compromise"]), (Aspect.EXPOSURE, [])],
)
def test_a_change_makes_stale_what_proved_it(aspect: Aspect, stale: list[str]) -> None:
    past = [PastDrill("regional_outage", "2026-08-14"), PastDrill("compromise", "2026-05-02")]
    change = Change("prod", "urn", "type", "api", "DNS TTL", aspect, Direction.STRONGER)
    row = stale_row(past, [change], [])
    assert row is not None
    expected = f"stale: {', '.join(name.replace('_', ' ') for name in stale)}" if stale else row.before
    assert row.after == expected
    assert (row.direction is Direction.JUDGE) == bool(stale)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "is no complete JSON"),
        ([], "holds no drill"),
        ([1], "[0]: a number instead of a drill"),
        ({}, "scenario: nothing instead of text"),
        ({"scenario": "x", "rto_seconds": "soon"}, "rto_seconds: is no number of seconds"),
        ({"scenario": "x", "rpo_seconds": -1}, "rpo_seconds: is no number of seconds"),
        ({"scenario": "x", "met": "yes"}, "met: text instead of true or false"),
        ({"scenarios": {}}, "scenarios: an object instead of a list"),
        ({"scenarios": [{"name": "x", "measures": 3}]}, "scenarios[0].measures: a number instead of an object"),
    ],
)
def test_a_broken_drill_is_refused(body: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_drill(write(tmp_path, body))
    assert words in caught.value.message
