"""Which engine speaks to which kind of store: the one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from scripts.core.errors import BadInput
from scripts.engines.postgres.engine import Postgres
from scripts.engines.postgres.watcher import PostgresWatcher
from scripts.engines.redis_cache import RedisCache

if TYPE_CHECKING:
    from scripts.core.net import Login
    from scripts.engines.protocol import CacheEngine, Engine, Watcher

Made = TypeVar("Made")

ENGINES: Mapping[str, Callable[[Login], Engine]] = {"postgres": Postgres.at}
WATCHERS: Mapping[str, Callable[[Login, str], Watcher]] = {"postgres": PostgresWatcher}
CACHES: Mapping[str, Callable[[Login], CacheEngine]] = {"redis": RedisCache.at}


def engine(kind: str, login: Login) -> Engine:
    """What speaks to one store. Raises BadInput for a kind that has no engine, with what there is."""
    return _of(ENGINES, kind, "no engine for a store")(login)


def cache_engine(kind: str, login: Login) -> CacheEngine:
    """What speaks to one cache. Raises BadInput as above."""
    return _of(CACHES, kind, "no engine for a cache")(login)


def watcher(kind: str, login: Login, resolver: str) -> Watcher:
    """Looks at a store by names as one name server (`address:port`) gives them. Raises BadInput as above."""
    return _of(WATCHERS, kind, "nothing watches a store")(login, resolver)


def _of(table: Mapping[str, Made], kind: str, missing: str) -> Made:
    if kind not in table:
        raise BadInput(f"{missing} of kind {kind!r}", f"there is {', '.join(table)}")
    return table[kind]
