"""
Make sure that the old site writes no more, without its help, and take its lease.

Evidence is one of: its writer lease has run out by the witness's clock, or by ours while it did not change; or the
operator typed an override, which the journal keeps. Then the lease is taken over by a write that succeeds only if
nobody renewed it. It belongs to nobody until the target is opened: should the target be lost before that, whoever
returns first holds every row there is.
"""

from __future__ import annotations

from scripts.acts.leases import take_over
from scripts.fencing.lease import BETWEEN, wait_until_expired
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, target


def fence_old_writer(context: Context) -> Result:
    """Raises NotFenced when the old writer may be alive and nobody overrode that."""
    witness = context.clouds.witness()
    site, epoch = target(context), epoch_to_be(context)
    override = str(context.options.more.get("override_fencing") or "")
    seen = witness.read()
    if seen is not None and seen.lease.site in {site, BETWEEN} and seen.lease.epoch >= epoch:
        said = f"the old writer holds no lease since epoch {seen.lease.epoch}"
        return Result("already", said, {"epoch": seen.lease.epoch})
    if override:
        said = f"the operator says that the old writer is stopped: {override}"
        context.journal.write("decision", "override_fencing", said, phase="fence", status="overridden")
        evidence = "override"
    else:
        seen = wait_until_expired(witness)
        evidence = "the lease ran out"
    taken = take_over(context, witness, seen, BETWEEN)
    old = f"{seen.lease.site}'s lease of epoch {seen.lease.epoch} ran out" if seen else "there was no writer lease"
    said = f"{old}; epoch {taken.lease.epoch} is kept for {site}"
    facts: dict[str, object] = {"evidence": evidence, "epoch": taken.lease.epoch, "override": override}
    if seen is not None:
        facts |= {"old_site": seen.lease.site, "old_epoch": seen.lease.epoch, "age_at_least_seconds": seen.age_seconds}
    return Result("done", said, facts)
