"""
Which restorable points may be used: what was taken of a history that was left because it was damaged is left out.

A restore remembers in the topology what it was restored from and up to when (`restored_from: X@MOMENT`). Everything of
X from after that moment holds the damage: snapshots are left out, and a log is followed up to the moment only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.spec import Plan, Topology
    from scripts.clouds.aws import RestorePoint


def left_behind(topology: Topology, database: str) -> dict[str, datetime]:
    """By what it was restored from (an instance's identifier, or the ARN of its backups), the moment it was left at."""
    left: dict[str, datetime] = {}
    for incarnation in topology.databases.values():
        source, _, moment = (incarnation.backup_of(database) or "").rpartition("@")
        if source:
            at = datetime.fromisoformat(moment).astimezone(UTC)
            left[source] = min(at, left.get(source, at))
    return left


def usable(plan: Plan, topology: Topology, database: str, points: Iterable[RestorePoint]) -> list[RestorePoint]:
    """The points of any site's copy of a database, newest first. A log that is to be followed part of the way has
    `until`."""
    ours = tuple(f"{plan.system}-{site.name}-{database}-" for site in plan.sites)
    left = left_behind(topology, database)
    cut = (_cut(point, left) for point in points if point.source.startswith(ours))
    return sorted((point for point in cut if point is not None), key=lambda point: point.newest, reverse=True)


def _cut(point: RestorePoint, left: Mapping[str, datetime]) -> RestorePoint | None:
    at = left.get(point.source) or left.get(point.arn)
    return point if at is None else up_to(point, at)


def up_to(point: RestorePoint, at: datetime) -> RestorePoint | None:
    """The point as far as it holds nothing younger than `at`; None where it does not reach back to it."""
    if point.newest <= at:
        return point
    if point.kind == "snapshot" or (point.earliest is not None and point.earliest > at):
        return None
    return replace(point, newest=at, until=at)
