"""The guard stops no healthy service, whatever its tables, its names, its transactions and its settings are."""

import time
from contextlib import closing

import psycopg
import pytest

from scripts.engines.postgres import guard, markers
from scripts.engines.postgres.session import Database
from tests.asserts.waiting import wait_until
from tests.scratch_database import connect
from tests.scripts.engines.postgres.leases import assert_refused, grant, let_it_end, renewed

pytestmark = pytest.mark.drill
WRITE = "INSERT INTO orders VALUES (gen_random_uuid()::text, '')"


def test_a_table_of_another_role_stops_nothing_and_is_named(managed: Database, database: Database) -> None:
    database.script("""
        DROP ROLE IF EXISTS stranger; CREATE ROLE stranger; CREATE SCHEMA theirs AUTHORIZATION stranger;
        SET ROLE stranger; CREATE TABLE theirs.ledger (id int); RESET ROLE;
    """)
    guard.install(managed)
    managed.script("CREATE TABLE later (id int)")
    assert guard.guard_new_tables(managed) == 1
    assert grant(managed)
    managed.rows("INSERT INTO later VALUES (1)")
    (found,) = [each for each in guard.unguarded(managed) if each.name == "theirs.ledger"]
    assert "it belongs to stranger" in found.reason
    assert "GRANT TRIGGER ON theirs.ledger TO" in found.reason
    database.script(f"GRANT TRIGGER ON theirs.ledger TO {managed.login.user}; GRANT USAGE ON SCHEMA theirs TO PUBLIC")
    wait_until(lambda: guard.guard_new_tables(managed) == 1, timeout=10, what="the table to be tried again")
    assert "theirs.ledger" not in [each.name for each in guard.unguarded(managed)]


def test_a_load_into_a_new_table_is_waited_for_by_nobody(guarded: Database) -> None:
    guarded.script("CREATE TABLE fresh (id int); CREATE TABLE other (id int)")
    with closing(connect(guarded)) as load, renewed(guarded, seconds=5):
        load.execute("BEGIN")
        load.execute("INSERT INTO fresh SELECT generate_series(1, 1000)")
        began = time.monotonic()
        assert guard.guard_new_tables(guarded) == 1, "the other one"
        assert time.monotonic() - began < 10
        assert [each.reason for each in guard.unguarded(guarded) if each.name == "public.fresh"] == [
            "its lock is held by a transaction that writes into it"
        ]
        load.execute("COMMIT")
        wait_until(lambda: guard.guard_new_tables(guarded) == 1, timeout=10, what="the table to be tried again")
    assert guarded.rows("SELECT count(*) FROM fresh") == [(1000,)]


def test_a_renewal_waits_for_no_table(guarded: Database) -> None:
    grant(guarded)
    with closing(connect(guarded)) as busy:
        busy.execute("BEGIN")
        busy.execute("LOCK TABLE orders")
        began = time.monotonic()
        assert grant(guarded)
        assert time.monotonic() - began < 2
        busy.execute("ROLLBACK")


def test_thousands_of_tables_made_in_one_commit_are_guarded(guarded: Database) -> None:
    guarded.script("""
        DO $$ BEGIN FOR n IN 1 .. 2000 LOOP EXECUTE format('CREATE TABLE many_%s (id int)', n); END LOOP; END $$
    """, timeout=60)  # fmt: skip
    with renewed(guarded, seconds=10):
        assert guard.guard_new_tables(guarded) == 2000
    assert not [each for each in guard.unguarded(guarded) if "many_" in each.name]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_is_older_than_the_lease_writes(guarded: Database, level: str) -> None:
    with closing(connect(guarded)) as old, renewed(guarded, seconds=2):
        old.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
        old.execute("SELECT count(*) FROM orders")
        began = guarded.rows("SELECT clock_timestamp()")[0][0]
        wait_until(
            lambda: guarded.rows("SELECT clock_timestamp() - %(began)s > interval '3 seconds'", {"began": began})[0][0],
            timeout=10, what="the first lease to be over",
        )  # fmt: skip
        old.execute(WRITE)
        old.execute("COMMIT")


