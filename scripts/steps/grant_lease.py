"""
Let the new site write: until a moment counted from before the lease was last renewed, as its sentinel does from then
on.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import DatabaseFailed, NotFenced
from scripts.core.net import Database
from scripts.core.waiting import wait_until
from scripts.fencing import guard
from scripts.fencing.lease import MARGIN, Lease
from scripts.probes.writes import try_write
from scripts.runs.runbook import Context, Result
from scripts.steps.measure_divergence import remember_fork
from scripts.steps.targets import built_now, epoch_to_be, target


def grant_lease(context: Context) -> Result:
    """Evidence: a write that was accepted. Raises NotFenced when the lease went to somebody else meanwhile."""
    site, epoch, built = target(context), epoch_to_be(context), built_now(context)
    result = open_for_writes(context, site, epoch, built)
    checked = context.results.get("check_target")
    for each in context.plan.incarnated_stores:
        # Seen before the promotion: after it, writes of the new history may have begun already.
        before = checked.evidence.get(each.name) if checked else None
        if before is not None:
            database = context.clouds.database(site, each.name, built)
            remember_fork(database, context.topology.active_site, site, epoch, before["oldest_xid"])
    return result


def open_for_writes(context: Context, site: str, epoch: int, built: int) -> Result:
    """Renew the lease of `site`, grant it in each database, and see a write accepted."""
    plan, clouds = context.plan, context.clouds
    databases = [clouds.database(site, each.name, built) for each in plan.incarnated_stores]
    if all(database.rows("SELECT dr.why_not_write() IS NULL")[0][0] for database in databases):
        status = "already"  # its sentinel was quicker
    else:
        status = "done"
        ttl = plan.fencing.lease.ttl
        clocks = [guard.clock(database) for database in databases]
        if None in clocks:
            raise DatabaseFailed(f"a database of {site} is still in recovery", "it must be promoted first")
        _renew(context, site, epoch, int(ttl.total_seconds() * 1000))
        for database, clock in zip(databases, clocks, strict=True):
            if clock is not None:
                guard.grant(database, site, epoch, clock + timedelta(seconds=ttl.total_seconds() * (1 - MARGIN)))
    for database in databases:
        accepted = partial(_accepts, database, site, epoch)
        wait_until(accepted, seconds=10, what=f"{database.login.host} to accept a write", every=0.02)
    said = f"{site} accepts writes in epoch {epoch}"
    return Result("already" if status == "already" else "done", said, {"site": site, "epoch": epoch})


def _accepts(database: Database, site: str, epoch: int) -> bool:
    return try_write(database, site, epoch, name="opened").accepted


def _renew(context: Context, site: str, epoch: int, ttl_ms: int) -> None:
    """As the site's sentinel does, which may do it at the same time: then its renewal is as good as ours."""
    witness = context.clouds.witness()
    for _ in range(5):
        seen = witness.read()
        if seen is None or (seen.lease.site, seen.lease.epoch) != (site, epoch):
            holder = "nobody" if seen is None else f"{seen.lease.site} (epoch {seen.lease.epoch})"
            raise NotFenced(
                f"the writer lease belongs to {holder}, not to {site} (epoch {epoch})", "look at `dr status`"
            )
        try:
            witness.replace(seen, Lease.new(context.plan.system, site, epoch, ttl_ms))
        except ConditionFailed:
            continue
        return
