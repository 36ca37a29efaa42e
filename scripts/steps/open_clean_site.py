"""The lease that nobody had goes to the clean site, which may write from then on."""

from __future__ import annotations

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from scripts.acts.leases import ISOLATED, open_for_writes
from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import NotFenced
from scripts.fencing.lease import Lease
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, incarnations_now, target


def open_clean_site(context: Context) -> Result:
    """Evidence: a write that was accepted. Raises NotFenced when the lease is somebody else's."""
    _take(context)
    return open_for_writes(context, target(context), epoch_to_be(context), incarnations_now(context))


@retry(retry=retry_if_exception_type(ConditionFailed), stop=stop_after_attempt(3), reraise=True)
def _take(context: Context) -> None:
    site, epoch, witness = target(context), epoch_to_be(context), context.clouds.witness()
    seen = witness.read()
    holder = (seen.lease.site, seen.lease.epoch) if seen else ("nobody", 0)
    if holder == (site, epoch):
        return
    if seen is None or holder != (ISOLATED, epoch):
        raise NotFenced(f"the writer lease belongs to {holder[0]} (epoch {holder[1]})", "look at `dr status`")
    ttl_ms = int(context.plan.fencing.lease.ttl.total_seconds() * 1000)
    witness.replace(seen, Lease.new(context.plan.system, site, epoch, ttl_ms))
