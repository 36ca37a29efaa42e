"""
A cache in every site: filled by whoever reads, brought back from an export, reached by nobody outside of its network.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from scripts.clouds.access import Clouds
from scripts.core.net import Unreachable
from scripts.drills.stage import Stage
from scripts.engines.protocol import CacheEngine

STORE, KEY = "cache", "newest"


class CacheOfASite:
    """See `Life`. Nothing of it is copied: what is written is in the active site, and another one begins without it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._value, self._written_in = "", ""

    def write(self) -> None:
        self._value, self._written_in = f"written at {time.time_ns()}", self._stage.active
        with self._inside(self._stage.active) as (_, inside):
            inside.put(KEY, self._value)

    def holds(self, site: str) -> bool:
        """What was written there; elsewhere it is enough that it answers, and holds nothing of another site's."""
        with self._inside(site) as (_, inside):
            return inside.get(KEY) == (self._value if site == self._written_in else None)

    def back_up(self) -> str:
        name = f"kinds-{time.time_ns()}"
        with self._inside(self._stage.active) as (clouds, _):
            cache = clouds.at(self._stage.active).cache(STORE)
            cache.export(name)
            assert cache.why_not_readable(name) is None
        return name

    def damage(self) -> None:
        with self._inside(self._stage.active) as (_, inside):
            inside.put(KEY, "spoiled")

    def is_restored(self, backup: str) -> bool:
        with self._inside(self._stage.active) as (clouds, _):
            clouds.at(self._stage.active).cache(STORE).bring(backup)
        return self.holds(self._stage.active)

    def why_not_isolated(self, site: str) -> str | None:
        try:
            with self._inside(site) as (_, inside):
                return f"the cache of {site} answers, with {inside.look().keys} keys"
        except Unreachable:
            return None

    @contextmanager
    def _inside(self, site: str) -> Iterator[tuple[Clouds, CacheEngine]]:
        clouds = self._stage.clouds()
        try:
            with closing(clouds.inside_cache(site, STORE)) as inside:
                yield clouds, inside
        finally:
            clouds.close()
