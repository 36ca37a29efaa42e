"""Leases in a scratch database, as an agent gives them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest

from scripts.engines.postgres import guard, session
from scripts.engines.postgres.session import Database
from tests.asserts.waiting import wait_until


def grant(database: Database, site: str = "primary", epoch: int = 1, seconds: float = 60) -> bool:
    clock = guard.clock(database)
    assert clock is not None
    return guard.grant(database, site, epoch, clock + timedelta(seconds=seconds))


@contextmanager
def renewed(database: Database, *, seconds: float = 1.0) -> Iterator[None]:
    """A lease that is short and renewed all the time, by a session of its own."""
    over = threading.Event()

    def renew() -> None:
        with Database(database.login) as mine:
            while not over.wait(seconds / 10):
                assert grant(mine, seconds=seconds)

    assert grant(database, seconds=seconds)
    thread = threading.Thread(target=renew)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def watchmen(database: Database) -> list[int]:
    """The sessions that watch this database."""
    rows = database.rows("SELECT pid FROM dr_guard.watchmen")
    return [pid for (pid,) in rows]


def let_it_end(database: Database) -> None:
    """Until the lease is over and the watchman has done his work."""
    closed = "SELECT NOT dr_guard.may_write() AND EXISTS (SELECT FROM dr_guard.closing)"
    wait_until(
        lambda: database.rows(closed) == [(True,)] and not watchmen(database), timeout=10, what="the lease to end"
    )


def assert_refused(connection: psycopg.Connection[tuple[object, ...]], sql: str) -> str:
    with pytest.raises(psycopg.Error) as refused:
        connection.execute(sql.encode())
    assert refused.value.sqlstate == session.READ_ONLY, refused.value
    return str(refused.value)
