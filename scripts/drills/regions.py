"""Every region that serves or follows is lost: the cold site is built from the newest backup that lies there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from scripts.drills.backups import damaged_backup_fails, wait_for_backup, write_sentinel_rows
from scripts.drills.detection import aimed, wait_until_unseen
from scripts.drills.found import Found
from scripts.drills.shown import shown_failover
from scripts.drills.snapshots import send_snapshots
from scripts.drills.stage import as_evidence
from scripts.drills.whole import wait_until_whole
from scripts.runbooks.decided import disaster_for

if TYPE_CHECKING:
    from scripts.drills.stage import Stage


def lose(stage: Stage) -> Found:
    """Kill every region that serves or follows under load; activate the cold site."""
    plan, old, cold = stage.plan, stage.active, stage.cold
    found = Found(disaster=disaster_for(plan, stage.topology, cold))
    with stage.writing() as workload:
        written = write_sentinel_rows(stage, old)
        send_snapshots(stage, old, cold)
        wait_for_backup(stage, cold, written)
        if written:
            found.ok &= damaged_backup_fails(stage, cold)
        wait_until_whole(stage)
        watcher = aimed(plan)
        lost = [site.name for site in plan.sites if site.kind != "cold"]  # a cold one beside it keeps the lease
        found.fault_at = stage.lose(*lost)
        found.detected_at = wait_until_unseen(watcher)
        watcher.close()
        outcome = shown_failover(stage, cold, lost=lost, fault_at=found.fault_at, detected_at=found.detected_at)
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= _sentinel_rows_are_there(stage, cold, written)
    return found


def _sentinel_rows_are_there(stage: Stage, site: str, written: Mapping[str, datetime]) -> bool:
    topology, good = stage.topology, True
    clouds = stage.clouds(*(each.name for each in stage.plan.sites if each.name != site))
    for store, at in written.items():
        found = clouds.engine(site, store, topology.incarnation(site, store)).marker("drill")
        there = found is not None and found.written_at == at
        sentence = f"the sentinel row is there in {stage.named(store, site)}"
        good &= stage.check("sentinel row", there, sentence, written_at=at)
    clouds.close()
    return good
