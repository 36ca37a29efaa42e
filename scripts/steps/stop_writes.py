"""
Stop writes to the incarnation that is about to be left, in place: same site, next epoch.

The row in the old database is left to nobody, so that the site's own sentinel, which goes on, cannot open it again.
"""

from __future__ import annotations

from scripts.core import guard
from scripts.core.errors import NotFenced
from scripts.core.lease import Lease
from scripts.core.runbook import Context, Result
from scripts.probes.writes import try_write
from scripts.steps.targets import epoch_to_be, target

NOBODY = "(left behind)"


def stop_writes(context: Context) -> Result:
    """Evidence: a refused write in each database. Raises NotFenced."""
    plan, site, epoch = context.plan, target(context), epoch_to_be(context)
    witness = context.clouds.witness()
    seen = witness.read()
    if seen is None or seen.lease.site != site or seen.lease.epoch not in {epoch - 1, epoch}:
        raise NotFenced(f"the writer lease is not {site}'s in epoch {epoch - 1}", "look at `dr status`")
    if seen.lease.epoch != epoch:
        witness.replace(seen, Lease.new(plan.system, site, epoch, int(plan.fencing.lease.ttl.total_seconds() * 1000)))
    for each in plan.databases:
        database = context.clouds.database(site, each.name, context.topology.built(site))
        if not guard.revoke(database, NOBODY, epoch):
            raise NotFenced(
                f"{each.name} could not be closed: its lease belongs to somebody else", "look at `dr status`"
            )
        attempt = try_write(database, site, epoch, name="fence")
        if attempt.sqlstate != guard.READ_ONLY:
            raise NotFenced(f"{site}'s {each.name} should refuse writes: {attempt.said}", "look at `dr status`")
    return Result(
        "done", f"{site} refuses writes (SQLSTATE {guard.READ_ONLY})", {"sqlstate": guard.READ_ONLY, "epoch": epoch}
    )
