"""
Let the new site write: until a moment counted from before the lease was last renewed, as its sentinel does from then
on.
"""

from __future__ import annotations

from scripts.acts.forks import remember_fork
from scripts.acts.leases import hold, open_for_writes
from scripts.runs.findings import TargetChecked
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, incarnations_now, target


def grant_lease(context: Context) -> Result:
    """Evidence: a write that was accepted. Raises NotFenced when the lease went to somebody else meanwhile."""
    site, epoch, held = target(context), epoch_to_be(context), incarnations_now(context)
    hold(context, site, epoch)
    result = open_for_writes(context, site, epoch, held)
    checked = context.found(TargetChecked)
    # Seen before the promotion: after it, writes of the new history may have begun already.
    for name, before in (checked.copies if checked else {}).items():
        new = context.clouds.engine(site, name, held[name])
        remember_fork(new, context.topology.active_site, site, epoch, before.oldest_xid)
    return result
