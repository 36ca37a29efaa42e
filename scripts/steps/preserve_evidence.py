"""
Keep a compromised database as it is now: a snapshot where it lies, and a copy in the clean site's region.

Nothing here or elsewhere deletes either, and no restore into service ever takes one.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from model import names
from scripts.clouds.protocol import StoreFeature, need
from scripts.core.waiting import wait_until
from scripts.runs.findings import EvidenceKept
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, lost, target

EVERY_SECONDS = 0.5
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
    taken = wait_until(
        partial(_moment_of, context, old, snapshot), seconds=BOUND_SECONDS, every=EVERY_SECONDS, what=snapshot
    )
    copy = managed.send_snapshot(snapshot, home, tags)
    since = None if copy == snapshot else taken  # a backup of many moments has to have come as far as this one
    wait_until(
        partial(_reaches, context, home, copy, since),
        seconds=BOUND_SECONDS, every=EVERY_SECONDS, what=f"{snapshot} to be copied to {home}",
    )  # fmt: skip
    said = f"{identifier} is kept as {snapshot} in {old}, and as {copy} in {home}"
    return Result("done", said, EvidenceKept(snapshot=snapshot, sent_as=copy, sites=[old, home]))


def _moment_of(context: Context, site: str, backup: str) -> datetime | None:
    """The newest that a backup there holds; None while it is not there."""
    points = context.clouds.at(site).restore_points(context.subject)
    return max((point.newest for point in points if point.name == backup), default=None)


def _reaches(context: Context, site: str, backup: str, since: datetime | None) -> bool:
    newest = _moment_of(context, site, backup)
    return newest is not None and (since is None or newest >= since)
