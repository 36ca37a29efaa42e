"""What `dr restore` is asked to go back to: a moment, a backup by name, or the newest that is good; and the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scripts.clouds.access import Clouds
from scripts.clouds.protocol import PointKind
from scripts.core.errors import BadInput, Refused
from scripts.core.moments import past_moment
from scripts.people.output import out, seconds, table
from scripts.probes.points import KnownPoint, known_exports, known_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from model import Plan, Topology

SEE = "`dr restore --list` shows every point, and why it cannot be taken"


@dataclass(frozen=True)
class Aim:
    """`to_backup` names the snapshot that one store is restored from; the others follow their log to `to_time`."""

    to_time: datetime
    to_backup: str = ""


def look(plan: Plan, topology: Topology, *sites: str) -> list[KnownPoint]:
    """Every point of every store at these sites (all that the plan has). Raises CloudFailed."""
    return _looked(known_points, plan, topology, sites)


def look_at_exports(plan: Plan, topology: Topology, *sites: str) -> list[KnownPoint]:
    """The same for every cache."""
    return _looked(known_exports, plan, topology, sites)


def _looked(
    known: Callable[[Plan, Topology, Clouds, Iterable[str]], list[KnownPoint]],
    plan: Plan, topology: Topology, sites: Sequence[str],
) -> list[KnownPoint]:  # fmt: skip
    clouds = Clouds(plan)
    try:
        return known(plan, topology, clouds, sites or [site.name for site in plan.sites])
    finally:
        clouds.close()


def aim(
    plan: Plan,
    topology: Topology,
    *,
    to_time: str = "",
    to_backup: str = "",
    latest: bool = False,
    stores: tuple[str, ...] = (),
) -> Aim:
    """
    For these stores, by default all. Raises BadInput unless exactly one of the ways to say it is given; Refused where
    there is no such point, or a bad one.
    """
    if sum([bool(to_time), bool(to_backup), latest]) != 1:
        raise BadInput("say what to go back to: one of --to-time, --to-backup and --latest", SEE)
    if to_time:
        return Aim(past_moment(to_time, "--to-time"))
    points = [each for each in look(plan, topology, topology.active_site) if not stores or each.store in stores]
    return named(points, to_backup, topology.active_site) if to_backup else newest(points)


def named(points: list[KnownPoint], name: str, site: str) -> Aim:
    """Raises BadInput for a name that no backup has, Refused for one that may not be used."""
    found = next((each for each in points if each.point.name == name), None)
    if found is None:
        raise BadInput(f"--to-backup: {site} holds no backup {name}", SEE)
    if found.why_not is not None:
        raise Refused(f"{name} cannot be restored: {found.why_not}", SEE)
    return _aim_of(found)


def newest(points: list[KnownPoint]) -> Aim:
    """
    The newest moment to which every store can be taken back: the end of the log that ends first. Where the log of the
    only store is not good, its newest good snapshot. Raises Refused where there is none.
    """
    best: dict[str, KnownPoint] = {}
    for each in points:
        if each.why_not is None and (each.point.kind is PointKind.CONTINUOUS or each.store not in best):
            best[each.store] = each
    stores = {each.store for each in points}
    snapshots = [each for each in best.values() if each.point.kind is PointKind.SNAPSHOT]
    if not best or stores - best.keys() or len(snapshots) > 1:
        raise Refused("there is no good backup that every store could be taken back to", SEE)
    if snapshots:
        return _aim_of(snapshots[0])
    return Aim(min(each.point.newest for each in best.values()).astimezone(UTC).replace(microsecond=0))


def _aim_of(known: KnownPoint) -> Aim:
    """A log is followed to its end; a snapshot is of one moment, whose second is taken."""
    at = known.point.newest.astimezone(UTC).replace(microsecond=0)
    return Aim(at, known.point.name if known.point.kind is PointKind.SNAPSHOT else "")


def as_json(each: KnownPoint) -> dict[str, Any]:
    point = each.point
    return {
        "store": each.store, "site": point.site, "backup": point.name, "kind": point.kind, "of": point.source,
        "earliest": point.earliest, "newest": point.newest, "age_seconds": each.age_seconds, "size_gb": point.size_gb,
        "verified": each.verified.to_json() if each.verified else None, "tainted": each.tainted,
        "good_until": each.good_until, "why_not": each.why_not,
    }  # fmt: skip


def show(points: list[KnownPoint]) -> None:
    columns = ("store", "site", "backup", "kind", "newest", "age", "size", "verified", "in place")
    rows = [
        [
            each.store, each.point.site, each.point.name, each.point.kind, _moment(each.point.newest),
            seconds(each.age_seconds), "" if each.point.size_gb is None else f"{each.point.size_gb} GB",
            str(each.verified or "never"), each.why_not or "yes",
        ]
        for each in points
    ]  # fmt: skip
    out().print(table("What can be restored", columns, rows))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
