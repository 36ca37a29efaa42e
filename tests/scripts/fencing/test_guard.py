"""The guard on a real PostgreSQL: who may write, until when, and what a revocation waits for."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from scripts.core.net import Database, QueryRefused
from scripts.fencing import guard
from tests.asserts.waiting import wait_until

pytestmark = pytest.mark.drill
WRITE = "INSERT INTO orders VALUES (gen_random_uuid()::text, '')"


@pytest.fixture
def guarded(database: Database) -> Database:
    guard.install(database)
    guard.install(database)  # twice is the same as once
    return database


@pytest.fixture
def other(guarded: Database) -> Iterator[Database]:
    with Database(guarded.login) as second:
        yield second


def grant(database: Database, site: str, epoch: int, seconds: float) -> bool:
    clock = guard.clock(database)
    assert clock is not None
    return guard.grant(database, site, epoch, clock + timedelta(seconds=seconds))


def refusal(database: Database, sql: str = WRITE) -> str:
    with pytest.raises(QueryRefused) as refused:
        database.rows(sql)
    assert refused.value.sqlstate == guard.READ_ONLY
    return str(refused.value)


@pytest.mark.parametrize("sql", [WRITE, "UPDATE orders SET note = ''", "DELETE FROM orders", "TRUNCATE orders"])
def test_nothing_is_written_before_a_first_lease(guarded: Database, sql: str) -> None:
    assert "no writer lease was ever granted" in refusal(guarded, sql)


def test_a_lease_lets_write_until_it_ends(guarded: Database) -> None:
    assert grant(guarded, "primary", 1, 0.3)
    guarded.rows(WRITE)
    wait_until(lambda: not (guard.read(guarded) or pytest.fail("no lease")).running, timeout=2, what="the lease to end")
    assert "ended at" in refusal(guarded)


def test_a_transaction_that_outlives_the_lease_does_not_commit(guarded: Database, other: Database) -> None:
    grant(guarded, "primary", 1, 0.2)
    guarded.rows("BEGIN")
    guarded.rows(WRITE)
    wait_until(lambda: not (guard.read(other) or pytest.fail("no lease")).running, timeout=2, what="the lease to end")
    assert "ended at" in refusal(guarded, "COMMIT")
    assert other.rows("SELECT count(*) FROM orders") == [(0,)]


def test_an_older_epoch_never_takes_the_lease_back(guarded: Database) -> None:
    assert grant(guarded, "secondary", 2, 5)
    assert grant(guarded, "primary", 1, 5) is False
    assert grant(guarded, "primary", 2, 5) is False, "the same epoch belongs to one site"
    held = guard.read(guarded)
    assert held is not None
    assert (held.site, held.epoch) == ("secondary", 2)


def test_a_revocation_waits_for_the_writes_it_let_through(guarded: Database, other: Database) -> None:
    grant(guarded, "primary", 1, 30)
    guarded.rows("BEGIN")
    guarded.rows(WRITE)
    revoked = threading.Event()

    def revoke() -> None:
        assert guard.revoke(other, "secondary", 2)
        revoked.set()

    thread = threading.Thread(target=revoke)
    thread.start()
    with Database(guarded.login) as watcher:
        waiting = """SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"""
        wait_until(lambda: watcher.rows(waiting) == [(1,)], timeout=3, what="the revocation to wait")
    assert not revoked.is_set()
    guarded.rows("COMMIT")
    thread.join(5)
    assert revoked.is_set()
    refusal(guarded)
    assert other.rows("SELECT count(*) FROM orders") == [(1,)]
    assert not grant(other, "primary", 1, 5), "the old site cannot renew"


def test_an_old_snapshot_does_not_outlive_a_revocation(guarded: Database, other: Database) -> None:
    grant(guarded, "primary", 1, 30)
    guarded.rows("BEGIN ISOLATION LEVEL REPEATABLE READ")
    guarded.rows("SELECT count(*) FROM orders")
    assert guard.revoke(other, "secondary", 2)
    with pytest.raises(Exception, match=r"terminat|closed|server"):
        guarded.rows(WRITE, timeout=2)
    assert other.rows("SELECT count(*) FROM orders") == [(0,)]


def test_tables_made_later_are_guarded_too(guarded: Database) -> None:
    guarded.script("CREATE TABLE later (id int); CREATE TABLE parts (id int) PARTITION BY RANGE (id)")
    assert guard.guard_new_tables(guarded) == 2
    assert guard.guard_new_tables(guarded) == 0
    refusal(guarded, "INSERT INTO later VALUES (1)")


def test_a_lease_granted_on_another_timeline_does_not_count(guarded: Database) -> None:
    grant(guarded, "primary", 1, 30)
    guarded.rows("UPDATE dr.writer_lease SET timeline = '000000FF'")
    assert "before this copy was promoted" in refusal(guarded)
