"""
A statement that somebody else wrote, asked so that it can change nothing.

It is the query of a cursor, which nothing but a SELECT, a VALUES or a WITH without writes can be, in a read-only
transaction that has a snapshot already and so cannot be made writable again (PostgreSQL: DECLARE, SET TRANSACTION). The
extended protocol takes one statement only, so that nothing can end the transaction and go on behind it: a COMMIT would,
and a PREPARE TRANSACTION would even stay behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from scripts.core.net import Login, Unreachable, wait_for
from scripts.engines.postgres.session import as_ours, connect, end, query, within_session
from scripts.engines.seen import Answer, Found

if TYPE_CHECKING:
    from psycopg import AsyncConnection

READ_ONLY_TRANSACTION = "25006"
_FETCHED_AT_ONCE = 1000  # what comes may be more than fits into memory
_CONNECT_SECONDS = 5.0
# Taken by the server itself a little before we stop waiting, so that nothing goes on there without us.
_BOUNDS = """
SELECT set_config('statement_timeout', %(ms)s, true), set_config('lock_timeout', %(ms)s, true)
"""
_SETTING = "SELECT set_config(%(name)s, %(value)s, true)"


def ask(login: Login, statement: str, *, seconds: float) -> Answer:
    """Raises Unreachable; QueryRefused for what the server refuses, such as a write (`READ_ONLY_TRANSACTION`)."""
    return wait_for(_asked(login, statement, seconds))


async def _asked(login: Login, statement: str, seconds: float) -> Answer:
    async with _reading(login, seconds) as connection:
        ((clock,),) = await query(connection, "SELECT clock_timestamp()", None, timeout=seconds)
        rows, value = await within_session(seconds, _first_and_count(connection, statement), connection)
        return Answer(rows, value, clock)


@asynccontextmanager
async def _reading(login: Login, seconds: float) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    """A read-only transaction that has its snapshot, and its bounds. Raises as `ask`."""
    connection = await connect(login, timeout=min(seconds, _CONNECT_SECONDS))
    try:
        await query(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", None, timeout=seconds)
        bounds = {"ms": str(max(1, round(seconds * 900)))}
        await query(connection, _BOUNDS, bounds, timeout=seconds)
        yield connection
    except TimeoutError as error:
        raise Unreachable(f"no answer within {seconds:g} s") from error
    except psycopg.Error as error:
        raise as_ours(error, connection) from error
    finally:
        end(connection)


def search(login: Login, statement: str, settings: Mapping[str, str], *, seconds: float, most: int) -> Found:
    """As `ask`, for the rows: no more than `most` of them."""
    return wait_for(_searched(login, statement, settings, seconds, most))


async def _searched(login: Login, statement: str, settings: Mapping[str, str], seconds: float, most: int) -> Found:
    async with _reading(login, seconds) as connection:
        for name, value in settings.items():
            await query(connection, _SETTING, {"name": name, "value": value}, timeout=seconds)
        return await within_session(seconds, _rows(connection, statement, most), connection)


async def _rows(connection: AsyncConnection[tuple[Any, ...]], statement: str, most: int) -> Found:
    await _declare(connection, statement)
    cursor = await connection.execute(f"FETCH {most + 1} FROM asked".encode())
    rows = await cursor.fetchall()
    columns = tuple(column.name for column in cursor.description or ())
    return Found(columns, tuple(rows[:most]), complete=len(rows) <= most)


async def _declare(connection: AsyncConnection[tuple[Any, ...]], statement: str) -> None:
    declare = f"DECLARE asked NO SCROLL CURSOR FOR\n{statement}"
    await connection.execute(declare.encode(), prepare=True)


async def _first_and_count(connection: AsyncConnection[tuple[Any, ...]], statement: str) -> tuple[int, Any]:
    await _declare(connection, statement)
    rows, value = 0, None
    while True:
        cursor = await connection.execute(f"FETCH {_FETCHED_AT_ONCE} FROM asked".encode())
        found = await cursor.fetchall()
        if found and not rows:
            value = found[0][0] if found[0] else None
        rows += len(found)
        if len(found) < _FETCHED_AT_ONCE:
            return rows, value
