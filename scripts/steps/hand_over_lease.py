"""
The planned way to fence: the old writer is alive, so it is told, and then seen to refuse.

Order matters. The lease moves to the new site first (the old sentinel cannot renew from then on), then the row in the
old database is revoked, which waits for the writes it let through, then a real write is refused. What the old
database has written by then is everything there will ever be.
"""

from __future__ import annotations

from scripts.acts.leases import take_from_living
from scripts.core.errors import NotFenced
from scripts.engines.postgres import guard
from scripts.engines.postgres.position import position
from scripts.engines.postgres.writes import try_write
from scripts.runs.findings import HandedOver
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, target


def hand_over_lease(context: Context) -> Result:
    """Evidence: the refusal's SQLSTATE and the last log position of each database. Raises NotFenced."""
    plan, topology, clouds = context.plan, context.topology, context.clouds
    site, epoch, old = target(context), epoch_to_be(context), topology.active_site
    context.journal.mark("stopped", f"{old} is told to stop")
    take_from_living(context, site)
    last: dict[str, str] = {}
    for each in plan.incarnated_stores:
        database = clouds.database(old, each.name, topology.incarnation(old, each.name))
        if not guard.revoke(database, site, epoch):
            raise NotFenced(f"{old}'s {each.name} already belongs to a younger epoch", "look at `dr status`")
        attempt = try_write(database, old, topology.epoch, name="fence")
        if attempt.sqlstate != guard.READ_ONLY:
            raise NotFenced(f"{old}'s {each.name} should refuse writes: {attempt.said}", "look at `dr status`")
        last[each.name] = position(database).lsn
    said = f"{old} refuses writes (SQLSTATE {guard.READ_ONLY}); {site} holds epoch {epoch}"
    return Result("done", said, HandedOver(sqlstate=guard.READ_ONLY, last_lsn=last))
