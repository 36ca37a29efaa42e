"""
Keep a compromised database as it is now: a snapshot where it lies, and a copy in the clean site's region.

Nothing here or elsewhere deletes either, and no restore into service ever takes one.
"""

from __future__ import annotations

from functools import partial

from model import names
from scripts.clouds.protocol import StoreFeature, need
from scripts.core.waiting import wait_until
from scripts.runs.findings import EvidenceKept
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, lost, target

BOUND_SECONDS = 7200  # a full copy of the volume, into another region


def preserve_evidence(context: Context) -> Result:
    """`context.subject` names the database. Raises CloudFailed, OutcomeUnknown."""
    plan, clouds, name = context.plan, context.clouds, context.subject
    old = context.topology.active_site
    if old in lost(context):
        return Result("skipped", f"{old} counts as lost and is not asked", {})
    managed, home = clouds.store(old, name, context.topology.incarnation(old, name)), target(context)
    identifier = managed.identifier
    if managed.state() is None:
        return Result("skipped", f"{identifier} is not there any more: there is nothing to preserve", {})
    snapshot = names.forensic_snapshot(identifier, epoch_to_be(context))
    tags = {"dr-forensic": plan.system, "dr-run": context.run}
    need(identifier, "be kept as a snapshot", able=StoreFeature.SNAPSHOT in managed.features)
    managed.snapshot(snapshot, tags)
    wait_until(partial(_there, context, old, snapshot), seconds=BOUND_SECONDS, every=0.5, what=snapshot)
    managed.send_snapshot(snapshot, home, tags)
    wait_until(
        partial(_there, context, home, snapshot),
        seconds=BOUND_SECONDS, every=0.5, what=f"{snapshot} to be copied to {home}",
    )  # fmt: skip
    said = f"{identifier} is kept as {snapshot}, in {old} and in {home}"
    return Result("done", said, EvidenceKept(snapshot=snapshot, sites=[old, home]))


def _there(context: Context, site: str, snapshot: str) -> bool:
    return any(point.name == snapshot for point in context.clouds.at(site).restore_points(context.subject))
