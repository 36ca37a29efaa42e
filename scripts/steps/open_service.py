"""Open a service that was just deployed: the first lease, the guard in its databases, and a write that is accepted."""

from __future__ import annotations

from scripts.acts.leases import open_for_writes
from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import Refused
from scripts.fencing.lease import Lease
from scripts.runs.runbook import Context, Result


def why_not_open(context: Context) -> str | None:
    """The reason, or None: only the first lease is given here, every later one is taken over with evidence."""
    seen = context.clouds.witness().read()
    if seen is None:
        return None
    active, epoch = context.topology.active_site, context.topology.epoch
    if (seen.lease.site, seen.lease.epoch) != (active, epoch):
        return (
            f"the witness says {seen.lease.site}, epoch {seen.lease.epoch}; this checkout says {active}, epoch {epoch}"
        )
    return None


def open_service(context: Context) -> Result:
    """Idempotent. Raises Refused when the lease belongs to another site or epoch."""
    if reason := why_not_open(context):
        raise Refused(reason, "pull the newest stack settings and look at `dr status`")
    plan, topology = context.plan, context.topology
    site, held = topology.active_site, topology.incarnations(topology.active_site)
    witness = context.clouds.witness()
    if witness.read() is None:
        ttl_ms = int(plan.fencing.lease.ttl.total_seconds() * 1000)
        try:
            witness.create(Lease.new(plan.system, site, topology.epoch, ttl_ms))
        except ConditionFailed:  # somebody opened it meanwhile: judged by the next look
            return open_service(context)
    for each in plan.incarnated_stores:
        context.clouds.engine(site, each.name, held[each.name]).guard.install()
    return open_for_writes(context, site, topology.epoch, held)
