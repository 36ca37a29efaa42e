"""The scenarios as data: which disaster, whose targets come from the plan, and how it is acted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from model.clouds import CLOUDS
from model.objectives import Disaster
from scripts.core.errors import BadInput, Refused
from scripts.runbooks.forecasts import slowest_to_climb

if TYPE_CHECKING:
    from model import Plan
    from scripts.drills.found import Found
    from scripts.drills.stage import Stage

DISASTERS = frozenset(get_args(Disaster))
JUDGED_BY = {
    "database_corruption": {"database_corruption", "database_failure"},
    "multi_region_outage": {"multi_region_outage", "regional_outage"},
}
"""Where an objective for another disaster counts as well."""


@dataclass(frozen=True)
class Scenario:
    """
    `act` goes from a steady state to a steady state; after one that is `final` a world is spent: what was lost or given
    up in it is not rebuilt. One that `moves` leaves promoted stores behind it. `why_not` says why a plan has nothing to
    rehearse by it; None when it has.
    """

    name: str
    title: str
    disaster: str
    act: Callable[[Stage], Found]
    why_not: Callable[[Plan], str | None]
    final: bool = False
    moves: bool = False


def always(_: Plan) -> str | None:
    return None


def without_store(plan: Plan) -> str | None:
    return None if plan.incarnated_stores else "keeps nothing that could be damaged or restored"


def without_standby(plan: Plan) -> str | None:
    ready = any(store.standby == "same_region" for store in plan.incarnated_stores)
    return None if ready else "has no store with a standby in its own region"


def without_warm(plan: Plan) -> str | None:
    return None if plan.warm else "has no warm site that could take over"


def without_ladder(plan: Plan) -> str | None:
    there = slowest_to_climb(plan, None)
    return None if there else "has a service of a kind that nothing starts anew"


def without_cold(plan: Plan) -> str | None:
    if plan.cold is None:
        return "has no cold site that could be built"
    site = plan.cold.name
    missing = [store.name for store in plan.incarnated_stores if site not in store.copied_to]
    return f"sends no backup of {', '.join(missing)} to {site}, which could not be built" if missing else None


def without_versions(plan: Plan) -> str | None:
    from scripts.drills.deployment import deployed_by_a_stack  # noqa: PLC0415 (loads what it needs)

    return None if deployed_by_a_stack(plan) else "has no service whose versions come from its stack"


def without_clean_site(plan: Plan) -> str | None:
    """Of a compromise: the plan leaves what was compromised for a cold site that has backups."""
    return without_cold_backup(plan) or (
        "has no need of a clean site: it answers a compromise where it is" if plan.stays_in("compromise") else None
    )


def without_breach_in_place(plan: Plan) -> str | None:
    return without_store(plan) or (
        None if plan.stays_in("compromise") else "has no answer to a compromise where it is: it leaves the site"
    )


def without_cold_backup(plan: Plan) -> str | None:
    return without_cold(plan) or without_store(plan)


def _why_not(plan: Plan, scenario: Scenario) -> str | None:
    return scenario.why_not(plan) or _without_promise(plan, scenario)


def _without_promise(plan: Plan, scenario: Scenario) -> str | None:
    """What a plan promises nothing for is not rehearsed: there is nothing that it could be judged by."""
    judged_by = JUDGED_BY.get(scenario.disaster, {scenario.disaster} & DISASTERS)
    if plan.warm is None and scenario.disaster == "multi_region_outage":  # its only other region is the cold one's
        judged_by = judged_by | {"regional_outage"}
    promised = {each.disaster for each in plan.objectives if not each.component}
    return f"promises nothing for {scenario.disaster}" if judged_by and not judged_by & promised else None


def scenarios() -> dict[str, Scenario]:
    """All of them by name."""
    # Each loads what it needs.
    from scripts.drills import (  # noqa: PLC0415
        application,
        backups,
        breach,
        compromised,
        database,
        deployment,
        looked,
        regional,
        regions,
    )

    known = (
        Scenario(
            "database-failure", "The database's node dies; its standby takes over", "database_failure", database.fail,
            without_standby,
        ),
        Scenario(
            "database-corruption", "The data is damaged; it is taken back to just before", "database_corruption",
            database.corrupt, without_store,
        ),
        Scenario(
            "application-failure", "A service fails in a site that is well; a rung of the ladder helps",
            "application_failure", application.fail, without_ladder,
        ),
        Scenario(
            "failed-deployment", "A version that never comes up is deployed; the one before runs again",
            "application_failure", deployment.fail, without_versions,
        ),
        Scenario(
            "regional-outage", "The primary region dies; the warm site takes over", "regional_outage", regional.lose,
            without_warm, moves=True,
        ),
        Scenario(
            "failback", "The region is back; the service returns to it", "planned", regional.fail_back, without_warm,
            moves=True,
        ),
        Scenario(
            "multi-region-outage", "Primary and warm region die; the cold site is built from its newest backup",
            "multi_region_outage", regions.lose, without_cold, final=True,
        ),
        Scenario(
            "backups", "The newest backups are restored beside what runs, and looked into", "", backups.verify,
            without_store,
        ),
        Scenario(
            "restore-test", "The newest moment is restored beside what runs, read, and dropped", "", looked.restore,
            without_store,
        ),
        Scenario(
            "review", "Objectives, contacts and runbooks are reviewed", "", looked.review, always,
        ),
        Scenario(
            "breach", "Somebody has a login of the active site and is inside; it is contained there", "compromise",
            breach.stay, without_breach_in_place,
        ),
        Scenario(
            "compromise", "Somebody is in the active site; the cold one is built from before, and takes over",
            "compromise", compromised.leave, without_clean_site, final=True,
        ),
    )  # fmt: skip
    return {each.name: each for each in known}


@dataclass(frozen=True)
class Test:
    """A part of the quarterly test: its name, the scenario that is it (the report has none), and its time."""

    name: str
    scenario: str
    minutes: int


QUARTERLY = (
    Test("Backup verification", "backups", 30),
    Test("Restore test", "restore-test", 60),
    Test("Failover test", "database-failure", 45),
    Test("Documentation review", "review", 30),
    Test("Report generation", "", 15),
)

# What `dr drill NAME` rehearses one after the other.
PROGRAMMES: dict[str, tuple[str, ...]] = {
    "quarterly": tuple(each.scenario for each in QUARTERLY if each.scenario),
    "samia": ("regional-outage", "failback", "multi-region-outage"),
    "all": (
        "review", "restore-test", "database-failure", "application-failure", "failed-deployment", "breach",
        "database-corruption", "backups", "regional-outage", "failback", "multi-region-outage", "compromise",
    ),
}  # fmt: skip


def chosen(name: str) -> list[Scenario]:
    """The scenarios of a name. Raises BadInput."""
    known = scenarios()
    parts = PROGRAMMES.get(name, (name,))
    for part in parts:
        if part not in known:
            raise BadInput(f"{part!r} is not a scenario", f"there is {', '.join([*PROGRAMMES, *known])}")
    return [known[part] for part in parts]


def fitting(plan: Plan, name: str) -> tuple[list[Scenario], dict[str, str]]:
    """
    The scenarios of a name that a plan has something to rehearse by, and why not of each other one. Raises BadInput for
    a name that is none, Refused where nothing is left.
    """
    parts = chosen(name)
    reasons = {part.name: reason for part in parts if (reason := _why_not(plan, part)) is not None}
    fit = [part for part in parts if part.name not in reasons]
    if not fit:
        said = "; ".join(dict.fromkeys(reasons.values()))
        possible = [each.name for each in scenarios().values() if _why_not(plan, each) is None]
        raise Refused(
            f"nothing of {name} can be rehearsed: {plan.system} {said}",
            f"there is {', '.join(possible)}"
            if possible
            else "the plan has one site, keeps nothing and starts nothing anew",
        )
    return fit, reasons


def worlds(plan: Plan, parts: Iterable[Scenario]) -> list[list[Scenario]]:
    """
    What can be rehearsed in one world each, in this order. Where a promoted store sends no backups any more, a cold
    site is built in a world in which nothing was promoted.
    """
    groups: list[list[Scenario]] = [[]]
    for part in parts:
        if part.final and any(before.moves for before in groups[-1]) and _sends_less_once_promoted(plan):
            groups.append([])
        groups[-1].append(part)
        if part.final:
            groups.append([])
    return [group for group in groups if group]


def _sends_less_once_promoted(plan: Plan) -> bool:
    clouds = {site.cloud for site in plan.sites}
    kinds = {plan.store(store.name).kind for store in plan.incarnated_stores}
    facts = [CLOUDS[cloud].stores.get(kind) for cloud in clouds for kind in kinds]
    return any(each is not None and not each.promoted_sends_backups for each in facts)
