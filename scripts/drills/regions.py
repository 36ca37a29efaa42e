"""Primary and warm region are lost together: the cold site is built from the newest backup that lies there."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from scripts.core import guard
from scripts.core.errors import DrError, ObjectiveMissed
from scripts.core.waiting import wait_until
from scripts.drills.detection import aimed, wait_until_unseen
from scripts.drills.scenarios import Found
from scripts.drills.shown import shown_failover
from scripts.drills.stage import as_evidence
from scripts.probes.writes import try_write
from scripts.verify_backups import newest_backups, verify_backup

if TYPE_CHECKING:
    from scripts.drills.stage import Stage


def lose(stage: Stage) -> Found:
    """Kill every region but the cold one under load; activate the cold site."""
    plan, old = stage.plan, stage.active
    cold = plan.cold
    if cold is None:
        raise ObjectiveMissed("the plan has no cold site", "rehearse another scenario")
    found = Found()
    with stage.writing() as workload:
        written = _write_sentinel_row(stage, old)
        _wait_for_backup(stage, cold.name, written)
        found.ok &= _damaged_backup_fails(stage, cold.name)
        watcher = aimed(plan)
        lost = [site.name for site in plan.sites if site.name != cold.name]
        found.fault_at = stage.lose(*lost)
        found.detected_at = wait_until_unseen(watcher)
        watcher.clouds.close()
        outcome = shown_failover(stage, cold.name, lost=lost, fault_at=found.fault_at, detected_at=found.detected_at)
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= _sentinel_row_is_there(stage, cold.name, written)
    return found


def _write_sentinel_row(stage: Stage, site: str) -> datetime:
    """A row written just before, whose return proves that the backup is fresh and can be read."""
    topology, name = stage.topology, stage.plan.databases[0].name
    clouds = stage.clouds()
    database = clouds.database(site, name, topology.built(site))
    attempt = try_write(database, site, topology.epoch, name="drill")
    written: datetime = database.rows(guard.READ_MARKER, {"name": "drill"})[0][2]
    stage.check("sentinel row", attempt.accepted, f"a sentinel row is written in {site}", written_at=written)
    clouds.close()
    return written


def _wait_for_backup(stage: Stage, site: str, written: datetime) -> None:
    """Until the newest restorable point in the cold site is younger than the sentinel row."""
    clouds = stage.clouds()
    region = clouds.region(site)
    wait_until(
        lambda: any(point.newest > written for point in clouds.aws.restore_points(region)),
        seconds=120, what=f"the sentinel row to reach a backup in {site}", every=0.25, error=ObjectiveMissed,
    )  # fmt: skip
    clouds.close()


def _damaged_backup_fails(stage: Stage, site: str) -> bool:
    """The negative control: a backup with flipped bytes must not pass for one that can be restored."""
    newest = max(newest_backups(stage.plan, stage.clouds(), site), key=lambda point: point.newest)
    for name in stage.stored_backups(newest.region, newest.source):
        stage.world.break_("backup", region=newest.region, name=name)
    try:
        return stage.must_fail(
            "a damaged backup fails", f"the newest backup in {site}, damaged, does not pass verification",
            lambda: verify_backup(stage.plan, stage.clouds(), newest), DrError,
        )  # fmt: skip
    finally:
        stage.world.heal("backup")


def _sentinel_row_is_there(stage: Stage, site: str, written: datetime) -> bool:
    topology, name = stage.topology, stage.plan.databases[0].name
    clouds = stage.clouds(*(each.name for each in stage.plan.sites if each.name != site))
    rows = clouds.database(site, name, topology.built(site)).rows(guard.READ_MARKER, {"name": "drill"})
    clouds.close()
    there = bool(rows) and rows[0][2] == written
    return stage.check("sentinel row", there, f"the sentinel row is there in {site}", written_at=written)
