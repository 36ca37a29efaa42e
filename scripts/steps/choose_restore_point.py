"""The newest point that the cold site can be restored to, and how old it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scripts.acts.restore_points import chosen, restore_points
from scripts.clouds.protocol import RestorePoint
from scripts.core.errors import LossTooGreat, Refused
from scripts.runs.findings import NewestPointsChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import objective, target


def choose_restore_point(context: Context) -> Result:
    """
    Raises Refused when there is nothing to restore from, LossTooGreat when the newest point is older than the objective
    or the operator allows. Age is counted to the last moment the old writer could have accepted a write.
    """
    site = target(context)
    newest: dict[str, RestorePoint] = {}
    for each in context.plan.incarnated_stores:
        points = restore_points(context, each.name)
        if not points:
            raise Refused(
                f"{site} holds no backup of {each.name} that could be restored",
                "`dr status` shows the newest restorable points",
            )
        newest[each.name] = points[0]
    last_write = _last_write(context)
    age = max((last_write - point.newest for point in newest.values()), default=timedelta(0))
    allowed = context.options.accept_data_loss or objective(context).rpo
    if age > allowed:
        raise LossTooGreat(
            f"the newest backup in {site} is {age.total_seconds():.0f} s older than the last write, "
            f"and {allowed.total_seconds():.0f} s are allowed",
            f"accept it by name: --accept-data-loss {int(age.total_seconds()) + 1}s",
        )
    said = f"{site} can be restored to {max(age, timedelta(0)).total_seconds():.1f} s before the last write"
    found = NewestPointsChosen(points=chosen(newest), data_at_stake_seconds=age.total_seconds(), last_write=last_write)
    return Result("done", said, found)


def _last_write(context: Context) -> datetime:
    """The end of the writer's lease by the witness; now while it may still run, or where there is none."""
    seen = context.clouds.witness().read()
    now = datetime.now(UTC)
    if seen is None or seen.lease.site == target(context):
        return now
    ended: datetime = seen.changed_at.astimezone(UTC) + context.plan.fencing.lease.ttl
    return min(now, ended)
