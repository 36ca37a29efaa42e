"""How the caches of a site are: whether they answer, what they hold, and how old the newest export is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.clouds.amounts import counted
from scripts.core.errors import DrError
from scripts.core.moments import now

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.access import Clouds


@dataclass
class CacheStatus:
    """`keys` is None where it does not answer, and `said` says why. The age is that of the newest export there."""

    name: str
    keys: int | None = None
    said: str = ""
    export_age_seconds: float | None = None

    def __str__(self) -> str:
        held = self.said if self.keys is None else f"answers, with {counted(self.keys, 'key')}"
        age = self.export_age_seconds
        kept = "no export lies here" if age is None else f"the newest export is {age:.0f} s old"
        return f"{self.name} {held}; {kept}"


def caches_of(plan: Plan, clouds: Clouds, site: str) -> list[CacheStatus]:
    """Never raises for what it sees."""
    return [_look(clouds, site, each.name) for each in plan.refilled_stores]


def _look(clouds: Clouds, site: str, store: str) -> CacheStatus:
    found = CacheStatus(store)
    try:
        newest = next(iter(clouds.at(site).cache(store).exports()), None)
        found.export_age_seconds = None if newest is None else (now() - newest.newest).total_seconds()
        with closing(clouds.inside_cache(site, store)) as inside:
            found.keys = inside.look().keys
    except DrError as error:
        found.said = f"does not answer: {error}"
    return found
