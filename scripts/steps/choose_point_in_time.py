"""The point in time to which the active site's databases are taken back, and what that gives up."""

from __future__ import annotations

from datetime import UTC, datetime

from scripts.clouds.protocol import PointKind, RestorePoint, at_moment
from scripts.core.errors import DrError, LossTooGreat, Refused
from scripts.core.moments import past_moment
from scripts.probes.points import known_points
from scripts.runs.findings import ChosenPoint, MomentChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import chosen_stores, objective, target


def _continuous_backup(context: Context, database: str) -> RestorePoint:
    """The backup with log of the present incarnation, in its own region. Raises Refused when there is none."""
    site = target(context)
    identifier = context.topology.identifier(context.plan, site, database)
    for point in context.clouds.at(site).restore_points(database):
        if point.kind is PointKind.CONTINUOUS and point.source == identifier:
            return point
    raise Refused(
        f"{identifier} has no continuous backup in its region", "`dr status` shows the newest restorable points"
    )


def why_not_to(point: RestorePoint, at: datetime) -> str | None:
    """The reason, or None."""
    earliest, newest = point.earliest or point.newest, point.newest
    if earliest <= at <= newest:
        return None
    window = " and ".join(each.astimezone(UTC).isoformat(timespec="milliseconds") for each in (earliest, newest))
    return f"{point.source} can be restored to between {window}, not to {at.isoformat()}"


def _answers(context: Context, database: str) -> None:
    """Writes to a database that does not answer cannot be stopped, and it might come back. Raises Refused."""
    site = target(context)
    try:
        context.clouds.engine(site, database, context.topology.incarnation(site, database)).position()
    except DrError as error:
        raise Refused(
            f"{site}'s {database} does not answer, so its writes cannot be stopped: {error}",
            "let its standby take over first (`dr watch`), or `dr failover` to another site",
        ) from error


def _named_backup(context: Context, database: str) -> RestorePoint | None:
    """The snapshot that was asked for by name, where it is of this store. Raises Refused for one that is not good."""
    name = str(context.options.more.get("to_backup") or "")
    points = known_points(context.plan, context.topology, context.clouds, [target(context)]) if name else []
    found = next((each for each in points if (each.store, each.point.name) == (database, name)), None)
    if found is not None and found.why_not is not None:
        raise Refused(f"{name} cannot be restored: {found.why_not}", "`dr restore --list` says which can be")
    return found.point if found is not None and found.point.kind is PointKind.SNAPSHOT else None


def choose_point_in_time(context: Context) -> Result:
    """
    The stores go back to `to_time`: from their log, or from the snapshot `to_backup`, which is of that moment.

    Raises BadInput for what is no moment, Refused for one that no backup reaches or when writes could not be stopped,
    LossTooGreat for more loss than is allowed.
    """
    at = past_moment(str(context.options.more.get("to_time") or ""), "--to-time")
    points = {}
    for each in chosen_stores(context):
        if snapshot := _named_backup(context, each.name):
            _answers(context, each.name)
            points[each.name] = ChosenPoint(
                name=snapshot.name, kind=snapshot.kind, newest=snapshot.newest, source=snapshot.declared
            )
            continue
        point = _continuous_backup(context, each.name)
        if reason := why_not_to(point, at):
            raise Refused(reason, "choose a moment in between; the newest moves on as the log is archived")
        _answers(context, each.name)
        points[each.name] = ChosenPoint(
            name=point.name, kind=point.kind, newest=point.newest, source=at_moment(point.reference, at)
        )
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
    # A snapshot is good itself, to the fraction of its second: the backups after it are not.
    exact = max([at, *(point.newest for point in points.values() if point.kind == PointKind.SNAPSHOT)])
    found = MomentChosen(points=points, to_time=exact, data_at_stake_seconds=loss.total_seconds())
    return Result("done", said, found)
