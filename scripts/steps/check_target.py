"""May the service move to the target at all, and what would be lost?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from model.roles import role_of
from scripts.core.errors import DrError, LossTooGreat, Refused
from scripts.fencing.lease import BETWEEN, last_write
from scripts.runs.findings import CopyPosition, TargetChecked
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, is_planned, objective, target

if TYPE_CHECKING:
    from scripts.engines.seen import Position


def why_not_fail_over_to(context: Context) -> str | None:
    """The reason, or None. Looks at the plan and the topology only."""
    role = role_of(context.plan, context.topology, target(context))
    if role == "fenced":
        return f"{target(context)} is fenced: what it holds is older than what it missed"
    if role == "cold":
        return f"{target(context)} is cold: it has no database to promote"
    return None


def check_target(context: Context) -> Result:
    """
    Raises Refused when the target cannot take over, LossTooGreat when more would be lost than the objective or the
    operator allows.
    """
    if reason := why_not_fail_over_to(context):
        raise Refused(reason, f"`dr reprotect --site {target(context)}` makes it follow the active site again")
    seen = context.clouds.witness().read()
    known = context.topology.epoch
    if seen is not None and seen.lease.epoch > known and seen.lease.site not in {target(context), BETWEEN}:
        raise Refused(
            f"the witness knows epoch {seen.lease.epoch} of {seen.lease.site}, this checkout knows {known}",
            "somebody moved the service since: pull the newest stack settings",
        )
    at_stake, copies = _data_at_stake(context, seen.lease.epoch if seen else 0, seen.changed_at if seen else None)
    allowed = context.options.accept_data_loss or objective(context).rpo
    if not is_planned(context) and at_stake > allowed:
        raise LossTooGreat(
            f"{at_stake.total_seconds():.0f} s of writes may be lost, and {allowed.total_seconds():.0f} s are allowed",
            f"accept it by name: --accept-data-loss {int(at_stake.total_seconds()) + 1}s",
        )
    said = f"{target(context)} can take over; at most {at_stake.total_seconds():.1f} s of writes are at stake"
    if len(copies) > 1:
        each = (f"{it.data_at_stake_seconds:.1f} s of {name}" for name, it in copies.items())
        said = f"{said} ({', '.join(each)})"
    found = TargetChecked(
        data_at_stake_seconds=at_stake.total_seconds(), next_epoch=epoch_to_be(context), copies=copies
    )
    return Result("done", said, found)


def _data_at_stake(context: Context, epoch: int, renewed: datetime | None) -> tuple[timedelta, dict[str, CopyPosition]]:
    """From the newest transaction that arrived to the last that the old writer can accept: at worst, and of each."""
    site, worst, copies = target(context), timedelta(0), dict[str, CopyPosition]()
    for database in context.plan.incarnated_stores:
        try:
            number = context.topology.incarnation(site, database.name)
            found = context.clouds.engine(site, database.name, number).position()
        except DrError as error:
            raise Refused(
                f"{site}'s copy of {database.name} does not answer: {error}", "look at `dr status`"
            ) from error
        if not found.in_recovery:
            raise Refused(
                f"{site}'s copy of {database.name} follows nobody: it was promoted before",
                f"`dr failover --to {context.topology.active_site}` opens the active site and writes that down, then "
                f"`dr reprotect --site {site}` rebuilds the copy",
            )
        lease_end = None
        if renewed is not None and epoch <= context.topology.epoch:
            lease_end = renewed.astimezone(UTC) + context.plan.fencing.lease.ttl
        own = _between(found, last_write(found.clock, lease_end, planned=is_planned(context)))
        worst = max(worst, own)
        copies[database.name] = CopyPosition(
            data_at_stake_seconds=own.total_seconds(),
            replayed_at=found.replayed_at,
            lsn=found.lsn,
            received_lsn=found.received_lsn,
            oldest_xid=found.oldest_xid,
        )
    return worst, copies


def _between(found: Position, last_write: datetime) -> timedelta:
    if found.replayed_at is None:
        return timedelta.max
    return max(last_write - found.replayed_at, timedelta(0))
