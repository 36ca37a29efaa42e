"""
RTO and RPO that the copies of the data can give, by scenario and tier.

An estimate before anything runs: the plan's figures and `assumptions` where there are no measurements. What matters
in a pull request is the difference between both sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from previews import assumptions
from previews.copies import LOG, REPLICA, SNAPSHOT, STANDBY, Copy, Side, Store
from previews.meanings.clouds import CLOUDS
from previews.plan_goals import Goal, Goals

NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Outlook:
    """Seconds by tier (one entry for tier None without a plan); NEVER where the data cannot be recovered at all."""

    rto: tuple[tuple[int | None, float], ...]
    rpo: tuple[tuple[int | None, float], ...]
    blocker: str = ""

    @property
    def worst_rto(self) -> float:
        return max(value for _, value in self.rto)

    @property
    def worst_rpo(self) -> float:
        return max(value for _, value in self.rpo)


def outlook(goal: Goal, goals: Goals, stores: Sequence[Store], side: Side) -> Outlook:
    """What one scenario would cost, tier by tier in their order of recovery."""
    needed = [store for store in stores if store.required and _is_hit(goal, store)]
    ways = [(store, _way(goal, goals, store)) for store in needed]
    tiers: list[int | None] = [tier for tier, _ in goals.tiers] or [None]
    switch = 0.0 if goal.loses in {"process", "database", "zone"} else _time_to_live(side, goals)
    begin = _detection(side, goals) + goal.decide
    rto: list[tuple[int | None, float]] = []
    rpo: list[tuple[int | None, float]] = []
    for position, tier in enumerate(tiers, 1):
        mine = [way for store, way in ways if tier is None or _tier(store, goals) <= tier]
        data = max((seconds for seconds, _ in mine), default=0.0)
        start = assumptions.RESTART if goal.loses == "process" else assumptions.START_TIER * position
        rto.append((tier, begin + data + start + switch))
        rpo.append((tier, max((lost for _, lost in mine), default=0.0)))
    blocked = sorted(store.name for store, (seconds, _) in ways if seconds == NEVER)
    return Outlook(tuple(rto), tuple(rpo), ", ".join(blocked[:3]))


def _is_hit(goal: Goal, store: Store) -> bool:
    """Object stores and file systems span the zones of their region; only more than a zone takes them away."""
    if goal.component and goal.component not in store.name:
        return False
    return goal.loses not in {"database", "zone"} or store.noun in {"database", "table"}


def _tier(store: Store, goals: Goals) -> int:
    """The tier in which a store is recovered; one that the plan does not name is needed from the first tier on."""
    name = plan_name(store, goals)
    return goals.store_tiers[name] if name else min((tier for tier, _ in goals.tiers), default=0)


def plan_name(store: Store, goals: Goals) -> str:
    """The plan's name of a store: the longest one that is a part of the resource's name."""
    parts = store.name.lower().replace("_", "-").replace(".", "-")
    names = [name for name in goals.store_tiers if f"-{name}-" in f"-{parts}-"]
    return max(names, key=len, default="")


def _way(goal: Goal, goals: Goals, store: Store) -> tuple[float, float]:
    """Seconds until the data is there, and seconds of writes that it lacks, by the quickest copy that is left."""
    if goal.loses == "process":
        return (0.0, 0.0)
    left = [copy for copy in store.copies if _survives(goal, goals, store, copy)]
    if not left:
        return (NEVER, NEVER)
    name = plan_name(store, goals)
    costs = [(_restore_seconds(copy, store, goals), _lost_seconds(copy, name, goals)) for copy in left]
    return min(costs)


def _survives(goal: Goal, goals: Goals, store: Store, copy: Copy) -> bool:
    if goal.clean and not copy.clean:
        return False
    if goal.loses in {"database", "zone"}:
        return not goal.recover_in or copy.region in {store.region, goal.recover_in}
    if copy.region == store.region:
        return False
    if goal.loses in {"regions", "cloud"}:
        if goal.recover_in and goal.recover_in != store.region:
            return copy.region == goal.recover_in
        return copy.region not in goals.warm_regions
    return True


def _restore_seconds(copy: Copy, store: Store, goals: Goals) -> float:
    build = assumptions.COLD_START if copy.region in goals.cold_regions else 0.0
    if copy.kind == STANDBY:
        return assumptions.STANDBY
    if copy.kind == REPLICA:
        return assumptions.PROMOTE + build
    return assumptions.RESTORE + store.size_gb * assumptions.RESTORE_PER_GB + build


def _lost_seconds(copy: Copy, name: str, goals: Goals) -> float:
    if copy.kind == REPLICA:
        return goals.lags.get(name, copy.rpo)
    if copy.kind == LOG and copy.rpo <= assumptions.LOG_INTERVAL:
        return goals.log_intervals.get(name, copy.rpo)
    return copy.rpo if copy.kind in {LOG, SNAPSHOT} else 0.0


def _time_to_live(side: Side, goals: Goals) -> float:
    """The longest TTL of a record, else the plan's."""
    found = [value for cloud in CLOUDS for value in cloud.times_to_live(side)]
    if found:
        return max(found)
    return assumptions.DNS_TTL if goals.ttl is None else goals.ttl


def _detection(side: Side, goals: Goals) -> float:
    """The slowest health check, else the plan's detection."""
    found = [value for cloud in CLOUDS for value in cloud.detections(side)]
    if found:
        return max(found)
    return assumptions.DETECT if goals.detect is None else goals.detect
