"""
Stop writes to the incarnation that is about to be left, in place: same site, next epoch.

Order matters, because the site's own sentinel goes on. The row in the old database is left to nobody first, so that
nobody can open it again; only then does the lease move to the next epoch. It is nobody's until the restored databases
are opened, so that no sentinel opens them before somebody has looked. Where other stores of the site are written
meanwhile, it stays the site's, and the sentinel may renew it at once.
"""

from __future__ import annotations

from datetime import UTC, datetime

from scripts.acts.leases import NOBODY, take_from_living
from scripts.core.errors import NotFenced
from scripts.fencing.lease import BETWEEN
from scripts.runs.findings import WritesStopped
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import chosen_stores, epoch_to_be, target


def why_not_stop_writes(context: Context) -> str | None:
    """The reason, or None: the writer must be who the topology says, else somebody moved the service meanwhile."""
    site, epoch = target(context), epoch_to_be(context)
    seen = context.clouds.witness().read()
    if seen is None or (seen.lease.site, seen.lease.epoch) not in {(site, epoch - 1), (site, epoch), (BETWEEN, epoch)}:
        return f"the writer lease is not {site}'s in epoch {epoch - 1}"
    return None


def stop_writes(context: Context) -> Result:
    """Evidence: a refused write in each database, and when the last of them was refused. Raises NotFenced."""
    if reason := why_not_stop_writes(context):
        raise NotFenced(reason, "look at `dr status`")
    site, epoch, refusals = target(context), epoch_to_be(context), set[str]()
    for each in chosen_stores(context):
        writer = context.clouds.engine(site, each.name, context.topology.incarnation(site, each.name))
        if not writer.guard.revoke(NOBODY, epoch):
            raise NotFenced(
                f"{each.name} could not be closed: its lease belongs to somebody else", "look at `dr status`"
            )
        attempt = writer.try_write(site, epoch, name="fence")
        if not attempt.closed:
            raise NotFenced(f"{site}'s {each.name} should refuse writes: {attempt.said}", "look at `dr status`")
        refusals.add(attempt.sqlstate)
    stopped_at = datetime.now(UTC)
    others_are_written = len(chosen_stores(context)) < len(context.plan.incarnated_stores)
    take_from_living(context, site if others_are_written else BETWEEN)
    refused = ", ".join(sorted(refusals))
    evidence = WritesStopped(sqlstate=refused, epoch=epoch, stopped_at=stopped_at)
    return Result("done", f"{site} refuses writes (SQLSTATE {refused})", evidence)
