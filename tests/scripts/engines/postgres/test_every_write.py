"""The guard stops every write of a service whose lease is over, however it is written and whenever it is committed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from tests.asserts.waiting import wait_until
from tests.scratch_database import connect, server
from tests.scripts.engines.postgres.leases import assert_refused, grant, let_it_end, watchmen

pytestmark = pytest.mark.drill
Session = psycopg.Connection[tuple[object, ...]]
READ_WRITE = "-c default_transaction_read_only=off"  # a session that insists
TABLES = """
    CREATE TABLE customers (id int PRIMARY KEY);
    CREATE TABLE bills (id int, customer int REFERENCES customers ON DELETE CASCADE ON UPDATE CASCADE);
    INSERT INTO customers SELECT generate_series(1, 9); INSERT INTO bills SELECT n, n FROM generate_series(1, 9) n;
    CREATE VIEW several AS SELECT id FROM customers;
    CREATE TABLE ruled (id int);
    CREATE RULE onward AS ON INSERT TO ruled DO INSTEAD INSERT INTO bills VALUES (NEW.id, 1);
    CREATE UNLOGGED TABLE unlogged (id int);
    CREATE TABLE parts (id int) PARTITION BY RANGE (id); CREATE TABLE part_1 PARTITION OF parts DEFAULT;
    CREATE FUNCTION definer() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO bills VALUES (7, 7)';
    CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO bills VALUES (8, 8); COMMIT; END $$;
    CREATE SEQUENCE numbers;
    GRANT ALL ON ALL TABLES IN SCHEMA public TO service; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO service;
"""
WRITES = {
    "insert": "INSERT INTO customers VALUES (10)",
    "update": "UPDATE customers SET id = 20 WHERE id = 2",
    "delete": "DELETE FROM bills",
    "cascade": "DELETE FROM customers",
    "truncate": "TRUNCATE bills",
    "truncate cascade": "TRUNCATE customers CASCADE",
    "with": "WITH gone AS (DELETE FROM bills RETURNING id) SELECT count(*) FROM gone",
    "merge": "MERGE INTO customers c USING (VALUES (3), (30)) v (id) ON c.id = v.id "
    "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.id)",
    "upsert": "INSERT INTO customers VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 11",
    "view": "INSERT INTO several VALUES (12)",
    "rule": "INSERT INTO ruled VALUES (13)",
    "unlogged": "INSERT INTO unlogged VALUES (1)",
    "partitioned": "INSERT INTO parts VALUES (1)",
    "partition": "INSERT INTO part_1 VALUES (1)",
    "security definer": "SELECT definer()",
    "block": "DO $$ BEGIN INSERT INTO bills VALUES (14, 1); END $$",
    "caught": "DO $$ BEGIN BEGIN RAISE EXCEPTION 'x'; "
    "EXCEPTION WHEN OTHERS THEN INSERT INTO bills VALUES (15, 1); END; END $$",
    "explain": "EXPLAIN ANALYZE INSERT INTO bills VALUES (16, 1)",
}  # fmt: skip
MAY_CONNECT = """
    SELECT a::text FROM pg_database, unnest(coalesce(datacl, acldefault('d', datdba))) a
    WHERE datname = current_database() ORDER BY 1
