"""
A cache in every site: filled by whoever reads, brought back from an export, reached by nobody outside of its network.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from scripts.backup import back_up_cache
from scripts.clouds.access import Clouds
from scripts.core.net import Unreachable
from scripts.drills.stage import Stage
from scripts.engines.protocol import CacheEngine
from scripts.restore_cache import chosen, take_back
from scripts.verify_backups import verify_exports

STORE, KEY = "cache", "newest"


class CacheOfASite:
    """
    See `Life`. Nothing follows it: what is written is in the active site, and another one begins with the newest export
    that lies there.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._value, self._written_in = "", ""
        self._exported: str | None = None

    def write(self) -> None:
        self._value, self._written_in = f"written at {time.time_ns()}", self._stage.active
        with self._inside(self._stage.active) as (_, inside):
            inside.put(KEY, self._value)

    def holds(self, site: str) -> bool:
        """What was written there; elsewhere what an export brought, and nothing where there is none."""
        with self._inside(site) as (_, inside):
            return inside.get(KEY) == (self._value if site == self._written_in else self._exported)

    def back_up(self) -> str:
        """As `dr backup now` does, with its proof and the copies that the plan asks for."""
        plan, active = self._stage.plan, self._stage.active
        with self._inside(active) as (clouds, _):
            taken = back_up_cache(plan, clouds, active, STORE)
            assert taken.verified, taken.said
            for site in (active, *plan.store(STORE).copied_to):
                assert taken.backup in [each.name for each in clouds.at(site).cache(STORE).exports()]
            (verdict,) = verify_exports(plan, clouds, active)
            assert (verdict.backup, verdict.good) == (taken.backup, True)
        self._exported = self._value
        return taken.backup

    def damage(self) -> None:
        with self._inside(self._stage.active) as (_, inside):
            inside.put(KEY, "spoiled")

    def is_restored(self, backup: str) -> bool:
        """As `dr restore --store cache --to-backup` does, once somebody said yes."""
        plan, topology = self._stage.plan, self._stage.topology
        found = chosen(plan, topology, STORE, to_backup=backup, latest=False)
        assert chosen(plan, topology, STORE, to_backup="", latest=True) == found
        assert backup in take_back(plan, topology, found)
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
