"""The scenarios as data: which disaster, whose targets come from the plan, and how it is acted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput

if TYPE_CHECKING:
    from scripts.drills.found import Found
    from scripts.drills.stage import Stage


@dataclass(frozen=True)
class Scenario:
    """
    `act` goes from a steady state to a steady state; after one that is `final` a world is spent: what was lost or given
    up in it is not rebuilt.
    """

    name: str
    title: str
    disaster: str
    act: Callable[[Stage], Found]
    final: bool = False


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
            "regional-outage", "The primary region dies; the warm site takes over", "regional_outage", regional.lose
        ),
        Scenario("failback", "The region is back; the service returns to it", "planned", regional.fail_back),
        Scenario(
            "multi-region-outage", "Primary and warm region die; the cold site is built from its newest backup",
            "multi_region_outage", regions.lose, final=True,
        ),
        Scenario("backups", "The newest backups are restored beside what runs, and looked into", "", backups.verify),
        Scenario(
            "compromise", "Somebody is in the active site; the cold one is built from before, and takes over",
            "compromise", compromised.leave, final=True,
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


def worlds(parts: Iterable[Scenario]) -> list[list[Scenario]]:
    """What can be rehearsed in one world each, in this order."""
    groups: list[list[Scenario]] = [[]]
    for part in parts:
        groups[-1].append(part)
        if part.final:
            groups.append([])
    return [group for group in groups if group]
