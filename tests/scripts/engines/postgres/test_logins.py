"""
The logins of services on a real PostgreSQL, whose owner is no superuser, as in a cloud: each may do its work, and
nothing to the guard, whatever it tries.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from model.logins import MIGRATE, password_of, service_role
from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.logins import end_sessions, keep
from scripts.engines.postgres.session import ENGINE_ONLY, Database
from tests.asserts.waiting import wait_until
from tests.scratch_database import server

pytestmark = pytest.mark.drill
OWNER, SHOP, STOCK = "pair_owner", service_role("shop"), service_role("stock")
Session = psycopg.Connection[tuple[object, ...]]


def passwords(owners: str = "first", *roles: str) -> dict[str, str]:
    return {role: password_of(owners, "pair", "core", role) for role in (roles or (MIGRATE, SHOP, STOCK))}


@pytest.fixture(scope="module")
def owned() -> Iterator[Login]:
    """A server that asks everybody but its superuser and the owner for a password."""
    with server() as login, Database(login) as superuser:
        hba = Path(superuser.rows("SHOW hba_file")[0][0])
        lines = [f"host all {login.user},{OWNER} 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"]
        hba.write_text("\n".join(lines) + "\n")
        superuser.rows("SELECT pg_reload_conf()")
        superuser.script(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE")
        superuser.script(f"GRANT pg_monitor, pg_signal_backend TO {OWNER}")
        yield Login(login.host, login.port, "", OWNER, "")


@pytest.fixture
def core(owned: Login) -> Iterator[Database]:
    """A database of its own with the guard, a lease that runs, and its logins; its tables come from a migration."""
    maintenance = Login(owned.host, owned.port, "postgres", OWNER, "")
    with Database(maintenance) as made:
        made.script("CREATE DATABASE core")
    with Database(Login(owned.host, owned.port, "core", OWNER, ""), search_path=ENGINE_ONLY) as database:
        guard.install(database)
        grant(database)
        keep(database, passwords(), anew=True)
        with closing(connect(database, MIGRATE)) as migration:
            migration.execute("CREATE TABLE orders (id serial PRIMARY KEY, note text)")
        guard.guard_new_tables(database)
        yield database
        database.script("ALTER ROLE dr_shop_service RESET ALL")
    with Database(maintenance) as made:
        made.script("DROP DATABASE core WITH (FORCE)")
        for role in (SHOP, STOCK, MIGRATE):
            made.script(f"DROP ROLE IF EXISTS {role}")


def grant(database: Database, seconds: float = 60) -> None:
    clock = guard.clock(database)
    assert clock is not None
    assert guard.grant(database, "primary", 1, clock + timedelta(seconds=seconds))


def connect(database: Database, role: str, password: str = "") -> Session:
    login = database.login
    return psycopg.connect(
        host=login.host, port=login.port, dbname="core", user=role, autocommit=True, application_name="dr",
        password=password or passwords("first", role)[role],
    )  # fmt: skip


def test_a_service_reads_and_writes_what_migrations_made_before_and_after(core: Database) -> None:
    with closing(connect(core, SHOP)) as shop, closing(connect(core, MIGRATE)) as migration:
        shop.execute("INSERT INTO orders (note) VALUES ('a')")
        shop.execute("UPDATE orders SET note = 'b'")
        migration.execute("CREATE SCHEMA parcels")
        migration.execute("CREATE TABLE parcels.sent (id serial PRIMARY KEY, note text)")
        migration.execute("ALTER TABLE orders ADD COLUMN more text")
        shop.execute("INSERT INTO parcels.sent (note) VALUES ('c')")
        assert shop.execute("SELECT note, more FROM orders").fetchall() == [("b", None)]
        shop.execute("DELETE FROM orders")
        assert shop.execute("SELECT max(epoch) FROM dr_guard.writer_lease").fetchone() == (1,)


ATTACKS = (
    "DROP TRIGGER dr_writer_lease ON orders",
    "ALTER TABLE orders DISABLE TRIGGER dr_writer_lease",
    "ALTER TABLE orders DISABLE TRIGGER ALL",
    "ALTER TABLE orders ENABLE REPLICA TRIGGER dr_writer_lease_at_commit",
    "ALTER TRIGGER dr_writer_lease ON orders RENAME TO mine",
    "ALTER TABLE orders OWNER TO CURRENT_USER",
    "ALTER TABLE orders RENAME TO theirs",
    "CREATE TRIGGER first BEFORE INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION dr_guard.refuse_without_lease()",
    "CREATE RULE none AS ON INSERT TO orders DO INSTEAD NOTHING",
    "DROP TABLE orders",
    "TRUNCATE orders",
    "CREATE TABLE unguarded (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION may_write() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION dr_guard.may_write() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    (
        "CREATE OR REPLACE FUNCTION dr_guard.refuse_without_lease() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'"
    ),
    "ALTER FUNCTION dr_guard.refuse_without_lease() SET search_path = pg_temp",
    "DROP FUNCTION dr_guard.refuse_without_lease() CASCADE",
    "DROP SCHEMA dr_guard CASCADE",
    "ALTER SCHEMA dr_guard RENAME TO gone",
    "CREATE TABLE dr_guard.mine (id int)",
    "SELECT setval('dr_guard.valid_until', 9000000000000000)",
    "SELECT nextval('dr_guard.valid_until')",
    "ALTER SEQUENCE dr_guard.valid_until RESTART",
    "SELECT setval('dr_guard.granted_to', 1)",
    "SELECT setval('dr_guard.grace', 9000000000000000)",
    "DROP SEQUENCE dr_guard.valid_until CASCADE",
    "UPDATE dr_guard.writer_lease SET valid_until = 'infinity'",
    "SELECT * FROM dr_guard.writer_lease FOR UPDATE",
    "LOCK TABLE dr_guard.writer_lease IN ACCESS EXCLUSIVE MODE",
    "DELETE FROM dr_guard.closing",
    "INSERT INTO dr_guard.check_at_commit VALUES (true)",
    "SELECT * FROM dr_guard.logins",
    "INSERT INTO dr_guard.logins VALUES ('pair_owner', '')",
    "INSERT INTO dr_guard.unguarded VALUES (0, '', '', 1, now())",
    "SELECT dr_guard.close(false)",
    "SELECT dr_guard.reopen()",
    "SELECT dr_guard.end_sessions()",
    "CALL dr_guard.keep_watch()",
    "CALL dr_guard.guard_tables(1, 0)",
    "SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
    "SET ROLE dr_migrate",
    "SET ROLE pair_owner",
    "SET SESSION AUTHORIZATION pair_owner",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE dr_migrate PASSWORD 'mine'",
    "ALTER ROLE pair_owner PASSWORD 'mine'",
    "GRANT dr_migrate TO CURRENT_USER",
    "CREATE ROLE another LOGIN",
    "ALTER DATABASE core OWNER TO CURRENT_USER",
    "ALTER DATABASE core RESET default_transaction_read_only",
    "CREATE EXTENSION hstore",
    "CREATE EXTENSION dblink",
    "CREATE PUBLICATION everything",
    "CREATE SUBSCRIPTION everything CONNECTION 'host=localhost' PUBLICATION all WITH (connect = false)",
    "COMMENT ON SCHEMA dr_guard IS 'guard 0'",
    "COMMENT ON TRIGGER dr_writer_lease ON orders IS 'mine'",
    "ALTER DEFAULT PRIVILEGES FOR ROLE dr_migrate REVOKE ALL ON TABLES FROM dr_stock_service",
    "COPY orders TO PROGRAM 'true'",
    "REINDEX SYSTEM core",
    "UPDATE pg_catalog.pg_trigger SET tgenabled = 'D'",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pair_owner' AND pid <> pg_backend_pid()",
    "SELECT pg_promote()",
    "SELECT pg_reload_conf()",
    "REASSIGN OWNED BY dr_migrate TO CURRENT_USER",
    "DROP OWNED BY dr_stock_service",
)


def refused(session: Session, sql: str) -> str:
    with pytest.raises(psycopg.Error) as error:
        session.execute(sql.encode())
    return error.value.sqlstate or ""


def test_a_service_can_do_nothing_to_the_guard(core: Database) -> None:
    with closing(connect(core, SHOP)) as shop:
        got_through = {sql: code for sql in ATTACKS if (code := refused_or_not(shop, sql)) is None}
        assert got_through == {}
        guard.revoke(core, "(left behind)", 2)
    assert core.rows("SELECT name FROM dr_guard.bare") == []


def refused_or_not(session: Session, sql: str) -> str | None:
    try:
        session.execute(sql.encode())
    except psycopg.Error as error:
        return error.sqlstate or type(error).__name__
    session.execute("RESET ALL")
    return None


def test_a_closed_database_lets_no_service_in_whatever_it_prepared(core: Database) -> None:
    with closing(connect(core, SHOP)) as shop, closing(connect(core, MIGRATE)) as migration:
        shop.execute("ALTER ROLE CURRENT_USER SET default_transaction_read_only = off")
        shop.execute("BEGIN")
        shop.execute("SET CONSTRAINTS ALL IMMEDIATE")
        shop.execute("INSERT INTO orders (note) VALUES ('late')")
        assert guard.revoke(core, "(left behind)", 2)
        for session in (shop, migration):
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
    for role in (SHOP, STOCK, MIGRATE):
        with pytest.raises(psycopg.OperationalError, match="CONNECT"):
            connect(core, role)
    keep(core, passwords(), anew=True)  # as an agent that does not know yet would
    with pytest.raises(psycopg.OperationalError, match="CONNECT"):
        connect(core, SHOP)
    assert core.rows("SELECT count(*) FROM public.orders") == [(0,)]


def test_no_service_keeps_the_watchman_from_his_watch(core: Database) -> None:
    """Whoever holds what he takes for a sign that another one watches would keep a database open for ever."""
    core.rows("SELECT pg_terminate_backend(pid) FROM dr_guard.watchmen")
    wait_until(lambda: core.rows("SELECT FROM dr_guard.watchmen") == [], timeout=10, what="the watchman to go")
    with closing(connect(core, SHOP)) as shop:
        shop.execute("SELECT pg_advisory_lock(7311954020252), pg_advisory_lock(7311954020253)")
        shop.execute("SET application_name = 'dr-watchman'")
        guard.install(core)
        grant(core, seconds=0.5)
        closed = "SELECT EXISTS (SELECT FROM dr_guard.closing)"
        wait_until(lambda: core.rows(closed) == [(True,)], timeout=10, what="the watchman to close the database")
        with pytest.raises(psycopg.OperationalError):
            wait_until(lambda: shop.execute("SELECT 1") is None, timeout=10, what="the session to be ended")


def test_a_new_password_of_the_owner_renews_the_others_and_ends_their_sessions(core: Database) -> None:
    with closing(connect(core, SHOP)) as shop:
        keep(core, passwords("first"))
        shop.execute("SELECT 1")
        keep(core, passwords("second"))
        with pytest.raises(psycopg.OperationalError):
            wait_until(lambda: shop.execute("SELECT 1") is None, timeout=5, what="the session to be ended")
    for role, old in passwords("first").items():
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(core, role, old)
        connect(core, role, passwords("second")[role]).close()


def test_a_role_that_locked_itself_or_was_locked_is_let_in_again(core: Database) -> None:
    with closing(connect(core, SHOP)) as shop:
        shop.execute("ALTER ROLE CURRENT_USER PASSWORD 'mine'")
    core.script(f"ALTER ROLE {STOCK} NOLOGIN")
    keep(core, passwords())
    connect(core, STOCK).close()
    keep(core, passwords(), anew=True)
    connect(core, SHOP).close()


def test_a_service_that_no_longer_names_the_store_is_shut_out(core: Database) -> None:
    with closing(connect(core, STOCK)) as stock:
        keep(core, passwords("first", MIGRATE, SHOP))
        with pytest.raises(psycopg.OperationalError):
            wait_until(lambda: stock.execute("SELECT 1") is None, timeout=5, what="the session to be ended")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        connect(core, STOCK)
    keep(core, passwords())
    with closing(connect(core, STOCK)) as stock:
        stock.execute("INSERT INTO orders (note) VALUES ('back')")


def test_what_somebody_gave_a_service_is_taken_from_it(core: Database) -> None:
    core.script(f"GRANT {MIGRATE} TO {SHOP}; ALTER ROLE {SHOP} CREATEROLE")
    keep(core, passwords())
    with closing(connect(core, SHOP)) as shop:
        assert refused(shop, f"SET ROLE {MIGRATE}") == "42501"
        assert refused(shop, "CREATE ROLE another") == "42501"


def test_no_function_of_a_migration_runs_with_the_rights_of_the_owner(core: Database) -> None:
    """A name that fits better than the engine's own is taken before it, where a search path leads there."""
    with closing(connect(core, MIGRATE)) as migration:
        migration.execute("""
            CREATE FUNCTION public.setval(text, bigint) RETURNS bigint LANGUAGE plpgsql AS $$
            BEGIN ALTER ROLE dr_migrate CREATEROLE; RETURN 0; END $$;
            CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN ALTER ROLE dr_migrate CREATEROLE; RETURN ''; END $$;
            CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN ALTER ROLE dr_migrate CREATEROLE; RETURN ''; END $$;
            CREATE SCHEMA more; CREATE TABLE more.rows (id int)
        """)
    grant(core)
    keep(core, passwords(), anew=True)
    guard.guard_new_tables(core)
    guard.revoke(core, "primary", 2)
    assert core.rows("SELECT rolcreaterole FROM pg_roles WHERE rolname = 'dr_migrate'") == [(False,)]


def test_who_is_inside_when_a_password_changes_is_put_out_and_who_comes_later_stays(core: Database) -> None:
    with closing(connect(core, SHOP)) as before, closing(connect(core, OWNER, "trusted")) as stolen:
        ((moment,),) = core.rows("SELECT clock_timestamp()")
        with closing(connect(core, SHOP)) as later:
            assert end_sessions(core, moment) == sorted({SHOP, OWNER})
            for session in (before, stolen):
                with pytest.raises(psycopg.OperationalError):
                    session.execute("SELECT 1")
            assert later.execute("SELECT 1").fetchone() == (1,)
            assert end_sessions(core, moment) == [], "nobody is left to put out"
