"""What a run asks of a Redis cache over its own protocol, always with TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import redis

from scripts.core.net import Unreachable, address_of, wait_for
from scripts.engines.protocol import LoginRefused, QueryRefused
from scripts.engines.seen import HeldInCache

if TYPE_CHECKING:
    from scripts.core.net import Login

ANSWER_SECONDS = 3.0


def _by_name(host: str) -> type[redis.SSLConnection]:
    """Connections to what our name server gives for a name; the certificate has to be for that name."""

    class ByName(redis.SSLConnection):
        def _connect(self) -> Any:
            self.host = wait_for(address_of(host, timeout=ANSWER_SECONDS))
            return super()._connect()  # type: ignore[no-untyped-call]  # redis says no types here

        def _wrap_socket_with_ssl(self, sock: Any) -> Any:
            self.host = host
            return super()._wrap_socket_with_ssl(sock)  # type: ignore[no-untyped-call]  # as above

    return ByName


class RedisCache:
    """See `CacheEngine`."""

    def __init__(self, login: Login) -> None:
        self.name = login.host
        pool = redis.ConnectionPool(
            connection_class=_by_name(login.host), host=login.host, port=login.port, password=login.password,
            socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS, decode_responses=True,
        )  # fmt: skip
        self._client = redis.Redis(connection_pool=pool)

    @classmethod
    def at(cls, login: Login) -> Self:
        return cls(login)

    def look(self) -> HeldInCache:
        with self._said():
            memory: Any = self._client.info("memory")
            return HeldInCache(int(self._client.dbsize()), int(memory["used_memory"]), int(memory["maxmemory"]))

    def get(self, key: str) -> str | None:
        with self._said():
            found: Any = self._client.get(key)
        return None if found is None else str(found)

    def put(self, key: str, value: str) -> None:
        with self._said():
            self._client.set(key, value)

    def close(self) -> None:
        self._client.close()
        self._client.connection_pool.disconnect()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """In our words. Nothing of what was sent is in them."""
        try:
            yield
        except redis.AuthenticationError as error:
            raise LoginRefused(f"{self.name} takes no login with the key of its site") from error
        except redis.ResponseError as error:
            raise QueryRefused(f"{self.name} says: {error}") from error
        except (redis.RedisError, OSError) as error:
            raise Unreachable(f"{self.name} does not answer: {type(error).__name__}") from error
