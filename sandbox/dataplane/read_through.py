"""
A service's cache: what it read from its database is read here first, for a while.

A cache that cannot be reached, or is empty, costs time and nothing else: the database is asked as before. So nothing
here raises, but for `why_not_up`, which tells what is wrong.

Environment, for each store of DR_STORES that is opened by a key: DR_STORE_NAME_HOST, _PORT and _PASSWORD, and no _USER.
Whom to trust is said by SSL_CERT_FILE, as to every program that uses OpenSSL.
"""

import json
from collections.abc import Mapping
from typing import Any

from model.logins import variable
from sandbox.dataplane.resolve import addresses

ANSWER_SECONDS = 0.5
KEPT_SECONDS = 300


class ReadThrough:
    """One cache. `redis` is loaded with the first, because most services have none."""

    def __init__(self, host: str, port: str, password: str) -> None:
        import redis  # noqa: PLC0415 (see above)

        class ByName(redis.SSLConnection):
            """The world's name server is asked at each connection; the certificate has to be for the name."""

            def _wrap_socket_with_ssl(self, sock: Any) -> Any:
                self.host = host
                return super()._wrap_socket_with_ssl(sock)  # type: ignore[no-untyped-call]  # as above

            def _connect(self) -> Any:
                self.host = addresses(host)[0][0]
                return super()._connect()  # type: ignore[no-untyped-call]  # redis says no types here

        self._failures: tuple[type[Exception], ...] = (redis.RedisError, OSError, ValueError)
        self._client = redis.Redis(
            connection_pool=redis.ConnectionPool(
                connection_class=ByName, host=host, port=int(port), password=password,
                socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS,
            )
        )  # fmt: skip

    def get(self, key: str) -> dict[str, Any] | None:
        try:
            found: Any = self._client.get(key)
            return None if found is None else dict(json.loads(found))
        except self._failures:
            return None

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        try:
            self._client.set(key, json.dumps(value), ex=KEPT_SECONDS)
        except self._failures:
            return

    def why_not_up(self) -> str:
        """Empty where it answers."""
        try:
            self._client.ping()
        except self._failures as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def count(self) -> int:
        """How many keys it holds; -1 where it does not say."""
        try:
            return int(self._client.dbsize())
        except self._failures:
            return -1


def caches(env: Mapping[str, str]) -> dict[str, ReadThrough]:
    """Of each cache among the service's stores."""
    stores = [store for store in env.get("DR_STORES", "").split(",") if env.get(variable(store, "HOST"))]
    return {
        store: ReadThrough(*(env[variable(store, part)] for part in ("HOST", "PORT", "PASSWORD")))
        for store in stores
        if variable(store, "USER") not in env
    }
