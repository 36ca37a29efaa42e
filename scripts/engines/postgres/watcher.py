"""See `Watcher`: is a PostgreSQL reached, and is it the one that takes writes?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.core.net import Unreachable
from scripts.engines.postgres.session import connect, end, query
from scripts.engines.protocol import QueryRefused

if TYPE_CHECKING:
    from scripts.core.net import Login
    from scripts.engines.postgres.session import Connection

_LOOK = "SELECT NOT pg_is_in_recovery()"


class PostgresWatcher:
    """Opens its connection at the first look, and again after it broke."""

    def __init__(self, login: Login, resolver: str) -> None:
        """`resolver` is the name server that is asked (`address:port`); empty means the usual one."""
        self._login, self._resolver = login, resolver
        self._connection: Connection | None = None

    async def why_not_up(self, *, timeout: float) -> str:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await connect(self._login, timeout=timeout, server=self._resolver)
            rows = await query(self._connection, _LOOK, None, timeout=timeout)
        except (Unreachable, QueryRefused) as error:
            self.close()
            return str(error) or "no answer"
        return "" if rows[0][0] else "it is in recovery"

    def close(self) -> None:
        if self._connection is not None:
            end(self._connection)
            self._connection = None
