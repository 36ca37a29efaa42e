"""The newest point that the cold site can be restored to, and how old it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from scripts.clouds.protocol import RestorePoint
from scripts.core.errors import LossTooGreat, Refused
from scripts.probes.backups import usable
from scripts.runs.journal import read
from scripts.runs.runbook import Context, Result
from scripts.steps.discard_failed import DISCARDED
from scripts.steps.targets import objective, target


def restore_points(context: Context, database: str) -> list[RestorePoint]:
    """What lies in the target's region of any site's copy of a database of this system and is good, newest first."""
    points = context.clouds.at(target(context)).restore_points(database)
    return usable(context.plan, context.topology, database, points)


def choose_restore_point(context: Context) -> Result:
    """
    Raises Refused when there is nothing to restore from, LossTooGreat when the newest point is older than the objective
    or the operator allows. Age is counted to the last moment the old writer could have accepted a write.
    """
    site = target(context)
    chosen: dict[str, RestorePoint] = {}
    for each in context.plan.incarnated_stores:
        points = restore_points(context, each.name)
        if not points:
            raise Refused(
                f"{site} holds no backup of {each.name} that could be restored",
                "`dr status` shows the newest restorable points",
            )
        chosen[each.name] = points[0]
    last_write = _last_write(context)
    age = max((last_write - point.newest for point in chosen.values()), default=timedelta(0))
    allowed = context.options.accept_data_loss or objective(context).rpo
    if age > allowed:
        raise LossTooGreat(
            f"the newest backup in {site} is {age.total_seconds():.0f} s older than the last write, "
            f"and {allowed.total_seconds():.0f} s are allowed",
            f"accept it by name: --accept-data-loss {int(age.total_seconds()) + 1}s",
        )
    points_said = {
        name: {"name": point.name, "kind": point.kind, "newest": point.newest, "source": point.declared}
        for name, point in chosen.items()
    }
    said = f"{site} can be restored to {max(age, timedelta(0)).total_seconds():.1f} s before the last write"
    return Result(
        "done", said, {"points": points_said, "data_at_stake_seconds": age.total_seconds(), "last_write": last_write}
    )


def next_restore_point(context: Context, database: str) -> RestorePoint | None:
    """
    What to try now that a restore has failed: of the points that are young enough the newest of those tried least
    often, as the journal says. None where there is none.
    """
    last_write = _last_write_seen(context)
    allowed = context.options.accept_data_loss or objective(context).rpo
    tried = Counter(
        str(entry.evidence.get("source")) for entry in read(context.journal.path, live=True) if entry.name == DISCARDED
    )
    near = [point for point in restore_points(context, database) if last_write - point.newest <= allowed]
    return min(near, key=lambda point: tried[point.declared], default=None)  # the first of equals is the newest


def at_stake(context: Context, instead: Mapping[str, RestorePoint]) -> dict[str, float]:
    """Evidence of a restore from other points than were chosen first."""
    newest = [point.newest for point in instead.values()]
    for name, point in context.results["choose_restore_point"].evidence["points"].items():
        if name not in instead:
            newest.append(datetime.fromisoformat(str(point["newest"])))
    return {"data_at_stake_seconds": (_last_write_seen(context) - min(newest)).total_seconds()}


def _last_write_seen(context: Context) -> datetime:
    return datetime.fromisoformat(str(context.results["choose_restore_point"].evidence["last_write"]))


def _last_write(context: Context) -> datetime:
    """The end of the writer's lease by the witness; now while it may still run, or where there is none."""
    seen = context.clouds.witness().read()
    now = datetime.now(UTC)
    if seen is None or seen.lease.site == target(context):
        return now
    ended: datetime = seen.changed_at.astimezone(UTC) + context.plan.fencing.lease.ttl
    return min(now, ended)
