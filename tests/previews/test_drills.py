"""Drills: their record on file is what the next preview finds, and a broken file is refused by its place."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from scripts.core.errors import BadInput
from scripts.previews.changes import Change, Direction
from scripts.previews.drill_records import file_records
from scripts.previews.drills import PastDrill, past_drills, read_drill, stale_row
from scripts.previews.meanings.table import Aspect

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
    text = written[0].read_text()
    assert "| 14 s | 0 s | met |" in text
    assert "<https://ci.example/1>" in text
    assert PastDrill("regional_outage", "2026-11-21") in past_drills(tmp_path / "dr-tests")
    assert past_drills(tmp_path / "nowhere") == []


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
