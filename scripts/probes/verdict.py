"""
What the looks of several vantage points add up to: which databases are down, which services are silent, and whether the
site itself is seen. One look proves nothing, neither that something is down nor, against several, that it is not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.routes import health_paths

if TYPE_CHECKING:
    from model import Plan
    from scripts.probes.vantage import Vantage


@dataclass(frozen=True)
class Verdict:
    """On what `points` have seen of the databases `stores` and of the services in `site` up to now."""

    plan: Plan
    site: str
    points: Sequence[Vantage]
    stores: Sequence[str]

    def judge(self) -> None:
        """After each look: count the failures of each part that are its own and not those of the whole site."""
        seen, dark = any(point.door.up for point in self.points), not self.site_is_seen()
        for point in self.points:
            for sight in (*point.databases.values(), *point.services.values()):
                sight.judge(site_seen=seen, site_dark=dark)

    def site_is_seen(self) -> bool:
        """Somebody has seen the front door within as many looks as it takes to call it down."""
        return any(not self._confirmed(point.door.failures) for point in self.points)

    def failing(self) -> bool:
        """Did a front door fail at the last look, or anything else that was ever seen up from there?"""
        doors = [point.door for point in self.points]
        others = [each for point in self.points for each in (*point.databases.values(), *point.services.values())]
        return any(sight.failures for sight in (*doors, *(each for each in others if each.ever)))

    def down(self) -> list[str]:
        """The databases that enough vantage points have found down often enough, each having seen it up before."""
        return [store for store in self.stores if self._places_that_find_down(store) >= self._wanted]

    def _places_that_find_down(self, store: str) -> int:
        sights = [point.databases[store] for point in self.points]
        return sum(sight.ever and self._confirmed(sight.failures) for sight in sights)

    def silent(self) -> list[str]:
        """The services that enough vantage points have had no good answer from for as long as clients would wait."""
        health, every = self.plan.traffic.health, self.plan.detection.interval
        looks = max(math.ceil(health.interval * health.failures / every), self.plan.detection.confirmations)
        places = {
            name: sum(point.services[name].ever and point.services[name].alone >= looks for point in self.points)
            for name in self._services()
        }
        return [name for name, number in places.items() if number >= self._wanted]

    def why_not_down_alone(self, store: str) -> str | None:
        """Why it is not this database that is gone, or not it alone; None when it is."""
        sights = {point.name: point.databases[store] for point in self.points}
        if seen := [place for place, sight in sights.items() if not self._confirmed(sight.failures)]:
            return f"{', '.join(seen)} sees {store} alive: the way to it is cut, not the database"
        if not any(point.door.up for point in self.points):
            return f"nothing is seen of {self.site} at all: it may be cut off, and alive"
        if not all(self._confirmed(sight.alone) for sight in sights.values() if sight.ever):
            return f"{self.site} is seen again: it is not known yet whether {store} is as well"
        for service in self._services():
            if store in self.plan.service(service).uses and (said := self._places_that_hear(service)):
                return f"{service} in {self.site} says, seen from {', '.join(said)}, that {store} answers"
        return None

    def _places_that_hear(self, service: str) -> list[str]:
        words = {point.name: point.services[service] for point in self.points}
        return [place for place, word in words.items() if word.ever and not self._confirmed(word.failures)]

    def why_not_gone(self) -> str | None:
        """Why the site is not gone as a whole; None when nothing was seen of it often enough."""
        sights = [sight for point in self.points for sight in point.databases.values() if sight.ever]
        if self.site_is_seen() or any(not self._confirmed(sight.failures) for sight in sights):
            return f"{self.site} is seen to live"
        return None

    def failing_since(self, stores: Iterable[str]) -> float:
        """When these databases were first not seen (seconds since 1970); now where all of them are."""
        sights = [point.databases[store] for point in self.points for store in stores]
        return min((sight.since for sight in sights if sight.failures), default=time.time())

    def silent_since(self, service: str) -> float:
        """When this service first gave no good answer (seconds since 1970); now where it gives one."""
        sights = [point.services[service] for point in self.points if service in point.services]
        return min((sight.since for sight in sights if sight.failures), default=time.time())

    @property
    def _wanted(self) -> int:
        return self.plan.detection.vantage_points

    def _confirmed(self, failures: int) -> bool:
        return failures >= self.plan.detection.confirmations

    def _services(self) -> list[str]:
        return [name for name in health_paths(self.plan) if all(name in point.services for point in self.points)]
