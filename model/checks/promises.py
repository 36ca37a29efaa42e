"""Objectives, and the people and dates around them."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

from model.durations import quote
from model.mistakes import Mistake, listed
from model.objectives import SAME_REGION
from model.plan import Plan

from .common import part_names, site_names


def objectives(plan: Plan) -> Iterator[Mistake]:
    yield from _objectives_at(plan, "objectives", plan)
    for name, environment in plan.environments.items():
        if name == plan.environment:
            yield Mistake(f"environments.{name}", "is the plan's own environment: its objectives stand in the plan")
        if environment.objectives is not None:
            yield from _objectives_at(plan.in_environment(name), f"environments.{name}.objectives", plan)


def _objectives_at(view: Plan, part: str, plan: Plan) -> Iterator[Mistake]:
    known = site_names(plan)
    parts = part_names(plan)
    seen: dict[tuple[str, str | None], int] = {}
    for i, objective in enumerate(view.objectives):
        here = f"{part}[{i}]"
        first = seen.setdefault((objective.disaster, objective.component), i)
        if first != i:
            yield Mistake(
                f"{here}.disaster", f"{quote(objective.disaster)} has an objective already at {part}[{first}]"
            )
        if objective.recover_at != SAME_REGION and objective.recover_at not in known:
            yield Mistake(
                f"{here}.recover_at",
                f"{quote(objective.recover_at)} is no site of this plan, nor same_region; there is {listed(known)}",
            )
        if objective.component is not None and objective.component not in parts:
            yield Mistake(
                f"{here}.component",
                f"{quote(objective.component)} is no service and no store of this plan",
            )
        if objective.disaster in ("regional_outage", "provider_outage", "multi_region_outage"):
            primary = next((site.name for site in plan.sites if site.kind == "primary"), None)
            if objective.is_in_place(primary) and len(plan.sites) > 1:
                yield Mistake(f"{here}.recover_at", f"{quote(objective.recover_at)} is lost in a {objective.disaster}")


def governance(plan: Plan) -> Iterator[Mistake]:
    roles = [contact.role for contact in plan.contacts]
    for i, step in enumerate(plan.escalation):
        for j, role in enumerate(step.notify):
            if role not in roles:
                yield Mistake(
                    f"escalation[{i}].notify[{j}]",
                    f"{quote(role)} is not the role of a contact; there is {listed(roles)}",
                )
    for i, (earlier, later) in enumerate(pairwise(plan.escalation)):
        if later.after < earlier.after:
            yield Mistake(f"escalation[{i + 1}].after", "is earlier than the step before it")


def expired_waivers(plan: Plan) -> Iterator[Mistake]:
    """
    Waivers and gaps that ran out. Apart from the rest: such a plan is refused at the gate, never in the middle of a
    disaster.
    """
    today = dt.datetime.now(dt.UTC).date()
    for i, waiver in enumerate(plan.waivers):
        if waiver.expires < today:
            yield Mistake(
                f"waivers[{i}].expires",
                f"the waiver of {waiver.rule} expired on {waiver.expires}: renew it or follow the rule",
            )
    for i, objective in enumerate(plan.objectives):
        if objective.gap and objective.gap.until < today:
            yield Mistake(
                f"objectives[{i}].gap.until",
                f"the gap of {objective.disaster} was to be closed by {objective.gap.until}: close it, or name a day",
            )
