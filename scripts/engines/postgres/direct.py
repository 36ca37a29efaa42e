"""
Straight to a server by its address, past every transport: for rehearsals, which spoil data and look whether a login is
good. No run of a runbook does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo


def rows_at(dsn: str, sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    """The rows of one statement, which is committed. Raises psycopg.Error."""
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(sql.encode(), params)
        return cursor.fetchall() if cursor.description else []


def with_login(dsn: str, user: str, password: str) -> str:
    """The same server and database, asked by somebody else."""
    return make_conninfo(dsn, user=user, password=password)


def can_log_in(dsn: str, database: str, user: str, password: str) -> bool:
    """
    Is this login good at the server? It is also good where a closed database lets nobody connect: the server says so
    only to whom it has known. Raises psycopg.OperationalError where the server does not answer.
    """
    server = conninfo_to_dict(dsn)
    try:
        with psycopg.connect(
            host=str(server["host"]), port=str(server["port"]), dbname=database, user=user, password=password,
            connect_timeout=5,
        ):  # fmt: skip
            return True
    except psycopg.OperationalError as error:
        if "authentication failed" in str(error) or "not permitted to log in" in str(error):
            return False
        if "permission denied for database" in str(error):
            return True
        raise


class Held:
    """A session that is kept open, as somebody has one who got in. Raises psycopg.OperationalError where none opens."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True, connect_timeout=5)

    def answers(self) -> bool:
        """Is it still let in?"""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def close(self) -> None:
        self._connection.close()
