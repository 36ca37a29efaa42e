"""
Take the writer lease from a site that lives and cannot be trusted, at once and for nobody.

Nobody may write until the clean site has been looked into: its own sentinel, too, leaves alone a lease that names
somebody else. The old databases are told where they answer, and seen to refuse; whatever they are told, no write goes
in once the last lease has run out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scripts.acts.leases import ISOLATED, NOBODY, take_from_living
from scripts.core.errors import DrError
from scripts.fencing.lease import wait_until_expired
from scripts.runs.findings import CleanPointsChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, lost


def fence_compromised_writer(context: Context) -> Result:
    """Evidence: for each database a refused write, or that the lease ran out. Raises NotFenced."""
    plan, topology, epoch = context.plan, context.topology, epoch_to_be(context)
    taken = take_from_living(context, ISOLATED)
    old = topology.active_site
    refused: dict[str, bool] = {}
    for each in plan.incarnated_stores:
        refused[each.name] = old not in lost(context) and _refuses(context, each.name)
    if not all(refused.values()):
        wait_until_expired(context.clouds.witness())  # nobody renews ours: when it has run out, so have all before it
    stopped_at = datetime.now(UTC)
    since = context.need(CleanPointsChosen).newest
    at_stake = max(stopped_at - since, timedelta(0)).total_seconds()
    context.journal.write(
        "measure", "at_stake", f"every write of {at_stake:.1f} s is given up", phase="fence",
        evidence={"seconds": at_stake, "since": since, "until": stopped_at},
    )  # fmt: skip
    how = "refuses writes" if all(refused.values()) else "holds no lease that could still run"
    said = f"{old} {how}; epoch {epoch} belongs to nobody yet"
    return Result("done", said, {"epoch": epoch, "refused": refused, "stopped_at": stopped_at, "etag": taken.etag})


def _refuses(context: Context, name: str) -> bool:
    """Told, and seen to refuse. One that does not answer, or not as it should, is waited for like any other."""
    topology = context.topology
    site = topology.active_site
    try:
        writer = context.clouds.engine(site, name, topology.incarnation(site, name))
        if not writer.guard.revoke(NOBODY, epoch_to_be(context)):
            return False
        return writer.try_write(site, topology.epoch, name="fence").closed
    except DrError:
        return False
