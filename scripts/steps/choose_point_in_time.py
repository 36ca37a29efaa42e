"""The point in time to which the active site's databases are taken back, and what that gives up."""

from __future__ import annotations

from datetime import UTC, datetime

from components.spec import names
from scripts.clouds.aws import RestorePoint
from scripts.core.errors import BadInput, LossTooGreat, Refused
from scripts.core.runbook import Context, Result
from scripts.steps.targets import objective, target


def moment(context: Context) -> datetime:
    """What the operator asked for, aware. Raises BadInput."""
    text = str(context.options.more.get("to_time") or "")
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            f"--to-time: {text!r} is not a time such as 2026-01-31T12:00:00+00:00", "with its zone"
        ) from error
    if at.tzinfo is None:
        raise BadInput(f"--to-time: {text!r} says no zone", "write +00:00 behind it for UTC")
    return at.astimezone(UTC)


def continuous_backup(context: Context, database: str) -> RestorePoint:
    """The backup with log of the present incarnation, in its own region. Raises Refused when there is none."""
    site = target(context)
    identifier = names.database_identifier(context.plan, site, database, context.topology.built(site))
    points: list[RestorePoint] = context.clouds.aws.restore_points(context.clouds.region(site))
    for point in points:
        if point.kind == "continuous" and point.source == identifier:
            return point
    raise Refused(
        f"{identifier} has no continuous backup in its region", "`dr status` shows the newest restorable points"
    )


def choose_point_in_time(context: Context) -> Result:
    """Raises Refused for a moment that no backup reaches, LossTooGreat for more loss than is allowed."""
    at = moment(context)
    points = {}
    for each in context.plan.databases:
        point = continuous_backup(context, each.name)
        if at > point.newest or (point.earliest is not None and at < point.earliest):
            raise Refused(
                f"{point.source} can be restored to between {point.earliest} and {point.newest}, not to {at}",
                "choose a moment in between; the newest moves on as the log is archived",
            )
        points[each.name] = {"source": point.source, "newest": point.newest}
    loss = datetime.now(UTC) - at
    allowed = context.options.accept_data_loss or objective(context).rpo
    if loss > allowed:
        raise LossTooGreat(
            f"{loss.total_seconds():.0f} s of writes are given up, and {allowed.total_seconds():.0f} s are allowed",
            f"accept it by name: --accept-data-loss {int(loss.total_seconds()) + 60}s",
        )
    said = (
        f"{target(context)} can be taken back to {at.isoformat()}: {loss.total_seconds():.0f} s of writes are given up"
    )
    return Result("done", said, {"to_time": at, "points": points, "data_at_stake_seconds": loss.total_seconds()})
