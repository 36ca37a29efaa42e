"""The scenarios as data: which disaster, whose targets come from the plan, and how it is acted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput, Refused

if TYPE_CHECKING:
    from model import Plan
    from scripts.drills.found import Found
    from scripts.drills.stage import Stage


@dataclass(frozen=True)
class Scenario:
    """
    `act` goes from a steady state to a steady state; after one that is `final` a world is spent: what was lost or given
    up in it is not rebuilt. `needs` are the kinds of sites that a plan must have for it.
    """

    name: str
    title: str
    disaster: str
    act: Callable[[Stage], Found]
    final: bool = False
    needs: tuple[str, ...] = ()

    def why_not_on(self, plan: Plan) -> str | None:
        """The reason why it cannot be rehearsed on a plan, or None."""
        there = {site.kind for site in plan.sites}
        missing = [kind for kind in self.needs if kind not in there]
        return f"{self.name} needs a {missing[0]} site, and the plan {plan.system} has none" if missing else None


def scenarios() -> dict[str, Scenario]:
    """All of them by name."""
    from scripts.drills import backups, compromised, database, regional, regions  # noqa: PLC0415 (each loads what it needs)

    known = (
        Scenario(
            "database-failure", "The database's node dies; its standby takes over", "database_failure", database.fail
        ),
        Scenario(
            "database-corruption", "The data is damaged; it is taken back to just before", "database_corruption",
            database.corrupt,
        ),
        Scenario(
            "regional-outage", "The primary region dies; the warm site takes over", "regional_outage", regional.lose,
            needs=("warm",),
        ),
        Scenario(
            "failback", "The region is back; the service returns to it", "planned", regional.fail_back,
            needs=("warm",),
        ),
        Scenario(
            "multi-region-outage", "Primary and warm region die; the cold site is built from its newest backup",
            "multi_region_outage", regions.lose, final=True, needs=("cold",),
        ),
        Scenario("backups", "The newest backups are restored beside what runs, and looked into", "", backups.verify),
        Scenario(
            "compromise", "Somebody is in the active site; the cold one is built from before, and takes over",
            "compromise", compromised.leave, final=True, needs=("warm", "cold"),
        ),
    )  # fmt: skip
    return {each.name: each for each in known}


# What `dr drill NAME` rehearses one after the other.
PROGRAMMES: dict[str, tuple[str, ...]] = {
    "samia": ("regional-outage", "failback", "multi-region-outage"),
    "all": (
        "database-failure", "database-corruption", "backups", "regional-outage", "failback", "multi-region-outage",
        "compromise",
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


def possible(plan: Plan, parts: Iterable[Scenario]) -> tuple[list[Scenario], list[str]]:
    """
    Those that can be rehearsed on a plan, and the reasons why the others cannot. Raises Refused where none can.
    """
    parts = list(parts)
    reasons = [reason for part in parts if (reason := part.why_not_on(plan)) is not None]
    able = [part for part in parts if part.why_not_on(plan) is None]
    if not able:
        raise Refused("; ".join(reasons), "rehearse another scenario: `dr drill --help` lists them")
    return able, reasons


def worlds(parts: Iterable[Scenario]) -> list[list[Scenario]]:
    """What can be rehearsed in one world each, in this order."""
    groups: list[list[Scenario]] = [[]]
    for part in parts:
        groups[-1].append(part)
        if part.final:
            groups.append([])
    return [group for group in groups if group]
