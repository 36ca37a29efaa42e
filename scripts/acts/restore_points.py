"""The points that the target can be restored from, and which of them to try next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from scripts.acts.discard import DISCARDED
from scripts.clouds.protocol import RestorePoint
from scripts.probes.backups import usable
from scripts.probes.verifications import known_verifications, without_bad
from scripts.runs.findings import ChosenPoint, NewestPointsChosen
from scripts.runs.journal import read
from scripts.runs.runbook import Context
from scripts.runs.targets import objective, target


def chosen(points: Mapping[str, RestorePoint]) -> dict[str, ChosenPoint]:
    """As later rows go by them."""
    return {
        name: ChosenPoint(name=point.name, kind=point.kind, newest=point.newest, source=point.declared)
        for name, point in points.items()
    }


def restore_points(context: Context, database: str) -> list[RestorePoint]:
    """
    What lies in the target's region of any site's copy of a database of this system and is good, newest first: nothing
    of a damaged history, and nothing that was restored and found bad.
    """
    points = context.clouds.at(target(context)).restore_points(database)
    known = known_verifications(context.clouds, target(context))
    return without_bad(usable(context.plan, context.topology, database, points), known)


def next_restore_point(context: Context, database: str) -> RestorePoint | None:
    """
    What to try now that a restore has failed: of the points that are young enough the newest of those tried least
    often, as the journal says. None where there is none.
    """
    last_write = context.need(NewestPointsChosen).last_write
    allowed = context.options.accept_data_loss or objective(context).rpo
    tried = Counter(
        str(entry.evidence.get("source")) for entry in read(context.journal.path, live=True) if entry.name == DISCARDED
    )
    near = [point for point in restore_points(context, database) if last_write - point.newest <= allowed]
    return min(near, key=lambda point: tried[point.declared], default=None)  # the first of equals is the newest


def at_stake_seconds(context: Context, instead: Mapping[str, RestorePoint]) -> float:
    """What a restore from other points than were chosen first may lose."""
    first = context.need(NewestPointsChosen)
    newest = [point.newest for point in instead.values()]
    newest += [point.newest for name, point in first.points.items() if name not in instead]
    return (first.last_write - min(newest)).total_seconds()
