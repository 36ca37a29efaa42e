"""The newest backups are restored beside what runs, and looked into; a damaged one must not pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from scripts.core.errors import DatabaseFailed, DrError, ObjectiveMissed
from scripts.core.waiting import wait_until
from scripts.drills.found import Found
from scripts.drills.snapshots import COPIED_SECONDS, send_snapshots
from scripts.verify_backups import newest_backups, verify_backup

if TYPE_CHECKING:
    from model import Plan
    from scripts.drills.stage import Stage

FRESHEST = timedelta(minutes=30)


def verify(stage: Stage) -> Found:
    """Under load: every newest backup is restored and holds what was written just before."""
    site = where_backups_are(stage.plan, stage.active)
    found = Found()
    with stage.writing():
        written = write_sentinel_rows(stage, stage.active)
        send_snapshots(stage, stage.active, site)
        wait_for_backup(stage, site, written)
        clouds = stage.clouds()
        for point in newest_backups(stage.plan, clouds, site):
            seen = verify_backup(stage.plan, clouds, point, freshest=FRESHEST)
            sentence = f"the newest {point.kind} backup of {point.source} in {site}: {seen.said}"
            found.ok &= stage.check("a backup can be restored", seen.good, sentence, backup=point.name)
        clouds.close()
        found.ok &= damaged_backup_fails(stage, site)
    return found


def where_backups_are(plan: Plan, active: str) -> str:
    """The site that backups of every store are sent to, a cold one before others; else where they are made."""
    receive = [
        site.name for site in plan.sites if all(site.name in store.copied_to for store in plan.incarnated_stores)
    ]
    cold = plan.cold.name if plan.cold else ""
    return cold if cold in receive else next((name for name in receive if name != active), active)


def write_sentinel_rows(stage: Stage, site: str) -> dict[str, datetime]:
    """
    A row written just before into each store, whose return proves that the backup is fresh and can be read; when each
    was written.
    """
    topology, written = stage.topology, dict[str, datetime]()
    clouds = stage.clouds()
    for store in stage.stores:
        engine = clouds.engine(site, store, topology.incarnation(site, store))
        attempt = engine.try_write(site, topology.epoch, name="drill")
        found = engine.marker("drill")
        if found is None:
            raise DatabaseFailed(f"{stage.named(store, site)} takes no sentinel row: {attempt.said}")
        written[store] = found.written_at
        stage.check(
            "sentinel row", attempt.accepted, f"a sentinel row is written in {stage.named(store, site)}",
            written_at=written[store],
        )  # fmt: skip
    clouds.close()
    return written


def wait_for_backup(stage: Stage, site: str, written: Mapping[str, datetime]) -> None:
    """Until the newest restorable point of each store at a site is younger than the store's sentinel row."""
    clouds = stage.clouds()
    there = clouds.at(site)

    def arrived(store: str) -> bool:
        return any(point.newest > written[store] for point in there.restore_points(store))

    for store in written:
        wait_until(
            partial(arrived, store), seconds=COPIED_SECONDS, every=0.25, error=ObjectiveMissed,
            what=f"the sentinel row of {store} to reach a backup in {site}",
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
