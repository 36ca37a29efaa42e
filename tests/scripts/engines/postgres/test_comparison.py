"""What only one of two copies holds is counted whatever differs; what cannot be counted is named with the reason."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from scripts.core.net import Login
from scripts.engines.comparison import Comparison, KeptRow, Unknown
from scripts.engines.postgres import guard, table_rows
from scripts.engines.postgres.engine import Postgres
from scripts.engines.postgres.session import Database
from tests.scratch_database import connect
from tests.scripts.engines.postgres.leases import grant

pytestmark = pytest.mark.drill

LONGEST = "n" * 60 + "%é"  # 63 bytes
TABLES = f"""
CREATE TABLE "odd Name" ("the key" text, n int, seen timestamptz, PRIMARY KEY (n, "the key"));
CREATE TABLE bare (note text);
CREATE TABLE parts (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (20);
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children () INHERITS (parents);
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY);
CREATE TABLE "{LONGEST}" ("100%" int PRIMARY KEY, "a ""quoted"" one" text);
CREATE SCHEMA "Up%per"; CREATE TABLE "Up%per"."Ta'ble" (id int PRIMARY KEY, kept text UNIQUE NOT NULL);
CREATE SEQUENCE numbers;
CREATE TABLE columns (id int PRIMARY KEY, same text);
CREATE TABLE no_columns ();
INSERT INTO orders VALUES ('old', 'same'), ('other', 'same');
INSERT INTO bare VALUES ('twice'), ('twice'), ('gone');
INSERT INTO parts VALUES (1, 'same'), (11, 'same');
INSERT INTO unlogged VALUES (1);
SELECT nextval('numbers');
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
    with Database(login) as maintenance:
        maintenance.script(f"DROP DATABASE {copy} WITH (FORCE)")


