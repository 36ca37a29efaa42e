"""May the active site be opened again: does it hold every row that was ever acknowledged?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from scripts.core.errors import DrError, LossTooGreat, Refused
from scripts.fencing.lease import BETWEEN, Seen
from scripts.runs.findings import AtStake
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

if TYPE_CHECKING:
    from scripts.engines.seen import HeldLease


def check_reopen(context: Context) -> Result:
    """
    It does as long as the writer lease went to nobody else. Where it did, another site may have taken writes until the
    lease ended there: those are lost, and have to be accepted by name. Raises Refused, LossTooGreat.
    """
    site, epoch = target(context), context.topology.epoch
    seen = context.clouds.witness().read()
    if seen is None:
        raise Refused("there never was a writer lease", "the site was never opened: `dr up` opens it")
    closed_at = _closed_at(context)
    if (seen.lease.site, seen.lease.epoch) in {(site, epoch), (BETWEEN, epoch + 1)}:
        return Result("done", f"no other site has been opened since {site}", AtStake(data_at_stake_seconds=0.0))
    known = {each.name for each in context.plan.sites}
    if seen.lease.epoch != epoch + 1 or seen.lease.site not in known - {site}:
        raise Refused(
            f"the witness knows epoch {seen.lease.epoch} of {seen.lease.site}, this checkout {epoch} of {site}",
            "pull the newest stack settings, then look at `dr status`",
        )
    at_stake = _at_stake(context, seen, closed_at)
    other, allowed = seen.lease.site, context.options.accept_data_loss
    said = (
        f"{other} was opened in epoch {epoch + 1}: up to {at_stake.total_seconds():.0f} s of its writes would be lost"
    )
    if allowed is None or at_stake > allowed:
        raise LossTooGreat(
            said,
            f"finish the move with `dr resume`; or, if {other} is lost, accept it by name: --accept-data-loss "
            f"{int(at_stake.total_seconds()) + 1}s",
        )
    return Result("done", said, AtStake(data_at_stake_seconds=at_stake.total_seconds()))


def _closed_at(context: Context) -> datetime | None:
    """When the first of the site's databases was closed. Raises Refused where one is in no state to be opened."""
    site, topology, found = target(context), context.topology, list[datetime]()
    for each in context.plan.incarnated_stores:
        row, since = _row(context, each.name)
        if row is None or (row.site, row.epoch) not in {(site, topology.epoch), (BETWEEN, topology.epoch + 1)}:
            holder = "nobody" if row is None else f"{row.site} in epoch {row.epoch}"
            raise Refused(f"{site}'s {each.name} was left to {holder}", "finish what did it: `dr resume`")
        if since is not None:
            found.append(since)
    return min(found, default=None)


def _at_stake(context: Context, seen: Seen, closed_at: datetime | None) -> timedelta:
    """From the closing here until the end of the lease there, by the witness; a clock that is behind counts as none."""
    ended = min(seen.changed_at.astimezone(UTC) + timedelta(seconds=seen.lease.ttl_seconds), datetime.now(UTC))
    return timedelta.max if closed_at is None else max(ended - closed_at, timedelta(0))


def _row(context: Context, store: str) -> tuple[HeldLease | None, datetime | None]:
    """Who the lease in a database belongs to, and since when it is closed. Raises Refused for one that is silent."""
    site, topology = target(context), context.topology
    try:
        guard = context.clouds.engine(site, store, topology.incarnation(site, store)).guard
        is_copy, row, since = guard.clock() is None, guard.held(), guard.closed_since()
    except DrError as error:
        where = "fail over to a site that answers: `dr status` shows them"
        raise Refused(f"{site}'s {store} does not answer: {error}", where) from error
    if is_copy:
        raise Refused(f"{site}'s {store} is a copy of another", "look at `dr status`")
    return row, since
