"""The checks and the hooks that the user wrote."""

from collections.abc import Iterator

from model.acceptance import CommandCheck, SqlCheck
from model.durations import quote
from model.mistakes import Mistake, listed
from model.plan import Plan

from .common import repeated


def acceptance(plan: Plan) -> Iterator[Mistake]:
    """Each asks something that is there."""
    yield from repeated("checks", "name", (check.name for check in plan.checks))
    askable = [store.name for store in plan.guarded_stores]
    for i, check in enumerate(plan.checks):
        if isinstance(check, SqlCheck) and check.store not in askable:
            yield Mistake(
                f"checks[{i}].store", f"{quote(check.store)} is no store that speaks SQL; there is {listed(askable)}"
            )
        if isinstance(check, CommandCheck) and check.service is not None:
            yield from _runs_jobs(plan, f"checks[{i}].service", check.service)
            if check.environment:
                yield Mistake(f"checks[{i}].environment", "where the service runs it has the service's own")
        if len(set(check.at)) != len(check.at):
            yield Mistake(f"checks[{i}].at", "names a moment twice")


def audit(plan: Plan) -> Iterator[Mistake]:
    """Each asks a store that speaks SQL."""
    yield from repeated("audit", "name", (query.name for query in plan.audit))
    askable = [store.name for store in plan.guarded_stores]
    for i, query in enumerate(plan.audit):
        if query.store not in askable:
            yield Mistake(
                f"audit[{i}].store", f"{quote(query.store)} is no store that speaks SQL; there is {listed(askable)}"
            )


def hooks(plan: Plan) -> Iterator[Mistake]:
    """Each runs where something of the plan runs, and what is switched on can be switched off."""
    for name, hook in plan.hooks.items():
        yield from _runs_jobs(plan, f"hooks.{name}.service", hook.service)
    for one, other in (("read_only_on", "read_only_off"), ("read_only_off", "read_only_on")):
        if one in plan.hooks and other not in plan.hooks:
            yield Mistake("hooks", f"{one} without {other}: a restore would leave the application as it put it")


def _runs_jobs(plan: Plan, place: str, service: str) -> Iterator[Mistake]:
    known = {each.name: each for each in plan.services}
    if service not in known:
        yield Mistake(place, f"{quote(service)} is no service of this plan; there is {listed(list(known))}")
    elif not known[service].traits.runs_jobs:
        yield Mistake(place, f"{quote(service)} is of kind {known[service].kind}, which runs no command for itself")