"""
UPDATE_OF_NOTHING = "UPDATE customers SET id = 20 WHERE false"


@pytest.fixture
def service(guarded: Database) -> Iterator[Session]:
    guarded.script(TABLES)
    guard.guard_new_tables(guarded)
    with closing(connect(guarded, "service", options=READ_WRITE)) as made:
        yield made


def end_of_lease(guarded: Database) -> None:
    """Now, for the triggers; the watchman looks later."""
    guarded.rows("SELECT setval('dr_guard.grace', 60000000)")
    guarded.rows("SELECT setval('dr_guard.valid_until', (extract(epoch FROM clock_timestamp()) * 1e6)::bigint)")


def begun(guarded: Database, service: Session, sql: str, *, seconds: float = 1.0) -> None:
    """A transaction that has written while the lease ran; afterwards it is over, and the watchman has done his work."""
    assert grant(guarded, seconds=60)
    service.execute("BEGIN")
    service.execute(sql.encode())
    assert grant(guarded, seconds=seconds)


def test_nothing_is_written_without_a_lease(guarded: Database, service: Session) -> None:
    for sql in (*WRITES.values(), UPDATE_OF_NOTHING):
        assert_refused(service, sql)
    grant(guarded)
    for sql in (*WRITES.values(), UPDATE_OF_NOTHING):
        service.execute("BEGIN")
        service.execute(sql.encode())
        service.execute("ROLLBACK")


def test_a_schema_of_the_service_is_nobody_elses_whatever_its_name(guarded: Database) -> None:
    guarded.script("CREATE SCHEMA dr; CREATE TABLE dr.marker (id int); CREATE TABLE dr.writer_lease (id int)")
    guard.guard_new_tables(guarded)
    with closing(connect(guarded)) as service:
        for table in ("dr.marker", "dr.writer_lease"):
            assert_refused(service, f"INSERT INTO {table} VALUES (1)")


def test_another_trigger_of_the_guards_name_is_not_taken_for_it(guarded: Database) -> None:
    guarded.script("""
        CREATE TABLE mine (id int);
        CREATE FUNCTION harmless() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER dr_writer_lease AFTER INSERT ON mine FOR EACH STATEMENT EXECUTE FUNCTION harmless();
        ALTER TABLE mine ENABLE ALWAYS TRIGGER dr_writer_lease;
    """)
    guard.guard_new_tables(guarded)
    assert [each.reason for each in guard.unguarded(guarded) if each.name == "public.mine"] == [
        'trigger "dr_writer_lease" for relation "mine" already exists'
    ]
    guarded.script("ALTER TRIGGER dr_writer_lease ON mine RENAME TO theirs")
    guarded.rows("UPDATE dr_guard.unguarded SET next_try = clock_timestamp()")
    guard.guard_new_tables(guarded)
    assert "public.mine" not in [each.name for each in guard.unguarded(guarded)]
    with closing(connect(guarded)) as service:
        assert_refused(service, "INSERT INTO mine VALUES (1)")


def test_a_procedure_that_commits_is_refused(guarded: Database, service: Session) -> None:
    assert_refused(service, "CALL commits()")
    grant(guarded)
    service.execute("CALL commits()")


def test_nothing_commits_after_its_lease(guarded: Database, service: Session) -> None:
    """By the check at commit alone, before the watchman has come."""
    for sql in WRITES.values():
        grant(guarded)
        service.execute("BEGIN")
        service.execute(sql.encode())
        end_of_lease(guarded)
        assert_refused(service, "COMMIT")


@pytest.mark.parametrize(
    "dodge",
    [
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL IMMEDIATE",
        "DO $$ BEGIN EXECUTE 'SET CONSTRAINTS ALL IMMEDIATE'; END $$",
        "SELECT lo_create(0)",
        "SELECT nextval('numbers')",
        "CREATE TABLE new_one (id int)",
        "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM customers",
    ],
)
@pytest.mark.parametrize("early", [True, False])
def test_no_transaction_outlives_its_lease(guarded: Database, service: Session, dodge: str, *, early: bool) -> None:
    """What dodges the check at commit, or is seen by no trigger, is ended by the watchman."""
    write = "INSERT INTO bills VALUES (99, 1)"
    begun(guarded, service, f"{dodge}; {write}" if early else f"{write}; {dodge}")
    let_it_end(guarded)
    with pytest.raises(psycopg.Error):
        service.execute("COMMIT")
    assert guarded.rows("SELECT count(*) FROM bills WHERE id = 99") == [(0,)]
    assert guarded.rows("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]
    assert guarded.rows("SELECT to_regclass('public.new_one')") == [(None,)]


def test_the_watchman_outlives_the_agent_that_called_him(guarded: Database, service: Session) -> None:
    """The agent's process is gone with all of its connections, and the transaction dodges the check at commit."""
    login = guarded.login
    agent = f"""
from datetime import timedelta
from scripts.core.net import Login
from scripts.engines.postgres.session import Database
from scripts.engines.postgres import guard
database = Database(Login({login.host!r}, {login.port}, {login.database!r}, {login.user!r}, ""))
guard.grant(database, "primary", 1, guard.clock(database) + timedelta(seconds=3))
import os
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", agent], check=True)
    service.execute("BEGIN")
    service.execute("SET CONSTRAINTS ALL IMMEDIATE")
    service.execute("INSERT INTO bills VALUES (99, 1)")
    let_it_end(guarded)
    with pytest.raises(psycopg.OperationalError):
        service.execute("COMMIT")
    assert guarded.rows("SELECT count(*) FROM bills WHERE id = 99") == [(0,)]


def test_one_watchman_is_enough_and_another_takes_his_place(guarded: Database) -> None:
    for _ in range(3):
        grant(guarded)
    wait_until(lambda: len(watchmen(guarded)) == 1, timeout=5, what="one watchman")
    (first,) = watchmen(guarded)
    guarded.rows("SELECT pg_terminate_backend(%(pid)s)", {"pid": first})
    wait_until(
        lambda: grant(guarded) and len(now := watchmen(guarded)) == 1 and now != [first], timeout=5, what="the next one"
    )


def test_after_a_revocation_nothing_at_all_is_written(guarded: Database, service: Session) -> None:
    grant(guarded)
    with closing(connect(guarded)) as owner:
        owner.execute("BEGIN")
        owner.execute("INSERT INTO bills VALUES (99, 1)")
        service.execute("SELECT lo_create(0)")
        assert guard.revoke(guarded, "secondary", 2)
        for each in (owner, service):
            with pytest.raises(psycopg.OperationalError):
                each.execute("COMMIT")
    assert not [each for each in guard.why_not_closed(guarded) if "(service)" in each]
    let_it_end(guarded)  # the watchman ends whoever connects while he is still there
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        connect(guarded, "service")
    wait_until(lambda: not watchmen(guarded), timeout=10, what="the watchman to end who came just before the closing")
    with closing(connect(guarded)) as owner:  # who owns the database may connect, and begins read-only
        for sql in (
            *WRITES.values(),
            UPDATE_OF_NOTHING,
            "SELECT lo_create(0)",
            "CREATE TABLE new_one (id int)",
            "SELECT nextval('numbers')",
        ):
            assert_refused(owner, sql)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), owner.cursor().copy("COPY bills FROM STDIN") as rows:
            rows.write_row((99, 1))
    assert guarded.rows("SELECT count(*) FROM bills WHERE id = 99") == [(0,)]
    assert guard.revoke(guarded, "secondary", 2), "it can be repeated"


def test_a_grant_opens_what_was_closed(guarded: Database, service: Session) -> None:
    acl = guarded.rows(MAY_CONNECT)
    grant(guarded)
    guard.revoke(guarded, "secondary", 2)
    with closing(connect(guarded)) as pooled:
        assert_refused(pooled, "INSERT INTO bills VALUES (99, 1)")
        assert grant(guarded, "secondary", 2)
        with pytest.raises(psycopg.OperationalError):
            pooled.execute("SELECT 1")  # it would have stayed read-only
    with closing(connect(guarded, "service")) as again:
        again.execute("INSERT INTO bills VALUES (99, 1)")
        again.execute("SELECT lo_create(0)")
    now = guarded.rows(MAY_CONNECT)
    assert now == acl


def test_a_database_that_lost_its_lease_is_closed_by_whoever_looks(guarded: Database) -> None:
    grant(guarded)
    guard.close(guarded)
    assert guarded.rows("SELECT count(*) FROM dr_guard.closing") == [(0,)], "the lease still runs"
    end_of_lease(guarded)
    guard.close(guarded)
    with closing(connect(guarded)) as owner:
        assert_refused(owner, "CREATE TABLE new_one (id int)")


def test_a_revocation_flushes_what_was_acknowledged_asynchronously(guarded: Database) -> None:
    database = guarded.login.database
    guarded.script(f"ALTER DATABASE {database} SET synchronous_commit = off")
    guarded.close()
    grant(guarded)
    with closing(connect(guarded)) as service:
        for n in range(200):
            service.execute(f"INSERT INTO orders VALUES ('{n}', '')".encode())
        written = service.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
    guard.revoke(guarded, "secondary", 2)
    assert written is not None
    assert guarded.rows("SELECT pg_current_wal_flush_lsn() >= %(lsn)s::pg_lsn", {"lsn": written[0]}) == [(True,)]


def test_a_prepared_transaction_is_named(guarded: Database, service: Session) -> None:
    grant(guarded)
    service.execute("BEGIN")
    service.execute("INSERT INTO bills VALUES (99, 1)")
    service.execute("PREPARE TRANSACTION 'the ''bill'''")
    try:
        (found,) = [each for each in guard.unguarded(guarded) if "prepared" in each.name]
        assert "'the ''bill'''" in found.name
        guard.revoke(guarded, "secondary", 2)
        with pytest.raises(psycopg.OperationalError):  # ended, and not let in again: nobody is there to commit it
            service.execute("COMMIT PREPARED 'the ''bill'''")
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            connect(guarded, "service")
        grant(guarded, "secondary", 2)
    finally:
        with closing(connect(guarded, "service")) as again:
            again.execute("ROLLBACK PREPARED 'the ''bill'''")


def test_nobody_prepares_a_transaction_after_its_lease(guarded: Database, service: Session) -> None:
    begun(guarded, service, "INSERT INTO bills VALUES (99, 1)", seconds=60)
    end_of_lease(guarded)
    assert_refused(service, "PREPARE TRANSACTION 'late'")


def test_a_session_in_replica_mode_is_refused_too(database: Database) -> None:
    guard.install(database)
    with closing(connect(database)) as restore:
        restore.execute("SET session_replication_role = replica")
        assert_refused(restore, "INSERT INTO orders VALUES ('a', '')")
        assert_refused(restore, "DELETE FROM orders")


def test_changes_that_come_from_another_database_are_refused_too() -> None:
    """Logical replication fires triggers of rows alone, and those only that are for replicas."""
    with server(wal_level="logical") as login, Database(login) as source:
        source.script("CREATE TABLE orders (id text PRIMARY KEY, note text); CREATE PUBLICATION p FOR TABLE orders")
        source.rows("CREATE DATABASE target")
        source.rows("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
        with Database(Login(login.host, login.port, "target", login.user, "")) as target:
            target.script("CREATE TABLE orders (id text PRIMARY KEY, note text)")
            guard.install(target)
            grant(target)
            target.rows(
                f"CREATE SUBSCRIPTION sub CONNECTION 'host={login.host} port={login.port} dbname={login.database} "
                f"user={login.user}' PUBLICATION p WITH (create_slot = false, slot_name = 's', copy_data = false)"
            )
            source.rows("INSERT INTO orders VALUES ('with', '')")
            wait_until(lambda: target.rows("SELECT id FROM orders") == [("with",)], timeout=20, what="the first change")
            end_of_lease(target)
            source.rows("INSERT INTO orders VALUES ('without', '')")
            errors = "SELECT apply_error_count FROM pg_stat_subscription_stats"
            wait_until(lambda: target.rows(errors) > [(0,)], timeout=20, what="the next one to be refused")
            assert target.rows("SELECT id FROM orders") == [("with",)]
            grant(target)
            wait_until(lambda: len(target.rows("SELECT id FROM orders")) == 2, timeout=20, what="it to be applied")
            target.script("ALTER SUBSCRIPTION sub DISABLE; ALTER SUBSCRIPTION sub SET (slot_name = NONE)")
            target.script("DROP SUBSCRIPTION sub")


class TestWithEventTriggers:
    """Where our role may make them: a superuser here, the main user on RDS."""

    def test_a_table_is_born_guarded_whoever_makes_it(self, database: Database) -> None:
        guard.install(database)
        database.script("DROP ROLE IF EXISTS maker; CREATE ROLE maker LOGIN; GRANT CREATE ON SCHEMA public TO maker")
        grant(database)
        with closing(connect(database, "maker", options=READ_WRITE)) as maker:
            maker.execute("CREATE TABLE born (id int)")
            maker.execute("CREATE TABLE copied AS SELECT 1 AS id")
            maker.execute("SELECT 1 AS id INTO selected")
            assert guard.guard_new_tables(database) == 0
            assert guard.unguarded(database) == []
            end_of_lease(database)
            for table in ("born", "copied", "selected"):
                assert_refused(maker, f"INSERT INTO {table} VALUES (1)")
        database.script("DROP OWNED BY maker")

    @pytest.mark.parametrize("sql", [
        "CREATE TABLE late (id int)", "ALTER TABLE orders ADD extra int", "DROP TABLE orders", "CREATE SEQUENCE s",
        "CREATE SCHEMA late", "CREATE INDEX ON orders (note)", "CREATE TABLE late AS SELECT 1",
    ])  # fmt: skip
    def test_no_ddl_without_a_lease_nor_after_it(self, database: Database, sql: str) -> None:
        guard.install(database)
        with closing(connect(database, options=READ_WRITE)) as service:
            assert_refused(service, sql)
            grant(database)
            service.execute("BEGIN")
            service.execute(sql.encode())
            end_of_lease(database)
            assert_refused(service, "COMMIT")

    @pytest.mark.parametrize("sql", [
        "DROP SCHEMA dr_guard CASCADE", "DROP FUNCTION dr_guard.refuse_without_lease() CASCADE",
        "DROP TRIGGER dr_writer_lease ON orders",
        "DROP TABLE dr_guard.writer_lease", "DROP OWNED BY app CASCADE",
    ])  # fmt: skip
    def test_the_guard_is_not_dropped_by_the_way(self, database: Database, sql: str) -> None:
        guard.install(database)
        grant(database)
        with closing(connect(database)) as service, pytest.raises(psycopg.Error):
            service.execute(sql.encode())
        assert guard.unguarded(database) == []

    def test_a_trigger_that_was_turned_off_is_on_when_the_statement_ends(self, database: Database) -> None:
        guard.install(database)
        grant(database)
        with closing(connect(database, options=READ_WRITE)) as service:
            service.execute("ALTER TABLE orders DISABLE TRIGGER ALL")
            service.execute("ALTER TABLE orders ENABLE TRIGGER ALL")  # would leave it to sessions of the origin
            assert guard.unguarded(database) == []
            service.execute("DROP TABLE orders")  # what the service owns it may drop, the triggers with it
