"""What a step found is the same object after it was stored as JSON and read by another process."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from scripts.runs.findings import (
    AtStake,
    ChosenPoint,
    CleanPointsChosen,
    CopyPosition,
    Finding,
    HandedOver,
    MomentChosen,
    PointsChosen,
    TargetChecked,
    WritesStopped,
)
from scripts.runs.runbook import Result, found_in

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
POINTS = {"core": ChosenPoint(name="daily-1", kind="snapshot", newest=NOON, source="daily-1")}
FOUND: list[Finding] = [
    TargetChecked(
        data_at_stake_seconds=1.5,
        next_epoch=2,
        copies={
            "core": CopyPosition(
                data_at_stake_seconds=1.5, replayed_at=NOON, lsn="0/3", received_lsn=None, oldest_xid=2**40
            )
        },
    ),
    CleanPointsChosen(points=POINTS, data_at_stake_seconds=60.0, clean_before=NOON, newest=NOON),
    MomentChosen(points=POINTS, data_at_stake_seconds=None, to_time=NOON),
    HandedOver(sqlstate="25006", last_lsn={"core": "0/3"}),
    WritesStopped(sqlstate="25006", epoch=2, stopped_at=NOON),
]


@pytest.mark.parametrize("found", FOUND, ids=lambda found: type(found).__name__)
def test_it_survives_storage(found: Finding) -> None:
    stored = json.loads(json.dumps(Result("done", "seen", found).to_json()))
    again = Result.from_json(stored)
    assert again.found(type(found)) == found
    assert again.to_json() == stored


def test_it_is_asked_for_by_its_class_and_by_what_it_is_made_of() -> None:
    results = {f"row {number}": Result("done", "seen", found).stored() for number, found in enumerate(FOUND)}
    assert found_in(results, HandedOver) == [FOUND[3]]
    assert found_in(results, PointsChosen) == FOUND[1:3]
    assert found_in(results, AtStake) == FOUND[:4]
    assert Result("done", "nothing", {"last_lsn": {}}).found(HandedOver) is None


def test_one_of_another_shape_is_not_taken_for_it() -> None:
    changed = Result("done", "seen", {"sqlstate": "25006", "last_lsn": {}, "more": 1}, "HandedOver")
    with pytest.raises(ValidationError):
        changed.found(HandedOver)
