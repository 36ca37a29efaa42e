"""The guard on a real PostgreSQL: who may write, until when, and what a revocation waits for."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from scripts.engines.postgres import guard, session
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import QueryRefused
from tests.asserts.waiting import wait_until
from tests.scratch_database import copy_of
from tests.scripts.engines.postgres.leases import grant

pytestmark = pytest.mark.drill
WRITE = "INSERT INTO orders VALUES (gen_random_uuid()::text, '')"


@pytest.fixture
def other(guarded: Database) -> Iterator[Database]:
    with Database(guarded.login) as second:
        yield second


def refusal(database: Database, sql: str = WRITE) -> str:
    with pytest.raises(QueryRefused) as refused:
        database.rows(sql)
    assert refused.value.sqlstate == session.READ_ONLY
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


def test_no_write_passes_while_the_row_still_names_the_holder_before(guarded: Database, other: Database) -> None:
    """A restored copy holds the row of the site that it was copied from."""
    # The row is read after the write was let through: a statement that is held up between its snapshot and its check
    # would rightly be let through by the next lease, and still show the row from before.
    guarded.script("""
        CREATE FUNCTION written() RETURNS TABLE (epoch bigint, at timestamptz) LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO dr_guard.marker (name, site, epoch) VALUES ('me', 'me', 0)
            ON CONFLICT (name) DO UPDATE SET written_at = clock_timestamp();
            RETURN QUERY SELECT l.epoch, statement_timestamp() FROM dr_guard.writer_lease l;
        END $$
    """)
    write = "SELECT epoch, at FROM written()"
    accepted, over = [], threading.Event()

    def go_on_writing() -> None:
        while not over.is_set():
            with suppress(QueryRefused):
                accepted.extend(other.rows(write))

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    ends = {}
    for epoch in range(1, 61):
        clock = guard.clock(guarded)
        assert clock is not None
        ends[epoch] = clock + timedelta(milliseconds=20)
        assert guard.grant(guarded, f"site {epoch}", epoch, ends[epoch])
        wait_until(lambda: not guarded.rows("SELECT dr_guard.may_write()")[0][0], timeout=5, what="the lease to end")
    over.set()
    writer.join(30)
    assert len({epoch for epoch, _ in accepted}) > 10, "nobody wrote: the proof is empty"
    assert [(epoch, at) for epoch, at in accepted if at > ends[epoch]] == []


def test_what_a_revocation_finds_under_way_does_not_commit(guarded: Database, other: Database) -> None:
    """Not even in a session of ours, which is not ended."""
    grant(guarded, "primary", 1, 30)
    guarded.rows("BEGIN")
    guarded.rows(WRITE)
    assert guard.revoke(other, "secondary", 2)
    refusal(guarded, "COMMIT")
    assert other.rows("SELECT count(*) FROM orders") == [(0,)]
    assert not grant(other, "primary", 1, 5), "the old site cannot renew"


def test_an_old_snapshot_does_not_outlive_a_revocation(guarded: Database, other: Database) -> None:
    grant(guarded, "primary", 1, 30)
    guarded.rows("BEGIN ISOLATION LEVEL REPEATABLE READ")
    guarded.rows("SELECT count(*) FROM orders")
    assert guard.revoke(other, "secondary", 2)
    refusal(guarded)
    guarded.rows("ROLLBACK")
    assert other.rows("SELECT count(*) FROM orders") == [(0,)]


def test_tables_made_later_are_guarded_too(guarded: Database) -> None:
    guarded.script("CREATE TABLE later (id int); CREATE TABLE parts (id int) PARTITION BY RANGE (id)")
    assert guard.guard_new_tables(guarded, at_most=1) == 1
    assert guard.guard_new_tables(guarded) == 1
    assert guard.guard_new_tables(guarded) == 0
    refusal(guarded, "INSERT INTO later VALUES (1)")


def test_a_promoted_copy_refuses_while_the_lease_of_the_other_side_still_runs(database: Database) -> None:
    guard.install(database)
    grant(database, "primary", 1, 600)
    with copy_of(database) as copy:
        assert "before this copy was promoted" in refusal(copy)
        assert copy.rows("SELECT dr_guard.may_write()") == [(False,)]
        assert grant(copy, "secondary", 2, 30)
        copy.rows(WRITE)
    database.rows(WRITE)


def test_the_renewal_writes_no_more_than_it_must(guarded: Database) -> None:
    """No commit of it waits for the disk, so that a slow disk stops nobody by making the renewal late."""
    grant(guarded, "primary", 1, 30)
    assert guarded.rows("SHOW synchronous_commit") == [("local",)], "only that one transaction"
