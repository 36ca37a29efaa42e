"""What programs do with the caches of a site. A cache that does not answer holds nobody up: what is wrong is said."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scripts.clouds.amounts import counted
from scripts.clouds.protocol import Phase
from scripts.core.errors import DrError
from scripts.core.moments import now

if TYPE_CHECKING:
    from model import Plan
    from model.stores import ServerStore
    from scripts.clouds.access import Clouds
    from scripts.clouds.protocol import Cache, RestorePoint


@dataclass(frozen=True)
class Begun:
    """
    What a cache begins with: the export `brought`, taken at `of`, or nothing (None for both). `why_not` is set where it
    could not be made ready, and says why.
    """

    store: str
    brought: str | None = None
    of: datetime | None = None
    why_not: str = ""

    def __str__(self) -> str:
        if self.why_not:
            return f"{self.store}: {self.why_not}"
        if self.brought is None or self.of is None:
            return f"{self.store} is empty and fills itself anew"
        age = (now() - self.of).total_seconds()
        return f"{self.store} holds {self.brought}, which is {age:.0f} s old"


def begin(plan: Plan, clouds: Clouds, site: str, *, with_export: bool) -> list[Begun]:
    """
    Empty every cache of a site, because what it holds may be of before. `with_export`: bring into it the newest export
    that lies there, where one does.
    """
    return [_begin(clouds, site, each.name, with_export=with_export) for each in plan.refilled_stores]


def _begin(clouds: Clouds, site: str, store: str, *, with_export: bool) -> Begun:
    try:
        cache = clouds.at(site).cache(store)
        state = cache.state()
        if state is None or state.phase is not Phase.AVAILABLE:
            said = "is not there" if state is None else f"is {state.said}"
            return Begun(store, why_not=f"it {said} in {site}, and the service reads everything where it keeps it")
        cache.flush()
        point = next(iter(cache.exports()), None) if with_export else None
        if point is None:
            return Begun(store)
        cache.bring(point.name)
    except DrError as error:
        return Begun(store, why_not=f"it was not made ready: {error}")
    return Begun(store, point.name, point.newest)


@dataclass(frozen=True)
class Exported:
    """
    One export of a cache that held about `keys` keys. `why_not` says why it cannot be brought into a cache; None where
    that was seen. `forgotten` are those that were older than the plan keeps them.
    """

    point: RestorePoint
    keys: int
    why_not: str | None
    forgotten: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.why_not is not None:
            return self.why_not
        return f"brought into a scratch cache; {counted(self.keys, 'key')} when it was taken"


def export(plan: Plan, clouds: Clouds, site: str, store: str, name: str) -> Exported:
    """
    Keep what the cache of a site holds, see that it can be brought into another, send it where the plan says, and
    forget what is older than the plan keeps. Nothing is forgotten after an export that is not good.

    Raises CloudFailed, DatabaseFailed, OutcomeUnknown.
    """
    cache, snapshots = clouds.at(site).cache(store), _refilled(plan, store).backups.snapshots
    keys = keys_in(clouds, site, store)
    point = cache.export(name)
    why_not = cache.why_not_readable(name)
    if why_not is not None or snapshots is None:
        return Exported(point, keys, why_not)
    there = [each for each in snapshots.copies_to if each != site and each not in clouds.lost]
    for to in there:
        cache.send(name, to)
    forgotten = [
        gone
        for where in (site, *there)
        for gone in _forget(clouds.at(where).cache(store), now() - snapshots.keep, name)
    ]
    return Exported(point, keys, None, tuple(dict.fromkeys(forgotten)))


def _forget(cache: Cache, before: datetime, but: str) -> list[str]:
    old = [each.name for each in cache.exports() if each.newest < before and each.name != but]
    for name in old:
        cache.forget(name)
    return old


def _refilled(plan: Plan, store: str) -> ServerStore:
    return next(each for each in plan.refilled_stores if each.name == store)


def keys_in(clouds: Clouds, site: str, store: str) -> int:
    """How many keys a cache holds. Raises DatabaseFailed, CloudFailed."""
    with closing(clouds.inside_cache(site, store)) as inside:
        return inside.look().keys
