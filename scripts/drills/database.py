"""The database's node is killed and its standby takes over; the data is damaged and taken back to before."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from scripts.clouds.protocol import PointKind
from scripts.core.errors import ObjectiveMissed, Refused
from scripts.core.waiting import wait_until
from scripts.drills.detection import aimed
from scripts.drills.found import Found
from scripts.drills.snapshots import COPIED_SECONDS
from scripts.drills.stage import as_evidence
from scripts.drills.whole import wait_until_whole
from scripts.engines.postgres.direct import rows_at
from scripts.people.output import progress
from scripts.restore import disaster_of, protect_again, restore
from scripts.runbooks.tables import table
from scripts.runs.findings import GivenUp
from scripts.runs.runbook import Options
from scripts.watch import watch

if TYPE_CHECKING:
    from sandbox.ledger import Loss
    from scripts.drills.stage import Stage
    from scripts.runs.runbook import RunOutcome

SPOILT = "spoilt by a migration"
DAMAGE = """
WITH old AS (SELECT id FROM orders WHERE created_at < %(until)s AND seq %% 2 = 0),
     gone AS (DELETE FROM orders WHERE id IN (SELECT id FROM old) RETURNING id),
     spoilt AS (UPDATE orders SET payload = %(spoilt)s WHERE id NOT IN (SELECT id FROM old) RETURNING id)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM spoilt)
"""
UNACKNOWLEDGED = 4  # to each store goes one order after the other: so many connections may break under an answer


def fail(stage: Stage, *, hang: bool = False) -> Found:
    """Kill the active database's node (or make it a black hole) under load, and let `dr watch` act."""
    plan, site = stage.plan, stage.active
    struck = next(store.name for store in plan.incarnated_stores if store.standby == "same_region")
    identifier = stage.identifier(site, struck)
    found = Found()
    with stage.writing() as workload:
        wait_until_whole(stage)
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
        watcher.close()
    return found


def corrupt(stage: Stage) -> Found:
    """A bad migration spoils every order and deletes half of them; the databases are taken back to just before."""
    plan = stage.plan
    found = Found(disaster=disaster_of(plan))
    with stage.writing() as workload:
        wait_until_whole(stage)
        good = datetime.now(UTC).replace(microsecond=0)
        stage.wait_for_writes(workload, good.timestamp() + 1)
        found.fault_at = found.detected_at = damage(stage, good)
        wait_until_restorable(stage, good)
        found.ok &= stage.must_fail(
            "no restore to before the oldest backup", "a moment that no backup reaches is refused",
            lambda: restore(
                plan, (good - timedelta(days=365)).isoformat(), plan_path=stage.plan_path, approved_by=stage.approvers
            ), Refused,
        )  # fmt: skip
        runbook = table("restore", plan, Options(to=stage.active))
        with progress(runbook) as observer:
            outcome = restore(
                plan, good.isoformat(), observer=observer, plan_path=stage.plan_path, approved_by=stage.approvers,
                fault_at=found.fault_at.isoformat(), detected_at=found.detected_at.isoformat(),
            )  # fmt: skip
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= undone(stage, good, loss)
            found.ok &= _agrees(stage, outcome, loss)
            again = protect_again(plan, stage.plan_path, quiet=False)
            found.runs += again
            found.ok &= all(each.status == "done" for each in again)
            found.ok &= stage.preview_all("after the restore")
    return found


def damage(stage: Stage, older_than: datetime) -> datetime:
    """
    Spoil every order of every store, and delete every second one from before a moment; the moment when that was done.
    """
    for store, dsn in stage.dsns().items():
        ((gone, spoilt),) = rows_at(dsn, DAMAGE, {"until": older_than - timedelta(seconds=1), "spoilt": SPOILT})
        said = f"a bad migration deleted {gone} orders of {store} and spoilt {spoilt}"
        stage.journal.note("fault", said, store=store, deleted=gone, spoilt=spoilt)
    return datetime.now(UTC)


def wait_until_restorable(stage: Stage, moment: datetime, site: str = "") -> None:
    """Until the log up to a moment has left the active site's stores, and has reached `site` where one is named."""
    clouds = stage.clouds()
    there = clouds.at(site or stage.active)

    def is_restorable(store: str) -> bool:
        source = stage.identifier(store=store)
        return any(
            each.kind is PointKind.CONTINUOUS and each.source == source and each.newest > moment
            for each in there.restore_points(store)
        )

    for store in stage.stores:
        wait_until(
            partial(is_restorable, store), seconds=COPIED_SECONDS, every=0.25, error=ObjectiveMissed,
            what=f"{moment} of {store} to be restorable",
        )  # fmt: skip
    clouds.close()


def undone(stage: Stage, moment: datetime, loss: Loss) -> bool:
    """Is everything from before a moment there as it was, in each store? Journalled as a check."""
    spoilt = 0
    for dsn in stage.dsns().values():
        spoilt += rows_at(dsn, "SELECT count(*) FROM orders WHERE payload = %(spoilt)s", {"spoilt": SPOILT})[0][0]
    undone = (loss.first is None or loss.first > moment.timestamp() - 1) and spoilt == 0
    return stage.check("the damage is undone", undone, "every order from before the chosen moment is there as it was")


def _agrees(stage: Stage, outcome: RunOutcome, loss: Loss) -> bool:
    """The run has counted what it gave up. What was committed and not acknowledged is in its count alone."""
    (reported,) = outcome.found(GivenUp)
    span = (reported.until - reported.since).total_seconds()
    said = f"{reported.rows} rows from {span:.2f} s are reported as given up, the ledger misses {loss.lost}"
    agrees = (
        loss.lost <= reported.rows <= loss.lost + UNACKNOWLEDGED * len(loss.stores) and loss.span_seconds <= span + 1.0
    )
    return stage.check("the ledger agrees", agrees, said, reported=reported.rows, lost=loss.lost)