@pytest.fixture
def fork(other: Database) -> int:
    """The oldest transaction that only one of them may have seen."""
    return int(other.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")[0][0])


def compared(one: Database, other: Database, fork: int, margin: int = 0) -> Comparison:
    return Postgres(one).compare(Postgres(other), fork, margin=margin)


def by_table(found: Comparison) -> dict[str, tuple[int, int, int]]:
    """Missing, changed and deleted rows; nothing may be unknown."""
    assert found.unknown == ()
    return {it.name: (it.missing, it.changed, it.deleted) for it in found.differences if it.kind == "table"}


def others(found: Comparison) -> set[tuple[str, str]]:
    assert found.unknown == ()
    return {(it.kind, it.name) for it in found.differences if it.kind != "table"}


def the_unknown(found: Comparison) -> Unknown:
    (unknown,) = found.unknown
    return unknown


@pytest.mark.parametrize("margin", [0, 1_000_000])
def test_copies_that_are_alike_hold_nothing_of_their_own(
    database: Database, other: Database, fork: int, margin: int
) -> None:
    assert compared(database, other, fork, margin=margin) == Comparison()


def test_missing_changed_and_deleted_rows_are_told_apart(
    database: Database, other: Database, fork: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_rows, "BLOCKS", 1)
    monkeypatch.setattr(table_rows, "AT_ONCE", 7)
    database.script("INSERT INTO orders SELECT 'new' || n, repeat('x', 500) FROM generate_series(1, 100) n")
    database.script("UPDATE orders SET note = 'another' WHERE id = 'old'; DELETE FROM orders WHERE id = 'other'")
    database.script(
        """INSERT INTO "odd Name" VALUES ('k', 1, '2026-01-31 12:00:00+00'), ('l', 1, '2026-01-31 11:00:00+00')"""
    )
    other.script("""INSERT INTO "odd Name" VALUES ('k', 1, '2026-01-31 12:00:00+00')""")
    database.script(
        "INSERT INTO parts VALUES (2, 'mine'), (12, 'mine'); UPDATE parts SET note = 'another' WHERE id = 11"
    )
    database.script("INSERT INTO parents VALUES (1); INSERT INTO children VALUES (2)")
    found = compared(database, other, fork)
    assert by_table(found) == {
        "orders": (100, 1, 1),
        '"odd Name"': (1, 0, 0),
        "parts_low": (1, 0, 0),
        "parts_high": (1, 1, 0),
        "parents": (1, 0, 0),
        "children": (1, 0, 0),
    }
    assert (found.rows, found.count) == (108, 108)
    assert found.said == "108 rows of 6 tables"
    odd = next(each for each in found.differences if each.name == '"odd Name"')
    assert odd.first is not None
    assert odd.first == odd.last
    assert odd.first.isoformat().startswith("2026-01-31T11")


def test_rows_without_a_key_are_compared_by_their_content(database: Database, other: Database, fork: int) -> None:
    database.script("INSERT INTO bare VALUES ('twice'), ('mine'), (NULL); DELETE FROM bare WHERE note = 'gone'")
    database.script("INSERT INTO bare VALUES ('both'); INSERT INTO no_columns DEFAULT VALUES")
    other.script("INSERT INTO bare VALUES ('both'), ('theirs')")
    assert by_table(compared(database, other, fork)) == {"bare": (3, 0, 1), "no_columns": (1, 0, 0)}


def test_moments_that_no_calendar_of_ours_has_are_rows_like_others(
    database: Database, other: Database, fork: int
) -> None:
    database.script(
        "INSERT INTO \"odd Name\" VALUES ('a', 1, 'infinity'), ('b', 2, '-infinity'), ('c', 3, '0044-03-15 BC')"
    )
    database.script("INSERT INTO \"odd Name\" VALUES ('d', 4, '20000-01-01'), ('e', 5, '2026-01-01 UTC')")
    found = compared(database, other, fork)
    assert by_table(found) == {'"odd Name"': (5, 0, 0)}
    assert found.differences[0].first == found.differences[0].last == datetime(2026, 1, 1, tzinfo=UTC)


def test_older_transactions_are_looked_at_as_far_as_the_margin_goes(
    database: Database, other: Database, fork: int
) -> None:
    database.script("INSERT INTO orders VALUES ('in flight', 'then')")
    database.script("INSERT INTO bare VALUES ('another transaction')")
    later = fork + 1
    assert "orders" not in by_table(compared(database, other, later))
    assert by_table(compared(database, other, later, margin=1))["orders"] == (1, 0, 0)


def test_whatever_a_database_can_hold_is_counted(database: Database, other: Database, fork: int) -> None:
    database.script(f"""
        CREATE TABLE "just %s made" (id int); INSERT INTO "just %s made" VALUES (1), (2);
        CREATE TABLE parts_more PARTITION OF parts FOR VALUES FROM (20) TO (30); INSERT INTO parts VALUES (21, 'mine');
        INSERT INTO "{LONGEST}" VALUES (100, '%'); INSERT INTO "Up%per"."Ta'ble" VALUES (1, 'it''s');
        INSERT INTO unlogged VALUES (2);
        SELECT setval('numbers', 100);
        SELECT lo_from_bytea(0, 'mine'), lo_from_bytea(0, 'too');
        CREATE VIEW "a %view" AS SELECT 1; CREATE MATERIALIZED VIEW kept AS SELECT 1;
        CREATE TYPE mood AS ENUM ('ok'); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE SCHEMA made;
        ALTER TABLE columns ADD extra text; INSERT INTO columns VALUES (1, 'a', NULL), (2, 'b', 'mine');
    """)
    database.script("BEGIN; INSERT INTO orders VALUES ('prepared', ''); PREPARE TRANSACTION 'mine'")
    other.script("""
        ALTER TABLE columns ALTER id TYPE bigint; INSERT INTO columns VALUES (1, 'a'), (2, 'b');
        CREATE TABLE "of the other only" (id int); TRUNCATE unlogged;
    """)
    try:
        found = compared(database, other, fork)
    finally:
        database.script("ROLLBACK PREPARED 'mine'")
    assert by_table(found) == {
        '"just %s made"': (2, 0, 0),
        "parts_more": (1, 0, 0),
        f'"{LONGEST}"': (1, 0, 0),
        '''"Up%per"."Ta'ble"''': (1, 0, 0),
        "unlogged": (2, 0, 0),
        "columns": (0, 1, 0),
    }
    objects = next(it for it in found.differences if it.kind == "large object")
    assert objects.missing == 2
    assert others(found) == {
        ("column", "columns.extra"),
        ("column", "columns.id"),
        ("sequence", "numbers"),
        ("view", '"a %view"'),
        ("materialized view", "kept"),
        ("type", "mood"),
        ("value of a type", "mood 'ok'"),
        ("function", "f()"),
        ("schema", "made"),
        ("prepared transaction", "mine"),
        ("large object", objects.name),
    }


def test_a_changed_large_object_is_seen_with_and_without_the_right_to_read_its_pages(
    database: Database, managed: Database, login: Login
) -> None:
    managed.script("SELECT lo_from_bytea(0, 'same')")
    owner = managed.login
    managed.close()
    database.close()
    copy = f"{owner.database}_copy"
    with Database(login) as maintenance:
        maintenance.script(f"CREATE DATABASE {copy} TEMPLATE {owner.database} OWNER {owner.user}")
    with Database(Login(owner.host, owner.port, copy, owner.user, "")) as other:
        fork = int(other.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")[0][0])
        managed.script("SELECT lo_put(oid, 0, 'else') FROM pg_largeobject_metadata")
        (found,) = compared(managed, other, fork).differences
        assert (found.kind, found.missing, found.changed) == ("large object", 0, 1)
        database.script("SELECT lo_from_bytea(0, 'not yours')")
        assert [it.changed + it.missing for it in compared(managed, other, fork).differences] == [2]


def test_each_row_that_differs_is_kept_as_a_person_can_look_at_it(
    database: Database, other: Database, fork: int
) -> None:
    database.script("INSERT INTO orders VALUES ('new', NULL); UPDATE orders SET note = 'mine' WHERE id = 'old'")
    database.script("DELETE FROM orders WHERE id = 'other'; INSERT INTO bare VALUES ('=1+1')")
    other.script("UPDATE orders SET note = 'theirs' WHERE id = 'old'")
    kept: list[KeptRow] = []
    Postgres(database).compare(Postgres(other), fork, keep=kept.append)
    assert {(row.table, row.which, tuple(row.values)) for row in kept} == {
        ("orders", "missing", ("new", None)),
        ("orders", "changed", ("old", "mine")),
        ("orders", "surviving", ("old", "theirs")),
        ("orders", "deleted", ("other", "same")),
        ("bare", "missing", ("=1+1",)),
    }
    assert {tuple(row.columns) for row in kept} == {("id", "note"), ("note",)}


def test_what_our_role_may_not_read_is_unknown_with_the_command_that_helps(
    database: Database, managed: Database, other: Database, fork: int
) -> None:
    database.script("""
        DROP ROLE IF EXISTS stranger; CREATE ROLE stranger;
        CREATE TABLE "their %s" (id int); INSERT INTO "their %s" VALUES (1);
        ALTER TABLE "their %s" OWNER TO stranger;
    """)
    user = managed.login.user
    for name in ("odd Name", "bare", "parts", "parents", LONGEST, "columns", "no_columns", "unlogged"):
        database.script(f'GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}; GRANT SELECT ON "{name}" TO {user}')
    database.script(f"""
        GRANT USAGE ON SCHEMA "Up%per" TO {user}; GRANT SELECT ON ALL TABLES IN SCHEMA "Up%per" TO {user};
        GRANT SELECT ON numbers TO {user}; REVOKE ALL ON "their %s" FROM {user};
        INSERT INTO orders VALUES ('new', '');
    """)
    found = compared(managed, other, fork)
    unknown = the_unknown(found)
    assert unknown.name == '"their %s"'
    assert f"{user} may not read it, which belongs to stranger," in unknown.reason
    assert unknown.hint == f'say as stranger: GRANT SELECT ON "their %s" TO "{user}"'
    assert {it.name for it in found.differences if it.kind == "table"} == {"orders"}, "the rest is counted"


@pytest.mark.parametrize("side", ["one", "other"])
def test_a_lock_that_is_in_the_way_is_named_with_its_session(
    database: Database, other: Database, fork: int, side: str
) -> None:
    database.script("INSERT INTO orders VALUES ('new', ''); INSERT INTO bare VALUES ('new')")
    held = database if side == "one" else other
    with closing(connect(held)) as migration, migration.transaction():
        migration.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        found = compared(database, other, fork)
        pid = migration.info.backend_pid
    unknown = the_unknown(found)
    assert unknown.name == "orders"
    assert f"session {pid} of app (service, idle in transaction) holds AccessExclusiveLock" in unknown.reason
    assert unknown.hint == f"let it end, or say: SELECT pg_terminate_backend({pid})"
    assert [(it.name, it.missing) for it in found.differences] == [("bare", 1)]


def test_a_comparison_ends_when_its_time_is_over(database: Database, other: Database, fork: int) -> None:
    database.script("CREATE TABLE many (id int); INSERT INTO many SELECT generate_series(1, 300000)")
    begun = time.monotonic()
    found = Postgres(database).compare(Postgres(other), fork, seconds=0.2)
    assert time.monotonic() - begun < 30
    assert found.unknown
    assert "the time for the comparison was over" in found.unknown[-1].reason


def test_a_copy_that_goes_away_in_the_middle_is_unknown(database: Database, other: Database, fork: int) -> None:
    nobody = Database(Login("127.0.0.1", 1, "gone", "app", ""), connect_timeout=0.2)
    unknown = compared(nobody, other, fork).unknown
    assert {it.name for it in unknown} >= {"all tables", "sequences", "large objects"}


def test_more_rows_without_a_key_than_fit_are_unknown_and_not_guessed(
    database: Database, other: Database, fork: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_rows, "WITHOUT_KEY", 10)
    database.script("INSERT INTO bare SELECT n::text FROM generate_series(1, 100) n")
    unknown = the_unknown(compared(database, other, fork))
    assert unknown.name == "bare"
    assert "it has no key, and 100 rows or more are too many to compare" in unknown.reason


def test_many_tables_are_looked_at(database: Database, other: Database, fork: int) -> None:
    for each in (database, other):
        each.script(
            "DO $$ BEGIN FOR n IN 1 .. 200 LOOP EXECUTE format('CREATE TABLE many_%s (id int PRIMARY KEY)', n);"
            " END LOOP; END $$", timeout=60,
        )  # fmt: skip
    database.script("INSERT INTO many_200 VALUES (1)")
    assert by_table(compared(database, other, fork)) == {"many_200": (1, 0, 0)}
