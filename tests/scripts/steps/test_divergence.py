"""What only one of two copies holds, on real tables of every kind."""

from collections.abc import Iterator

import pytest

from scripts.core.net import Login
from scripts.engines.postgres import divergence, guard
from scripts.engines.postgres.divergence import Divergence, only_in
from scripts.engines.postgres.session import Database
from tests.scripts.engines.postgres.leases import grant

pytestmark = pytest.mark.drill

TABLES = """
CREATE TABLE "odd Name" ("the key" text, n int, seen timestamptz, PRIMARY KEY (n, "the key"));
CREATE TABLE bare (note text);
CREATE TABLE parts (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO orders VALUES ('old', 'same'), ('other', 'same');
INSERT INTO parts VALUES (1, 'same'), (11, 'same');
"""


@pytest.fixture
def other(login: Login, database: Database) -> Iterator[Database]:
    """A copy of `database`, made when both held the same."""
    database.script(TABLES)
    guard.install(database)
    database.close()
    copy = f"{database.login.database}_copy"
    with Database(login) as maintenance:
        maintenance.script(f"CREATE DATABASE {copy} TEMPLATE {database.login.database}")
    with Database(Login(login.host, login.port, copy, login.user, login.password)) as made:
        for each in (database, made):
            grant(each)
        yield made


@pytest.fixture
def fork(other: Database) -> int:
    """The oldest transaction that only one of them may have seen."""
    return int(other.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")[0][0])


def write(database: Database, sql: str) -> None:
    database.script(sql)


def by_table(found: list[Divergence]) -> dict[str, tuple[int, int, bool]]:
    return {each.table: (each.missing, each.changed, each.compared) for each in found}


def test_copies_that_are_alike_hold_nothing_of_their_own(database: Database, other: Database, fork: int) -> None:
    assert only_in(database, other, fork) == []
    assert only_in(database, other, fork, margin=1_000_000) == []


def test_missing_and_changed_rows_are_told_apart(
    database: Database, other: Database, fork: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divergence, "BLOCKS", 1)
    monkeypatch.setattr(divergence, "AT_ONCE", 7)
    write(database, "INSERT INTO orders SELECT 'new' || n, repeat('x', 500) FROM generate_series(1, 100) n")
    write(database, "UPDATE orders SET note = 'another' WHERE id = 'old'")
    write(database, "DELETE FROM orders WHERE id = 'other'")
    write(
        database,
        """INSERT INTO "odd Name" VALUES ('k', 1, '2026-01-31 12:00:00+00'), ('l', 1, '2026-01-31 11:00:00+00')""",
    )
    write(other, """INSERT INTO "odd Name" VALUES ('k', 1, '2026-01-31 12:00:00+00')""")
    write(database, "INSERT INTO bare VALUES ('a'), ('b'); INSERT INTO parts VALUES (2, 'mine'), (12, 'mine')")
    write(database, "UPDATE parts SET note = 'another' WHERE id = 11")
    found = only_in(database, other, fork)
    assert by_table(found) == {
        "orders": (100, 1, True),
        '"odd Name"': (1, 0, True),
        "bare": (2, 0, False),
        "parts_low": (1, 0, True),
        "parts_high": (1, 1, True),
    }
    odd = next(each for each in found if each.table == '"odd Name"')
    assert odd.sample == ("1, l",)
    assert odd.first is not None
    assert odd.first == odd.last
    assert odd.first.isoformat().startswith("2026-01-31T11")


def test_older_transactions_are_looked_at_as_far_as_the_margin_goes(
    database: Database, other: Database, fork: int
) -> None:
    write(database, "INSERT INTO orders VALUES ('in flight', 'then')")
    write(database, "INSERT INTO bare VALUES ('another transaction')")
    later = fork + 1
    assert "orders" not in by_table(only_in(database, other, later))
    assert by_table(only_in(database, other, later, margin=1))["orders"] == (1, 0, True)
