"""A statement that the user wrote can change nothing, whatever it is, and ends in time."""

import time

import pytest

from scripts.core.errors import DrError
from scripts.core.net import Unreachable
from scripts.engines.postgres.questions import READ_ONLY_TRANSACTION, ask, search
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import QueryRefused

WRITES = [
    "INSERT INTO orders VALUES ('2', 'x')",
    "DELETE FROM orders",
    "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone",
    "SELECT * FROM orders FOR UPDATE",
    "CREATE TABLE more (id int)",
    "TRUNCATE orders",
    "SELECT spoil()",
    "SELECT nextval('numbers')",
    "COMMIT; DELETE FROM orders",
    "ROLLBACK; DELETE FROM orders; SELECT 1",
    "SET TRANSACTION READ WRITE",
    "SELECT set_config('transaction_read_only', 'off', true), spoil()",
    "DO $$ BEGIN COMMIT; DELETE FROM orders; END $$",
    "CALL spoil_and_commit()",
    "VACUUM orders",
    "SELECT 1 AS id INTO more",
    "COPY orders FROM STDIN",
    "PREPARE TRANSACTION 'left'",
]


@pytest.fixture
def filled(managed: Database) -> Database:
    managed.script("""
        INSERT INTO orders VALUES ('1', '100%');
        CREATE SEQUENCE numbers;
        CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS 'DELETE FROM orders; SELECT 1';
        CREATE PROCEDURE spoil_and_commit() LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM orders; COMMIT; END';
    """)
    return managed


@pytest.mark.parametrize("statement", WRITES)
def test_what_writes_is_refused_and_changes_nothing(filled: Database, statement: str) -> None:
    with pytest.raises(DrError):
        ask(filled.login, statement, seconds=5)
    assert filled.rows("SELECT id, note FROM orders") == [("1", "100%")]
    assert filled.rows("SELECT is_called FROM numbers") == [(False,)]
    assert filled.rows("SELECT to_regclass('more')::text") == [(None,)]
    assert filled.rows("SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()") == [(0,)]


def test_a_write_is_named_as_one(filled: Database) -> None:
    with pytest.raises(QueryRefused) as refused:
        ask(filled.login, "SELECT spoil()", seconds=5)
    assert refused.value.sqlstate == READ_ONLY_TRANSACTION


def test_rows_are_counted_and_the_first_value_given(filled: Database) -> None:
    assert ask(filled.login, "SELECT note FROM orders WHERE note LIKE '1%'", seconds=5).value == "100%"
    many = ask(filled.login, "SELECT generate_series(7, 50006)", seconds=30)
    assert (many.rows, many.value) == (50000, 7)
    none = ask(filled.login, "SELECT id FROM orders WHERE id = 'no'", seconds=5)
    assert (none.rows, none.value) == (0, None)


def test_a_statement_that_takes_too_long_is_ended_at_the_server(filled: Database) -> None:
    with pytest.raises((QueryRefused, Unreachable)):
        ask(filled.login, "SELECT pg_sleep(600) /* too long */", seconds=1)
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%too long%' AND pid <> pg_backend_pid() {}"
    until = time.monotonic() + 60
    while filled.rows(running.format("AND state = 'active'"))[0][0] and time.monotonic() < until:
        pass
    assert filled.rows(running.format("AND state = 'active'")) == [(0,)]


@pytest.mark.parametrize("statement", WRITES)
def test_a_search_changes_nothing_either(filled: Database, statement: str) -> None:
    with pytest.raises(DrError):
        search(filled.login, statement, {"dr.since": "now"}, seconds=5, most=10)
    assert filled.rows("SELECT id, note FROM orders") == [("1", "100%")]


def test_a_search_gives_rows_of_the_window_that_it_is_told_and_says_when_there_are_more(filled: Database) -> None:
    filled.script("INSERT INTO orders VALUES ('2', 'b'), ('3', 'c')")
    statement = "SELECT id, note FROM orders WHERE id >= current_setting('dr.since') ORDER BY id"
    found = search(filled.login, statement, {"dr.since": "2"}, seconds=5, most=2)
    assert (found.columns, found.rows, found.complete) == (("id", "note"), (("2", "b"), ("3", "c")), True)
    cut = search(filled.login, statement, {"dr.since": "1'; DELETE FROM orders; --"}, seconds=5, most=1)
    assert (len(cut.rows), cut.complete) == (1, False)
    assert filled.rows("SELECT count(*) FROM orders") == [(3,)]
