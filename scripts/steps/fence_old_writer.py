"""
Make sure that the old site writes no more, without its help, and take its lease.

Evidence is one of: its writer lease has run out by the witness's clock, or by ours while it did not change; or the
operator typed an override, which the journal keeps. Then the lease is taken over by a write that succeeds only if
nobody renewed it.
"""

from __future__ import annotations

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import NotFenced, Refused
from scripts.fencing.lease import Lease, Seen, WitnessLease, wait_until_expired
from scripts.runs.runbook import Context, Result
from scripts.steps.targets import epoch_to_be, target


def fence_old_writer(context: Context) -> Result:
    """Raises NotFenced when the old writer may be alive and nobody overrode that."""
    witness = context.clouds.witness()
    site, epoch = target(context), epoch_to_be(context)
    override = str(context.options.more.get("override_fencing") or "")
    seen = witness.read()
    if seen is not None and seen.lease.site == site and seen.lease.epoch >= epoch:
        return Result(
            "already", f"{site} holds the writer lease, epoch {seen.lease.epoch}", {"epoch": seen.lease.epoch}
        )
    if override:
        said = f"the operator says that the old writer is stopped: {override}"
        context.journal.write("decision", "override_fencing", said, phase="fence", status="overridden")
        evidence = "override"
    else:
        seen = wait_until_expired(witness)
        evidence = "the lease ran out"
    taken = take_over(context, witness, seen, site)
    old = f"{seen.lease.site}'s lease of epoch {seen.lease.epoch} ran out" if seen else "there was no writer lease"
    said = f"{old}; {site} holds epoch {taken.lease.epoch} now"
    facts: dict[str, object] = {"evidence": evidence, "epoch": taken.lease.epoch, "override": override}
    if seen is not None:
        facts |= {"old_site": seen.lease.site, "old_epoch": seen.lease.epoch, "age_at_least_seconds": seen.age_seconds}
    return Result("done", said, facts)


def take_over(context: Context, witness: WitnessLease, seen: Seen | None, holder: str) -> Seen:
    """
    The conditional write after which no older sentinel can renew. Raises ConditionFailed when somebody was quicker.
    """
    if seen is None:
        raise Refused("there is no writer lease to take over", "the active site was never opened: `dr up` opens it")
    if seen.lease.epoch >= epoch_to_be(context):
        holder = f"{seen.lease.site} holds epoch {seen.lease.epoch} already"
        raise NotFenced(holder, "pull the newest stack settings and look at `dr status`")
    ttl_ms = int(context.plan.fencing.lease.ttl.total_seconds() * 1000)
    return witness.replace(seen, Lease.new(context.plan.system, holder, epoch_to_be(context), ttl_ms))


@retry(retry=retry_if_exception_type(ConditionFailed), stop=stop_after_attempt(10), reraise=True)
def take_from_living(context: Context, holder: str) -> Seen:
    """
    The lease of the next epoch for `holder`, from one that lives and goes on renewing it: a renewal between the look
    and the write only means another look. Repeatable. Raises NotFenced, Refused, ConditionFailed.
    """
    witness: WitnessLease = context.clouds.witness()
    seen = witness.read()
    if seen is not None and (seen.lease.site, seen.lease.epoch) == (holder, epoch_to_be(context)):
        return seen
    return take_over(context, witness, seen, holder)
