"""Which engine speaks to which kind of store: the one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput
from scripts.engines.postgres.engine import Postgres
from scripts.engines.postgres.watcher import PostgresWatcher
from scripts.engines.redis_cache import RedisCache

if TYPE_CHECKING:
    from scripts.core.net import Login
    from scripts.engines.protocol import CacheEngine, Engine, Watcher

ENGINES: Mapping[str, Callable[[Login], Engine]] = {"postgres": Postgres.at}
WATCHERS: Mapping[str, Callable[[Login, str], Watcher]] = {"postgres": PostgresWatcher}

CACHES: Mapping[str, Callable[[Login], CacheEngine]] = {"redis": RedisCache.at}


def engine(kind: str, login: Login) -> Engine:
    """What speaks to one store. Raises BadInput for a kind that has no engine, with what there is."""
    if kind not in ENGINES:
        raise BadInput(f"no engine for a store of kind {kind!r}", f"there is {', '.join(ENGINES)}")
    return ENGINES[kind](login)


def cache_engine(kind: str, login: Login) -> CacheEngine:
    """What speaks to one cache. Raises BadInput as above."""
    if kind not in CACHES:
        raise BadInput(f"no engine for a cache of kind {kind!r}", f"there is {', '.join(CACHES)}")
    return CACHES[kind](login)


def watcher(kind: str, login: Login, resolver: str) -> Watcher:
    """Looks at a store by names as one name server (`address:port`) gives them. Raises BadInput as above."""
    if kind not in WATCHERS:
        raise BadInput(f"nothing watches a store of kind {kind!r}", f"there is {', '.join(WATCHERS)}")
    return WATCHERS[kind](login, resolver)
