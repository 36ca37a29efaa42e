"""
PostgreSQL over bounded connections: every wait in here ends, also when the server accepts and then never answers.

A connection is made to the address just resolved, so that a moved name is followed. psycopg's own connect timeout
counts whole seconds and its queries have none, so both are bounded by the event loop of `scripts.core.net`.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import psycopg

from scripts.core.net import Login, Unreachable, address_of, wait_for, within
from scripts.engines.protocol import LoginRefused, NoSlot, QueryRefused

T = TypeVar("T")
Connection = psycopg.AsyncConnection[tuple[Any, ...]]

# What our statements rely on, whatever a role or a database has as its default. All are known since PostgreSQL 14.
# `local`: what we commit is on this server's disk, and waits for no standby.
_SESSION = {
    "search_path": "public",
    "client_encoding": "UTF8",
    "client_min_messages": "warning",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "xmloption": "content",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "transform_null_equals": "off",
    "row_security": "off",
    "check_function_bodies": "on",
    "default_transaction_isolation": "read\\ committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "default_tablespace": "",
    "synchronous_commit": "local",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "client_connection_check_interval": "0",
    "jit": "off",
}
_OPTIONS = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
ENGINE_ONLY = "pg_catalog,pg_temp"
"""
A search path on which a session finds nothing but the engine's own names: a migration may make functions, and one that
fits better would run with the rights of whoever calls it (CVE-2018-1058).
"""
READ_ONLY = "25006"
"""SQLSTATE read_only_sql_transaction: what a refused write reports, the same as on a replica."""
_NO_SLOT = ("connection slots are reserved", "too many clients")
"""How PostgreSQL begins to refuse a session for want of slots; psycopg gives no SQLSTATE for it."""
_REFUSED_LOGIN = "password authentication failed"
"""The same, for a password that is not this one."""
_MAKES_A_SLOT = (
    "end a session there, or raise max_connections; PostgreSQL 16 keeps slots for members of "
    "pg_use_reserved_connections"
)
_LATER = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'"  # PostgreSQL 17
_KNOWS_LATER = 17_00_00


# What was left behind because its time was over, and the connection that it may still be using.
_left: dict[asyncio.Future[Any], Connection | None] = {}


async def within_session(seconds: float, work: Coroutine[Any, Any, T], using: Connection | None = None) -> T:
    """As `within`; what is left behind has its connection closed when it ends, not before."""

    def leave(task: asyncio.Future[T]) -> None:
        _left[task] = using
        task.add_done_callback(_ended)

    return await within(seconds, work, leave)


def _ended(task: asyncio.Future[Any]) -> None:
    """What was left behind has ended: close what it used, or what it opened after all."""
    used = [_left.pop(task, None), None if task.cancelled() or task.exception() else task.result()]
    for connection in used:
        if isinstance(connection, psycopg.AsyncConnection):
            connection.pgconn.finish()


def end(connection: Connection) -> None:
    """Close a connection for good; at once, unless something that was left behind still uses it."""
    if not any(used is connection for used in list(_left.values())):
        connection.pgconn.finish()


def as_ours(error: psycopg.Error, connection: Connection | None = None) -> QueryRefused | Unreachable:
    """What the server answered, or that it did not: with a SQLSTATE, on a connection that is not broken, it did."""
    if not error.sqlstate or (connection is not None and connection.broken):
        return Unreachable(_first_line(error))
    refused = QueryRefused(_first_line(error))
    refused.sqlstate, refused.closed = error.sqlstate, error.sqlstate == READ_ONLY
    return refused


async def connect(
    login: Login, *, timeout: float, server: str | None = None, search_path: str = "public"
) -> Connection:
    """
    An autocommit connection within `timeout` seconds, name included. Raises Unreachable or QueryRefused.

    Its settings are ours (`_SESSION`), not those of the role or the database.
    """
    address = await address_of(login.host, timeout=timeout, server=server)
    try:
        connecting = psycopg.AsyncConnection.connect(
            host=login.host,
            hostaddr=address,
            port=login.port,
            dbname=login.database,
            user=login.user,
            password=login.password,
            autocommit=True,
            application_name="dr",
            options=f"{_OPTIONS} -c search_path={search_path}",
            tcp_user_timeout=2000,
            gssencmode="disable",
        )
        made = await within_session(timeout, connecting)
    except TimeoutError as error:
        raise Unreachable(f"{login.host} did not answer within {timeout:g} s") from error
    except psycopg.OperationalError as error:
        if any(beginning in str(error) for beginning in _NO_SLOT):
            raise NoSlot(f"{login.host}: {_first_line(error)}", _MAKES_A_SLOT) from error
        if error.sqlstate:
            raise as_ours(error) from error
        kind = LoginRefused if _REFUSED_LOGIN in str(error) else Unreachable
        raise kind(f"{login.host}: {_first_line(error)}") from error
    if made.info.server_version >= _KNOWS_LATER:
        await query(made, _LATER, None, timeout=timeout)
    return made


async def query(
    connection: Connection,
    sql: str,
    params: Mapping[str, object] | None,
    *,
    timeout: float,
) -> list[tuple[Any, ...]]:
    """
    Rows of one statement within `timeout` seconds. Raises Unreachable, after which the connection is of no use, or
    QueryRefused.
    """
    statement = sql.encode()

    async def ask() -> list[tuple[Any, ...]]:
        cursor = await connection.execute(statement, params)
        return await cursor.fetchall() if cursor.description else []

    try:
        return await within_session(timeout, ask(), connection)
    except TimeoutError as error:
        raise Unreachable(f"no answer to a query within {timeout:g} s") from error
    except psycopg.Error as error:
        raise as_ours(error, connection) from error


def quoted(name: str) -> str:
    """A name as an identifier of SQL, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class Database:
    """One bounded connection for ordinary code; opens itself at first use and again after it broke."""

    def __init__(
        self,
        login: Login,
        *,
        connect_timeout: float = 2.0,
        timeout: float = 5.0,
        server: str | None = None,
        search_path: str = "public",
    ) -> None:
        self.login = login
        self._search_path = search_path
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._server = server
        self._connection: Connection | None = None
        self._left_behind: list[Connection] = []

    def rows(
        self, sql: str, params: Mapping[str, object] | None = None, *, timeout: float | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows of one statement. Raises Unreachable or QueryRefused."""
        return wait_for(self._rows(sql, params, timeout or self._timeout))

    def script(self, sql: str, *, timeout: float | None = None) -> None:
        """Run several statements at once. Raises Unreachable or QueryRefused."""
        wait_for(self._rows(sql, None, timeout or self._timeout))

    def verifier(self, user: str, password: str) -> str:
        """What the server keeps in place of a password (RFC 5803), so that the password itself is never sent to it."""
        self.rows("SELECT")
        if self._connection is None:
            raise Unreachable(f"{self.login.host}: the connection is closed")
        made = self._connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256")
        return made.decode()

    def leave(self, sql: str) -> None:
        """
        Send one statement in a session of its own and do not wait for it: the server goes on with it when we are gone.

        Raises Unreachable or QueryRefused when no session can be had.
        """
        self._left_behind = [each for each in self._left_behind if not each.closed]
        wait_for(self._leave(sql))

    def close(self) -> None:
        for each in self._left_behind:
            each.pgconn.finish()
        self._left_behind.clear()
        if self._connection is not None:
            end(self._connection)
            self._connection = None

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _rows(self, sql: str, params: Mapping[str, object] | None, bound: float) -> list[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(
                self.login, timeout=self._connect_timeout, server=self._server, search_path=self._search_path
            )
        try:
            return await query(self._connection, sql, params, timeout=bound)
        except Unreachable:
            self.close()
            raise

    async def _leave(self, sql: str) -> None:
        connection = await connect(
            self.login, timeout=self._connect_timeout, server=self._server, search_path=self._search_path
        )
        connection.pgconn.send_query(sql.encode())
        while connection.pgconn.flush():  # a few bytes: they are in the socket's buffer at once
            await asyncio.sleep(0.01)
        self._left_behind.append(connection)
