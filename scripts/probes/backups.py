"""
Which restorable points may be used: what was taken of a history that was left because it was damaged is left out.

The topology remembers up to when the backups of such a database may be used (`tainted`): snapshots from after that
moment are left out, and a log is followed up to it only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from model import names
from scripts.clouds.protocol import PointKind

if TYPE_CHECKING:
    from datetime import datetime

    from model import Plan, Topology
    from scripts.clouds.protocol import RestorePoint


def usable(plan: Plan, topology: Topology, database: str, points: Iterable[RestorePoint]) -> list[RestorePoint]:
    """
    The points of any site's copy of a database, newest first; evidence is none. A log that is to be followed part of
    the way has `until`.
    """
    ours = tuple(f"{plan.system}-{site.name}-{database}-" for site in plan.sites)
    taken = [point for point in points if point.source.startswith(ours) and not names.is_forensic(point.name)]
    tainted = topology.tainted
    cut = (up_to(point, tainted[point.source]) if point.source in tainted else point for point in taken)
    return sorted((point for point in cut if point is not None), key=lambda point: point.newest, reverse=True)


def of_what_it_holds(
    plan: Plan, topology: Topology, site: str, database: str, points: Iterable[RestorePoint]
) -> list[RestorePoint]:
    """
    What a site shows of the usable points that lie in it, newest first: those of the incarnation that it holds. What is
    left of an older one only grows older. A cold site that holds none is built from what any site sent it.
    """
    found = usable(plan, topology, database, points)
    number = topology.incarnations(site).get(database)
    if number is not None:
        present = names.store_identifier(plan, site, database, number)
        return [point for point in found if point.source == present]
    return found if plan.site(site).kind == "cold" else []


def up_to(point: RestorePoint, at: datetime) -> RestorePoint | None:
    """The point as far as it holds nothing younger than `at`; None where it does not reach back to it."""
    if point.newest <= at:
        return point
    if point.kind is PointKind.SNAPSHOT or (point.earliest is not None and point.earliest > at):
        return None
    return replace(point, newest=at, until=at)
