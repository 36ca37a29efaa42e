"""Everything that the stores of a plan can be restored from, and what is known of each: for a person who chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from model import names
from scripts.clouds.protocol import PointKind
from scripts.core.moments import now
from scripts.probes.backups import up_to
from scripts.probes.verifications import verifications

if TYPE_CHECKING:
    from model import Plan, Topology
    from scripts.clouds.access import Clouds
    from scripts.clouds.protocol import RestorePoint
    from scripts.probes.verifications import Verification


@dataclass(frozen=True)
class KnownPoint:
    """
    One point of a store. `good_until` is set where it holds damaged data from a moment on. `why_not` is the reason why
    the active site cannot be taken back to it in place; None where it can.
    """

    store: str
    point: RestorePoint
    verified: Verification | None
    tainted: bool
    good_until: datetime | None
    why_not: str | None

    @property
    def age_seconds(self) -> float:
        """Of the newest moment that it can be restored to."""
        return (now() - self.point.newest).total_seconds()


def known_points(plan: Plan, topology: Topology, clouds: Clouds, sites: Iterable[str]) -> list[KnownPoint]:
    """Those of every store at these sites, newest first by store. Raises CloudFailed."""
    found: list[KnownPoint] = []
    for site in sites:
        verified = verifications(clouds, site)
        for store in plan.incarnated_stores:
            ours = tuple(f"{plan.system}-{each.name}-{store.name}-" for each in plan.sites)
            found += [
                judged(plan, topology, store.name, point, verified.get(point.name))
                for point in clouds.at(site).restore_points(store.name)
                if point.source.startswith(ours)
            ]
    return sorted(found, key=lambda each: (each.store, -each.point.newest.timestamp()))


def known_exports(plan: Plan, topology: Topology, clouds: Clouds, sites: Iterable[str]) -> list[KnownPoint]:
    """Those of every cache at these sites, newest first by cache. Raises CloudFailed."""
    found: list[KnownPoint] = []
    for site in sites if plan.refilled_stores else ():
        verified = verifications(clouds, site)
        for store in plan.refilled_stores:
            for point in clouds.at(site).cache(store.name).exports():
                known = verified.get(point.name)
                lies = f"it lies in {site}, and {topology.active_site} is active"
                why_not = (lies if site != topology.active_site else None) or _why_not_good(
                    point, known, None, tainted=False
                )
                found.append(KnownPoint(store.name, point, known, False, None, why_not))
    return sorted(found, key=lambda each: (each.store, -each.point.newest.timestamp()))


def judged(
    plan: Plan, topology: Topology, store: str, point: RestorePoint, verified: Verification | None
) -> KnownPoint:
    """What is known of one point of a store."""
    good_until = topology.tainted.get(point.source)
    tainted = good_until is not None and up_to(point, good_until) is None
    why_not = _why_not(plan, topology, store, point) or _why_not_good(point, verified, good_until, tainted=tainted)
    return KnownPoint(store, point, verified, tainted, good_until, why_not)


def _why_not(plan: Plan, topology: Topology, store: str, point: RestorePoint) -> str | None:
    """Why the active site cannot use it, whatever it holds."""
    active = topology.active_site
    if names.is_forensic(point.name):
        return "it is evidence"
    if point.site != active:
        return f"it lies in {point.site}, and {active} is active"
    if point.kind is PointKind.CONTINUOUS and point.source != topology.identifier(plan, active, store):
        return f"it is the log of {point.source}, which was left"
    return None


def _why_not_good(
    point: RestorePoint, verified: Verification | None, good_until: datetime | None, *, tainted: bool
) -> str | None:
    if tainted:
        return f"it is of a history that was left because it was damaged: good until {good_until:%Y-%m-%d %H:%M:%S}"
    if verified is not None and not verified.good:
        return f"it was verified and is bad: {verified.said}"
    return None
