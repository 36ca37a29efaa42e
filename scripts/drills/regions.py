"""Primary and warm region are lost together: the cold site is built from the newest backup that lies there."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from scripts.core.errors import ObjectiveMissed
from scripts.drills.backups import damaged_backup_fails, wait_for_backup, write_sentinel_row
from scripts.drills.detection import aimed, wait_until_unseen
from scripts.drills.found import Found
from scripts.drills.shown import shown_failover
from scripts.drills.stage import as_evidence
from scripts.fencing import guard

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
        written = write_sentinel_row(stage, old)
        wait_for_backup(stage, cold.name, written)
        found.ok &= damaged_backup_fails(stage, cold.name)
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


def _sentinel_row_is_there(stage: Stage, site: str, written: datetime) -> bool:
    topology, name = stage.topology, stage.plan.incarnated_stores[0].name
    clouds = stage.clouds(*(each.name for each in stage.plan.sites if each.name != site))
    rows = clouds.database(site, name, topology.incarnation(site, name)).rows(guard.READ_MARKER, {"name": "drill"})
    clouds.close()
    there = bool(rows) and rows[0][2] == written
    return stage.check("sentinel row", there, f"the sentinel row is there in {site}", written_at=written)
