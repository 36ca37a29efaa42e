"""
What one part of a plan cannot know of another: unknown names, contradictions, cycles.

Each check yields every mistake it finds. Facts that are worth saying but break nothing are notes (`notes`).
"""

from collections.abc import Callable, Iterator

from model.clouds import CLOUDS
from model.hooks import RUN_IN
from model.mistakes import Mistake
from model.plan import Plan
from model.roles import keeps_roles, without_roles_region
from model.stores import ServerStore

from . import limits
from .data import incarnated, objects
from .means import not_built
from .own import acceptance, audit, hooks
from .places import detection, fencing, lengths, residency, sites, traffic, unique_names
from .promises import expired_waivers, governance, objectives
from .services import replicas, routes, tiers, uses

__all__ = ["contradictions", "expired_waivers", "not_built", "notes"]

Check = Callable[[Plan], Iterator[Mistake]]

CHECKS: tuple[Check, ...] = (
    unique_names,
    sites,
    residency,
    lengths,
    traffic,
    fencing,
    incarnated,
    objects,
    limits.stores,
    limits.services,
    limits.copies,
    uses,
    routes,
    replicas,
    tiers,
    objectives,
    detection,
    governance,
    acceptance,
    audit,
    hooks,
)


def contradictions(plan: Plan) -> list[Mistake]:
    """All of them, in the order of the file's parts."""
    return [mistake for check in CHECKS for mistake in check(plan)]


def notes(plan: Plan) -> list[str]:
    """What a reader should know although it is allowed."""
    entries = [("store", each.name, each.tier) for each in plan.stores_of(ServerStore)]
    entries += [("service", each.name, each.tier) for each in plan.services]
    known = [
        f"{each.disaster} is not reached until {each.gap.until}: {each.gap.reason} ({each.gap.owner})"
        for each in plan.objectives
        if each.gap
    ]
    known += [
        f"hook {name} is run by no runbook, but by hand alone: `dr hook {name}`"
        for name in plan.hooks
        if name not in RUN_IN
    ]
    kinds = {"", *(part.kind for part in (*plan.stores, *plan.services))}
    for cloud in dict.fromkeys(site.cloud for site in plan.sites):
        known += [f"{cloud}: {gone}" for gone in CLOUDS[cloud].gone if gone.kind in kinds]
    known += list(_kept_roles(plan))
    return known + [
        f"{kind} {name} is of tier {tier} but is used by tier {plan.effective_tier(name)}, "
        "so it is recovered with that one"
        for kind, name, tier in entries
        if plan.effective_tier(name) < tier
    ]


def _kept_roles(plan: Plan) -> Iterator[str]:
    """A cold site that costs more than its copies of backups, because of where its cloud makes roles."""
    for site in plan.sites:
        if keeps_roles(plan, site.name):
            yield (
                f"{site.name} keeps its roles, and an empty cluster where it will run pods, from the start: "
                f"{site.cloud} makes roles in {CLOUDS[site.cloud].roles_made_in} alone, which is lost with "
                f"{without_roles_region(plan, site.name)}"
            )
