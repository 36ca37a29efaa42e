"""Backups are restored for real, to a moment, and a damaged one is found out."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.fabric import Backup, FabricError
from tests.asserts.waiting import wait_until
from tests.sandbox.dataplane.conftest import EAST, NORTH, Lab

pytestmark = pytest.mark.drill


def automated(lab: Lab, name: str) -> Backup:
    """Its automated backup, once the first base is there."""

    def look() -> Backup | None:
        return next((backup for backup in lab.databases.backups(NORTH) if backup.source == name), None)

    found = wait_until(look, timeout=30, what="the first base backup")
    assert isinstance(found, Backup)
    return found


def clock(lab: Lab, name: str) -> datetime:
    now = lab.execute(NORTH, name, "SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    return now


def restore(lab: Lab, backup: str, *, region: str = NORTH, target_time: datetime | None = None) -> str:
    name = lab.name("restored")
    lab.databases.restore(region, name, backup=backup, target_time=target_time, standby=False, retention_days=0)
    return name


def test_a_database_is_restored_to_the_moment_before_a_mistake(lab: Lab) -> None:
    name = lab.primary(retention_days=7)
    backup = automated(lab, name)
    lab.write(NORTH, name, "good")
    before_the_mistake = clock(lab, name)
    lab.execute(NORTH, name, "DELETE FROM orders")
    lab.write(NORTH, name, "mistake")
    lab.databases.mark_log(lab.databases.find(name))
    restored = restore(lab, backup.name, target_time=before_the_mistake)
    assert lab.has(NORTH, restored, "good")
    assert not lab.has(NORTH, restored, "mistake")
    newest = restore(lab, backup.name)
    assert lab.has(NORTH, newest, "mistake")
    assert not lab.has(NORTH, newest, "good")


def test_a_restored_database_takes_writes_and_its_source_goes_on(lab: Lab) -> None:
    name = lab.primary(retention_days=7)
    restored = restore(lab, automated(lab, name).name)
    lab.write(NORTH, restored, "mine")
    assert not lab.has(NORTH, name, "mine")


def test_a_time_outside_the_backup_is_refused(lab: Lab) -> None:
    name = lab.primary(retention_days=7)
    backup = automated(lab, name)
    for wrong in (backup.earliest - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)):
        with pytest.raises(FabricError, match="can be restored from"):
            restore(lab, backup.name, target_time=wrong)


@pytest.mark.parametrize(("log", "said"), [(False, "damaged"), (True, "damaged|did not open")], ids=["base", "log"])
def test_a_damaged_backup_is_found_out(lab: Lab, break_: Callable[..., bool], log: bool, said: str) -> None:
    name = lab.primary(retention_days=7)
    backup = automated(lab, name)
    lab.write(NORTH, name, "kept")
    lab.databases.mark_log(lab.databases.find(name))
    break_("backup", region=NORTH, name=backup.name, log=log)
    with pytest.raises(FabricError, match=said):
        restore(lab, backup.name)
    lab.world.heal("backup", {})
    assert lab.has(NORTH, restore(lab, backup.name), "kept")


def test_a_snapshot_is_copied_to_another_region_and_restored_there(lab: Lab) -> None:
    name = lab.primary()
    lab.write(NORTH, name, "in the snapshot")
    lab.databases.snapshot(NORTH, name, "daily")
    lab.write(NORTH, name, "after it")
    copy = lab.databases.copy_snapshot(NORTH, "daily", EAST, "daily-copy")
    assert (copy.region, copy.kind, copy.source) == (EAST, "snapshot", name)
    restored = restore(lab, "daily-copy", region=EAST)
    assert lab.has(EAST, restored, "in the snapshot")
    assert not lab.has(EAST, restored, "after it")


def test_a_copy_over_a_cut_link_fails_and_leaves_nothing(lab: Lab, break_: Callable[..., bool]) -> None:
    name = lab.primary()
    lab.databases.snapshot(NORTH, name, "daily")
    break_("link", a=NORTH, b=EAST)
    with pytest.raises(FabricError):
        lab.databases.copy_snapshot(NORTH, "daily", EAST, "daily-copy")
    assert lab.databases.backups(EAST) == []


def test_log_arrives_in_the_other_region_while_the_link_is_there(lab: Lab, break_: Callable[..., bool]) -> None:
    name = lab.primary(retention_days=7)
    automated(lab, name)
    arriving = lab.databases.replicate_backups(NORTH, name, EAST)

    def newest() -> datetime:
        return max((one.latest for one in lab.databases.backups(EAST)), default=datetime.min.replace(tzinfo=UTC))

    lab.write(NORTH, name, "one")
    first = clock(lab, name)
    lab.databases.mark_log(lab.databases.find(name))
    wait_until(lambda: newest() > first, timeout=30, what="the log in the other region")
    break_("link", a=NORTH, b=EAST)
    lab.write(NORTH, name, "two")
    second = clock(lab, name)
    lab.databases.mark_log(lab.databases.find(name))
    cut_off = restore(lab, arriving, region=EAST)
    assert lab.has(EAST, cut_off, "one")
    assert not lab.has(EAST, cut_off, "two")
    lab.world.heal("link", {"a": NORTH, "b": EAST})
    wait_until(lambda: newest() > second, timeout=30, what="the log after the cut")
    assert lab.has(EAST, restore(lab, arriving, region=EAST), "two")


def test_a_log_that_never_arrived_whole_is_not_restorable_to_its_end(lab: Lab) -> None:
    name = lab.primary(retention_days=7)
    backup = automated(lab, name)
    lab.write(NORTH, name, "gone")
    lab.databases.mark_log(lab.databases.find(name))
    stored = lab.databases.stored(NORTH, backup.name)
    shutil.rmtree(stored.wal)
    stored.wal.mkdir()
    with pytest.raises(FabricError):
        restore(lab, backup.name, target_time=datetime.now(UTC))