SETTINGS = {
    "default_transaction_read_only": "on", "default_transaction_isolation": "serializable", "search_path": "''",
    "statement_timeout": "1", "lock_timeout": "1", "idle_in_transaction_session_timeout": "1", "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard", "timezone": "'Asia/Kathmandu'", "client_encoding": "LATIN1",
    "bytea_output": "escape",
    "synchronous_commit": "off", "extra_float_digits": "-10", "quote_all_identifiers": "on", "row_security": "off",
}  # fmt: skip


def test_the_settings_of_a_role_and_a_database_change_nothing_for_us(guarded: Database) -> None:
    login, before = guarded.login, guarded.rows("SELECT clock_timestamp()")[0][0]
    for name, value in SETTINGS.items():
        guarded.script(f"ALTER ROLE {login.user} IN DATABASE {login.database} SET {name} = {value}")
    guarded.close()
    try:
        guarded.script("CREATE TABLE \"späte %s\" (at interval DEFAULT '1 day 2 hours')")
        assert guard.guard_new_tables(guarded) == 1
        assert grant(guarded, seconds=30)
        held = guard.read(guarded)
        assert held is not None
        assert 25 < (held.valid_until - before).total_seconds() < 60
        markers.write(guarded, "x", "primary", 1, "ä")
        found = markers.read(guarded, "x")
        assert found is not None
        assert found.note == "ä"
        assert guard.revoke(guarded, "secondary", 2)
        assert not [each for each in guard.why_not_closed(guarded) if "(service)" in each]
    finally:
        guarded.script(f"ALTER ROLE {login.user} IN DATABASE {login.database} RESET ALL")


NAMES = ["with space", 'quo"ted', "per%cent", "per%%s", "dot.ted", "new\nline", "back\\slash", "ünï→", "x" * 63,
         "select", "$1", "Case"]  # fmt: skip


def test_every_name_is_guarded(guarded: Database) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in NAMES]
    for name in quoted:
        guarded.script(f"CREATE SCHEMA {name}; CREATE TABLE {name}.{name} (id int)")
    assert guard.guard_new_tables(guarded) == len(NAMES)
    with closing(connect(guarded)) as service:
        for name in quoted:
            assert_refused(service, f"INSERT INTO {name}.{name} VALUES (1)")
        grant(guarded)
        for name in quoted:
            service.execute(f"INSERT INTO {name}.{name} VALUES (1)".encode())


def test_every_kind_of_table_is_guarded(guarded: Database) -> None:
    guarded.script("""
        CREATE TABLE parts (id int) PARTITION BY RANGE (id);
        CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
        CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
        CREATE TABLE part_2_1 PARTITION OF part_2 FOR VALUES FROM (10) TO (20);
        CREATE TABLE alone (id int);
        CREATE TABLE parent (id int);
        CREATE TABLE child () INHERITS (parent);
        CREATE UNLOGGED TABLE unlogged (id int);
        CREATE TEMP TABLE temporary (id int);
    """)
    assert guard.guard_new_tables(guarded) == 8
    guarded.script("ALTER TABLE parts ATTACH PARTITION alone FOR VALUES FROM (20) TO (30)")
    guarded.script("ALTER TABLE parts DETACH PARTITION part_1")
    assert guard.guard_new_tables(guarded) == 0
    with closing(connect(guarded)) as service:
        for table, number in [("part_1", 1), ("parts", 12), ("part_2_1", 12), ("alone", 22), ("parts", 22),
                              ("child", 1), ("parent", 1), ("unlogged", 1)]:  # fmt: skip
            assert_refused(service, f"INSERT INTO {table} VALUES ({number})")
        grant(guarded)
        for table, number in [("part_1", 1), ("parts", 12), ("alone", 22), ("child", 1), ("unlogged", 1)]:
            service.execute(f"INSERT INTO {table} VALUES ({number})".encode())
        service.execute("CREATE TEMP TABLE mine (id int)")
        service.execute("INSERT INTO mine VALUES (1)")


