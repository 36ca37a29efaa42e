"""What the plan asks for and says about itself, in the few words that a forecast needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from previews import assumptions
from previews.copies import normal_region

if TYPE_CHECKING:
    from datetime import timedelta

    from model import Plan
    from model.objectives import Objective


@dataclass(frozen=True, slots=True)
class Goal:
    """
    One scenario. `loses` is process, database, zone, region, regions or cloud; `clean` says that live copies carry
    the damage as well. `recover_in` is the region to recover in, "" for wherever a copy is. Targets are None where
    nobody set any.
    """

    scenario: str
    loses: str
    clean: bool = False
    recover_in: str = ""
    rto: float | None = None
    rpo: float | None = None
    decide: float = 0.0
    component: str = ""


@dataclass(frozen=True, slots=True)
class Goals:
    """The plan as a forecast sees it; without a plan the scenarios alone."""

    system: str = ""
    scenarios: tuple[Goal, ...] = ()
    tiers: tuple[tuple[int, float], ...] = ()
    store_tiers: dict[str, int] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    stack_regions: dict[str, str] = field(default_factory=dict)
    cold_regions: frozenset[str] = frozenset()
    warm_regions: frozenset[str] = frozenset()
    detect: float | None = None
    ttl: float | None = None
    lags: dict[str, float] = field(default_factory=dict)
    log_intervals: dict[str, float] = field(default_factory=dict)
    drills_every: float | None = None


WITHOUT_PLAN = Goals(
    scenarios=(
        Goal("database_failure", "database"),
        Goal("regional_outage", "region"),
        Goal("compromise", "database", clean=True),
    )
)


def goals_of(plan: Plan) -> Goals:
    """The goals of a plan: its objectives, tiers, sites and figures; seconds throughout."""
    regions = {site.name: normal_region(site.region) for site in plan.sites}
    databases = {store.name: store for store in plan.incarnated_stores}
    lags = {name: _seconds(db.replication.max_lag) for name, db in databases.items() if db.replication.max_lag}
    lags |= {name: 0.0 for name, db in databases.items() if db.replication.mode == "synchronous"}
    detection = plan.detection.interval * plan.detection.confirmations
    stores = {store.name for store in plan.stores}
    return Goals(
        system=plan.system,
        scenarios=tuple(_goal(objective, regions) for objective in plan.objectives),
        tiers=tuple(sorted((tier.tier, _seconds(tier.max_downtime)) for tier in plan.tiers)),
        store_tiers={name: tier for name, tier in plan.effective_tiers.items() if name in stores},
        sites={site.stack: site.name for site in plan.sites},
        stack_regions={site.stack: regions[site.name] for site in plan.sites},
        cold_regions=frozenset(regions[site.name] for site in plan.sites if site.kind == "cold"),
        warm_regions=frozenset(regions[site.name] for site in plan.sites if site.kind == "warm"),
        detect=_seconds(detection),
        ttl=_seconds(plan.traffic.ttl),
        lags=lags,
        log_intervals={
            name: _seconds(bound[0]) for name, store in databases.items() if (bound := store.lost_in_restore(None))
        },
        drills_every=_seconds(plan.drills.every),
    )


def _goal(objective: Objective, regions: dict[str, str]) -> Goal:
    from model.objectives import HARMS  # noqa: PLC0415 - only with a plan

    harm = HARMS[objective.disaster]
    return Goal(
        scenario=objective.disaster,
        loses=harm.loses,
        clean=harm.clean_restore,
        recover_in=regions.get(objective.recover_at, ""),
        rto=_seconds(objective.rto),
        rpo=_seconds(objective.rpo),
        decide=assumptions.DECIDE[objective.automation],
        component=objective.component or "",
    )


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()
