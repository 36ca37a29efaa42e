"""Open the active site again: its lease, its databases, and a write that is accepted."""

from __future__ import annotations

from scripts.acts.leases import give_back
from scripts.fencing.lease import BETWEEN, Lease, wait_until_expired
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def give_writes_back(context: Context) -> Result:
    """Raises NotFenced while another site renews the lease, ConditionFailed when it does so at this very moment."""
    witness, site, epoch = context.clouds.witness(), target(context), context.topology.epoch
    seen = witness.read()
    if seen is not None and seen.lease.epoch == epoch + 1 and seen.lease.site not in {site, BETWEEN}:
        expired = wait_until_expired(witness)  # the operator has accepted what was written there
        if expired is not None:
            witness.replace(expired, Lease.new(context.plan.system, BETWEEN, epoch + 1, expired.lease.ttl_ms))
    return give_back(context)
