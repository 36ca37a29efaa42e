"""What the operator asked for, as the steps read it from their context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.core.errors import BadInput
from scripts.runs.findings import Built
from scripts.runs.runbook import Context

if TYPE_CHECKING:
    from model import Plan
    from model.objectives import Objective
    from model.stores import IncarnatedStore
    from scripts.clouds.protocol import ManagedService, ManagedStore
    from scripts.runs.runbook import Options


def target(context: Context) -> str:
    """The site the run works on: where the service goes, or what is rebuilt."""
    return context.options.to


def epoch_to_be(context: Context) -> int:
    """The epoch when the run is done: one more where the active site changes."""
    moves = target(context) != context.topology.active_site or bool(context.options.more.get("new_epoch"))
    return context.topology.epoch + moves


def chosen_stores(context: Context) -> tuple[IncarnatedStore, ...]:
    """The stores that the run is about: those that the operator named, else all that have incarnations."""
    named = context.options.more.get("stores")
    return tuple(each for each in context.plan.incarnated_stores if not named or each.name in named)


def is_planned(context: Context) -> bool:
    """The old site is alive and hands over without loss."""
    return bool(context.options.more.get("planned"))


def disaster(context: Context) -> str:
    return str(context.options.more.get("disaster") or "regional_outage")


def objective(context: Context) -> Objective:
    """The objective for the declared disaster. Raises KeyError when the plan has none; the programs check before."""
    return next(each for each in context.plan.objectives if each.disaster == disaster(context) and not each.component)


def lost(context: Context) -> frozenset[str]:
    """The sites that count as lost."""
    return frozenset(context.clouds.lost)


def isolated(context: Context) -> list[str]:
    """The sites that this run takes for compromised."""
    return [str(site) for site in context.options.more.get("isolated", ())]


def incarnations_now(context: Context) -> dict[str, int]:
    """The incarnation of each of the target's stores: the one that this run built, else the one it began with."""
    found = context.found(Built)
    return found.incarnations if found else context.topology.incarnations(target(context))


def held_stores(context: Context, site: str) -> list[ManagedStore]:
    """Every incarnation of a site's stores that is declared, retiring ones among them."""
    held = context.topology.stores.get(site, {})
    return [context.clouds.store(site, name, number) for name, each in held.items() for number in each.numbers]


def known_service(plan: Plan, name: str) -> str:
    """The name of a service that the plan has. Raises BadInput."""
    known = [each.name for each in plan.services]
    if name not in known:
        raise BadInput(f"{name!r} is not a service of {plan.system}", f"there is {', '.join(known) or 'none'}")
    return name


def service_of(plan: Plan, options: Options) -> str:
    """The service that a run is about: the one that the operator named, else (to show the table) the plan's first."""
    return str(options.more.get("service") or plan.services[0].name)


def managed_service(context: Context) -> ManagedService:
    """That service at the target, as its cloud manages it."""
    return context.clouds.at(target(context)).service(service_of(context.plan, context.options))


WELL_WITHIN_SECONDS = 180.0
"""How long a service may take to be well after something was done for it, where the plan says nothing of its start."""


def well_within(context: Context, service: str = "") -> float:
    """
    The same of `service` (the one that the run is about) in this run, in seconds: what the operator said, else three
    times as long as the plan says it starts.
    """
    if said := context.options.more.get("well_within_seconds"):
        return float(said)
    startup = context.plan.service(service or service_of(context.plan, context.options)).startup
    return max(WELL_WITHIN_SECONDS, 3 * startup.total_seconds() if startup else 0.0)
