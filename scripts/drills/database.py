"""The database's node is killed and its standby takes over; the data is damaged and taken back to before."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from components.spec import names
from scripts.core.errors import ObjectiveMissed
from scripts.core.output import progress
from scripts.core.runbook import Options
from scripts.core.waiting import wait_until
from scripts.drills.detection import aimed
from scripts.drills.scenarios import Found
from scripts.drills.stage import as_evidence
from scripts.restore import protect_again, restore
from scripts.runbooks.tables import table
from scripts.watch import watch

if TYPE_CHECKING:
    from scripts.drills.stage import Stage


def fail(stage: Stage, *, hang: bool = False) -> Found:
    """Kill the active database's node (or make it a black hole) under load, and let `dr watch` act."""
    plan, site = stage.plan, stage.active
    identifier = names.database_identifier(plan, site, plan.databases[0].name, stage.topology.built(site))
    found = Found()
    with stage.writing() as workload:
        watcher = aimed(plan)
        watcher.plan_path = stage.plan_path
        found.fault_at = datetime.now(UTC)
        stage.world.break_("database", identifier=identifier, hang=hang)
        asyncio.run(watch(watcher, until=time.monotonic() + 60, acts=1))
        found.runs += watcher.outcomes
        found.ok &= stage.check(
            "the watcher acted",
            [each.status for each in watcher.outcomes] == ["done"],
            f"{identifier} failed over by itself",
        )
        if found.ok:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= stage.check(
                "nothing is lost", loss.lost == 0, "the standby had every acknowledged write", lost=loss.lost
            )
        stage.world.heal("database")
        watcher.clouds.close()
    return found


def corrupt(stage: Stage) -> Found:
    """Half of the orders vanish by a wrong statement; the databases are taken back to just before."""
    plan = stage.plan
    found = Found()
    with stage.writing() as workload:
        good = datetime.now(UTC).replace(microsecond=0)
        stage.wait_for_writes(workload, good.timestamp() + 1)
        found.fault_at = found.detected_at = _damage(stage)
        _wait_until_restorable(stage, good)
        runbook = table("restore", plan, Options(to=stage.active))
        with progress(runbook) as observer:
            outcome = restore(
                plan, good.isoformat(), observer=observer, plan_path=stage.plan_path,
                fault_at=found.fault_at.isoformat(), detected_at=found.detected_at.isoformat(),
            )  # fmt: skip
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            kept = loss.first is None or loss.first > good.timestamp() - 1
            found.ok &= stage.check(
                "the damage is undone", kept, "every order from before the chosen moment is there again"
            )
            again = protect_again(plan, stage.plan_path, quiet=False)
            found.runs += again
            found.ok &= all(each.status == "done" for each in again)
    return found


def _damage(stage: Stage) -> datetime:
    with psycopg.connect(stage.dsn(), autocommit=True) as connection:
        gone = connection.execute("DELETE FROM orders WHERE seq % 2 = 0").rowcount
    stage.journal.note("fault", f"{gone} orders were deleted by a wrong statement", rows=gone)
    return datetime.now(UTC)


def _wait_until_restorable(stage: Stage, moment: datetime) -> None:
    clouds = stage.clouds()
    region = clouds.region(stage.active)
    wait_until(
        lambda: any(each.kind == "continuous" and each.newest > moment for each in clouds.aws.restore_points(region)),
        seconds=120, what=f"{moment} to be restorable", every=0.25, error=ObjectiveMissed,
    )  # fmt: skip
    clouds.close()
