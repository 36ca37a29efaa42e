"""The newest backups of the cold site are restored beside what runs, and looked into; a damaged one must not pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scripts.core.errors import DrError, ObjectiveMissed
from scripts.core.waiting import wait_until
from scripts.drills.found import Found
from scripts.engines.postgres.writes import try_write
from scripts.fencing import guard
from scripts.verify_backups import newest_backups, verify_backup

if TYPE_CHECKING:
    from scripts.drills.stage import Stage

FRESHEST = timedelta(minutes=30)


def verify(stage: Stage) -> Found:
    """Under load: every newest backup is restored and holds what was written just before."""
    cold = stage.plan.cold
    if cold is None:
        raise ObjectiveMissed("the plan has no cold site", "rehearse another scenario")
    found = Found()
    with stage.writing():
        wait_for_backup(stage, cold.name, write_sentinel_row(stage, stage.active))
        clouds = stage.clouds()
        for point in newest_backups(stage.plan, clouds, cold.name):
            seen = verify_backup(stage.plan, clouds, point, freshest=FRESHEST)
            sentence = f"the newest {point.kind} backup of {point.source} in {cold.name}: {seen.said}"
            found.ok &= stage.check("a backup can be restored", seen.good, sentence, backup=point.name)
        clouds.close()
        found.ok &= damaged_backup_fails(stage, cold.name)
    return found


def write_sentinel_row(stage: Stage, site: str) -> datetime:
    """A row written just before, whose return proves that the backup is fresh and can be read."""
    topology, name = stage.topology, stage.plan.incarnated_stores[0].name
    clouds = stage.clouds()
    database = clouds.database(site, name, topology.incarnation(site, name))
    attempt = try_write(database, site, topology.epoch, name="drill")
    written: datetime = database.rows(guard.READ_MARKER, {"name": "drill"})[0][2]
    stage.check("sentinel row", attempt.accepted, f"a sentinel row is written in {site}", written_at=written)
    clouds.close()
    return written


def wait_for_backup(stage: Stage, site: str, written: datetime) -> None:
    """Until the newest restorable point in the cold site is younger than the sentinel row."""
    clouds = stage.clouds()
    there, store = clouds.at(site), stage.plan.incarnated_stores[0].name
    wait_until(
        lambda: any(point.newest > written for point in there.restore_points(store)),
        seconds=120, what=f"the sentinel row to reach a backup in {site}", every=0.25, error=ObjectiveMissed,
    )  # fmt: skip
    clouds.close()


def damaged_backup_fails(stage: Stage, site: str) -> bool:
    """The negative control: a backup with flipped bytes must not pass for one that can be restored."""
    newest = max(newest_backups(stage.plan, stage.clouds(), site), key=lambda point: point.newest)
    region = stage.plan.site(newest.site).region
    for name in stage.stored_backups(region, newest.source):
        stage.world.break_("backup", region=region, name=name)
    try:
        return stage.must_fail(
            "a damaged backup fails", f"the newest backup in {site}, damaged, does not pass verification",
            lambda: verify_backup(stage.plan, stage.clouds(), newest), DrError,
        )  # fmt: skip
    finally:
        stage.world.heal("backup")
