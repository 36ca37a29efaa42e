"""What can be restored in place, what cannot and why; and which of it is the latest that is good."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from model import Topology, load_plan
from model.topology import after_restore
from scripts.clouds.protocol import PointKind, RestorePoint
from scripts.core.errors import BadInput, Refused
from scripts.probes.points import KnownPoint, judged
from scripts.probes.verifications import Verification, of_json, without_bad
from scripts.restoring import Aim, aim, named, newest

PLAN = load_plan("minimal")
TOPOLOGY = Topology.initial(PLAN)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCE = "minimal-primary-core-1"
LOG = RestorePoint("ab-1", "primary", PointKind.CONTINUOUS, SOURCE, NOON + HOUR, NOON - 9 * HOUR, "db-1")
DAILY = RestorePoint("daily-1", "primary", PointKind.SNAPSHOT, SOURCE, NOON - HOUR, None, "daily-1", size_gb=20)
OLDER = replace(DAILY, name="daily-0", reference="daily-0", newest=NOON - 2 * HOUR)


def seen(point: RestorePoint, *, good: bool) -> Verification:
    return Verification(point.name, good, "restored and readable" if good else "torn page", NOON, point.newest)


def known(point: RestorePoint, *, bad: bool = False, topology: Topology = TOPOLOGY) -> KnownPoint:
    return judged(PLAN, topology, "core", point, seen(point, good=False) if bad else None)


def test_what_lies_in_the_active_site_of_what_it_holds_can_be_restored() -> None:
    assert known(LOG).why_not is None
    assert known(DAILY).why_not is None


@pytest.mark.parametrize(
    ("point", "why"),
    [
        (replace(DAILY, site="tertiary"), "it lies in tertiary, and primary is active"),
        (replace(LOG, source="minimal-primary-core-0"), "it is the log of minimal-primary-core-0, which was left"),
        (replace(DAILY, name=f"{SOURCE}-forensic-2"), "it is evidence"),
    ],
)
def test_what_cannot_be_restored_says_why(point: RestorePoint, why: str) -> None:
    assert known(point).why_not == why


def test_a_damaged_history_is_named() -> None:
    topology = after_restore(TOPOLOGY, PLAN, {"core": f"{SOURCE}@x"}, NOON - 3 * HOUR / 2)
    found = known(DAILY, topology=topology)
    assert found.tainted
    assert str(found.why_not).startswith("it is of a history that was left because it was damaged: good until")
    assert known(OLDER, topology=topology).why_not is None


def test_the_latest_is_the_end_of_the_log() -> None:
    assert newest([known(LOG), known(DAILY), known(OLDER)]) == Aim(NOON + HOUR)


def test_a_backup_that_failed_its_verification_is_never_the_latest() -> None:
    assert newest([known(LOG, bad=True), known(DAILY), known(OLDER)]) == Aim(NOON - HOUR, "daily-1")
    assert newest([known(LOG, bad=True), known(DAILY, bad=True), known(OLDER)]) == Aim(NOON - 2 * HOUR, "daily-0")
    with pytest.raises(Refused, match="no good backup"):
        newest([known(LOG, bad=True), known(DAILY, bad=True)])
    with pytest.raises(Refused, match="no good backup"):
        newest([])


def test_every_store_goes_back_to_the_same_moment() -> None:
    other = judged(PLAN, TOPOLOGY, "core", replace(LOG, newest=NOON), None)
    assert newest([known(LOG), replace(other, store="bills")]) == Aim(NOON)


def test_a_bad_backup_is_not_left_in_what_a_recovery_chooses_from() -> None:
    verified = {"daily-1": seen(DAILY, good=False), "daily-0": seen(OLDER, good=True)}
    assert without_bad([LOG, DAILY, OLDER], verified) == [LOG, OLDER]


def test_a_backup_is_taken_by_its_name() -> None:
    assert named([known(LOG), known(DAILY)], "daily-1", "primary") == Aim(NOON - HOUR, "daily-1")
    assert named([known(LOG), known(DAILY)], "ab-1", "primary") == Aim(NOON + HOUR)
    with pytest.raises(BadInput, match="primary holds no backup weekly"):
        named([known(LOG)], "weekly", "primary")
    with pytest.raises(Refused, match="daily-1 cannot be restored: it was verified and is bad: torn page"):
        named([known(DAILY, bad=True)], "daily-1", "primary")


@pytest.mark.parametrize("given", [{}, {"latest": True, "to_backup": "x"}, {"to_time": "x", "latest": True}])
def test_one_aim_is_asked_for(given: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="one of --to-time, --to-backup and --latest"):
        aim(PLAN, TOPOLOGY, **given)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"daily-1": {}}', b'{"daily-1": 5}', b"\xff"])
def test_a_record_that_cannot_be_read_says_nothing(body: bytes) -> None:
    assert of_json(body) == {}