def test_a_trigger_that_was_turned_off_is_turned_on_again(guarded: Database) -> None:
    grant(guarded)
    guarded.script("ALTER TABLE orders DISABLE TRIGGER USER")
    assert [each.name for each in guard.unguarded(guarded) if "orders" in each.name] == ["public.orders"]
    assert guard.guard_new_tables(guarded) == 1
    guarded.script(
        "ALTER TABLE orders DISABLE TRIGGER dr_writer_lease; DROP TRIGGER dr_writer_lease_truncate ON orders"
    )
    assert guard.guard_new_tables(guarded) == 1
    guard.revoke(guarded, "secondary", 2)
    let_it_end(guarded)
    with closing(connect(guarded, options="-c default_transaction_read_only=off")) as service:
        assert_refused(service, WRITE)
        assert_refused(service, "TRUNCATE orders")


def test_triggers_of_the_service_and_prepared_statements_go_on(guarded: Database) -> None:
    guarded.script("""
        CREATE FUNCTION fussy() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.note = 'bad' THEN RAISE EXCEPTION 'fussy'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER a_fussy BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fussy();
    """)
    with closing(connect(guarded)) as service, renewed(guarded, seconds=5):
        service.execute("PREPARE put AS INSERT INTO orders VALUES ($1, $2)")
        service.execute("LISTEN news")
        for n in range(20):
            service.execute("BEGIN")
            service.execute(f"EXECUTE put('{n}', '')".encode())
            service.execute("SAVEPOINT s")
            with pytest.raises(psycopg.Error, match="fussy"):
                service.execute(f"EXECUTE put('b{n}', 'bad')".encode())
            service.execute("ROLLBACK TO SAVEPOINT s")
            service.execute("NOTIFY news")
            service.execute("COMMIT")
    assert guarded.rows("SELECT count(*) FROM orders") == [(20,)]


def test_a_service_with_a_role_of_its_own_needs_no_right_on_the_guard(guarded: Database) -> None:
    guarded.script("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    guard.install(guarded)
    with closing(connect(guarded, "service")) as service:
        assert_refused(service, WRITE)
        grant(guarded)
        service.execute(WRITE)
        service.execute("TRUNCATE orders")


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "SERIALIZABLE"])
def test_a_migration_changes_rows_and_their_table_in_one_transaction(guarded: Database, isolation: str) -> None:
    """ALTER TABLE refuses a table with an event that waits for the commit: the guard may leave none there."""
    with closing(connect(guarded)) as service, renewed(guarded, seconds=5):
        service.execute("CREATE TABLE bills (id int PRIMARY KEY, order_id text REFERENCES orders ON DELETE CASCADE)")
        guard.guard_new_tables(guarded)
        with service.transaction():
            service.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
            service.execute("INSERT INTO orders VALUES ('a', NULL)")
            service.execute("ALTER TABLE orders ADD paid boolean")
            service.execute("UPDATE orders SET paid = false, note = ''")
            service.execute("ALTER TABLE orders ALTER paid SET NOT NULL, ALTER note SET NOT NULL")
            service.execute("CREATE INDEX ON orders (paid)")
            service.execute("DELETE FROM orders WHERE paid")
            service.execute("TRUNCATE bills")
            service.execute("ALTER TABLE bills RENAME TO invoices")
            service.execute("DROP TABLE invoices")
    assert guarded.rows("SELECT paid FROM orders") == [(False,)]


def test_what_carries_the_check_at_commit_does_not_grow(guarded: Database) -> None:
    with closing(connect(guarded)) as service, renewed(guarded, seconds=5):
        for _ in range(20):
            service.execute(WRITE)
        assert guarded.rows("SELECT count(*) > 0 FROM dr_guard.check_at_commit") == [(True,)]
        guard.guard_new_tables(guarded)
        assert guarded.rows("SELECT count(*) FROM dr_guard.check_at_commit") == [(0,)]


def test_serializable_transactions_do_not_fail_for_the_guard(guarded: Database) -> None:
    """Two that write into different tables have nothing in common."""
    guarded.script("CREATE TABLE bills (id int PRIMARY KEY); GRANT ALL ON bills TO PUBLIC")
    guard.guard_new_tables(guarded)
    with closing(connect(guarded)) as one, closing(connect(guarded)) as two, renewed(guarded, seconds=5):
        for each in (one, two):
            each.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
        for n in range(2):
            one.execute(f"INSERT INTO orders VALUES ('{n}', '')".encode())
            two.execute(f"INSERT INTO bills VALUES ({n})".encode())
        one.execute("COMMIT")
        two.execute("COMMIT")
