"""What a planned switch sees in the database that hands over and in its copy, before it closes anything."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from scripts.core.errors import Refused
from scripts.core.net import Login
from scripts.engines.postgres import guard, readiness
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import NoSlot
from scripts.fencing.lease import BETWEEN
from tests.asserts.waiting import wait_until
from tests.scratch_database import connect, following, managed, server

pytestmark = pytest.mark.thorough

__all__ = ["managed"]
SITE, EPOCH = "primary", 1


def opened(database: Database) -> Database:
    guard.install(database)
    clock = guard.clock(database)
    assert clock is not None
    assert guard.grant(database, SITE, EPOCH, clock + timedelta(minutes=5))
    return database


@pytest.fixture
def old(managed: Database) -> Database:
    """The service's database, guarded and open, as its owner has it."""
    return opened(managed)


def test_a_quiet_database_is_ready(old: Database) -> None:
    found = readiness.writer(old)
    assert readiness.why_writer_cannot_hand_over(found) is None
    assert (found.transactions, found.prepared, found.unlogged, found.asynchronous) == ((), (), (), ())
    assert found.free_slots > 0


def test_an_idle_transaction_that_has_written_is_named(old: Database) -> None:
    with connect(old, "app") as session, session.transaction():
        session.execute("INSERT INTO orders VALUES ('1')")
        [found] = readiness.writer(old).transactions
        assert (found.pid, found.application, found.writes) == (session.info.backend_pid, "service", True)
        assert "idle in transaction" in str(found)
        # A superuser's: the owner of the database may not end it.
        wait_until(lambda: readiness.writer(old).transactions[0].seconds > 1, timeout=20, what="it to be long")
        refusal = readiness.why_writer_cannot_hand_over(readiness.writer(old))
        assert refusal is not None
        assert f"session {session.info.backend_pid} of app" in refusal.message
        assert f"pg_terminate_backend({session.info.backend_pid})" in refusal.hint
        raise psycopg.Rollback


def test_a_session_of_the_service_that_has_written_stops_nothing(old: Database) -> None:
    user = old.login.user
    with connect(old, user) as session, session.transaction():
        session.execute("INSERT INTO orders VALUES ('2')")
        [found] = readiness.writer(old).transactions
        assert found.endable
        assert readiness.why_writer_cannot_hand_over(readiness.writer(old)) is None


def test_what_does_not_go_along_or_asks_for_attention_is_named(old: Database, database: Database) -> None:
    old.script('CREATE UNLOGGED TABLE "cache 100%" (id int)')
    role = f"late_{old.login.database}"
    database.script(f"CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET synchronous_commit = off")
    with connect(old, old.login.user) as session:
        session.execute("BEGIN; INSERT INTO orders VALUES ('3'); PREPARE TRANSACTION 'half'")
    found = readiness.writer(old)
    assert found.unlogged == ('public."cache 100%"',)
    assert f"role {role}" in found.asynchronous
    assert [(each.gid, each.owner) for each in found.prepared] == [("half", old.login.user)]
    old.rows("ROLLBACK PREPARED 'half'")
    database.script(f"ALTER ROLE {role} RESET ALL; DROP ROLE {role}")


def test_who_does_not_own_the_database_cannot_close_it(old: Database, database: Database) -> None:
    name, owner = old.login.database, old.login.user
    database.script(f"ALTER DATABASE {name} OWNER TO app")
    refusal = readiness.why_writer_cannot_hand_over(readiness.writer(old))
    assert refusal is not None
    assert refusal.hint.endswith(f"ALTER DATABASE {name} OWNER TO {owner}")
    database.script(f"ALTER DATABASE {name} OWNER TO {owner}")


def test_a_server_without_a_free_slot_says_so() -> None:
    with (
        server(max_connections="5", superuser_reserved_connections="1", max_wal_senders="0") as login,
        contextlib.ExitStack() as full,
    ):
        with Database(login) as app:
            app.script("CREATE ROLE service LOGIN")
        database = Database(login)
        while readiness.writer(database).free_slots > 0:
            full.enter_context(connect(database, "service"))
        late = Database(Login(login.host, login.port, login.database, "service", ""))
        with pytest.raises(NoSlot) as refused:
            late.rows("SELECT 1")
        assert "max_connections" in refused.value.helps
        database.close()


@pytest.fixture
def pair(database: Database) -> Iterator[tuple[Database, Database]]:
    """A database that is open, and its copy, which waits for readers for ever."""
    with following(opened(database), max_standby_streaming_delay="-1") as copy:
        yield database, copy


def test_a_row_arrives_and_nothing_is_in_the_way(pair: tuple[Database, Database]) -> None:
    old, copy = pair
    token, lsn = readiness.mark(old, SITE, EPOCH)
    wait_until(lambda: readiness.shows(copy, token), timeout=20, what="the row to arrive")
    found = readiness.copy(copy, lsn)
    assert (found.in_recovery, found.streams, found.bytes_behind <= 0) == (True, True, True)
    assert readiness.why_copy_cannot_follow(found, 30, arrived=True) is None


def test_a_reader_that_holds_up_replay_is_named_and_can_be_ended(pair: tuple[Database, Database]) -> None:
    old, copy = pair
    old.script("CREATE TABLE gone (id int)")
    token, _ = readiness.mark(old, SITE, EPOCH)
    wait_until(lambda: readiness.shows(copy, token), timeout=20, what="the row to arrive")
    with contextlib.suppress(psycopg.errors.AdminShutdown), connect(copy) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM gone")
        old.script("DROP TABLE gone")
        token, lsn = readiness.mark(old, SITE, EPOCH)
        wait_until(lambda: readiness.copy(copy, lsn).readers, timeout=20, what="the reader to have read for a while")
        found = readiness.copy(copy, lsn)
        assert found.bytes_behind > 0
        assert found.bytes_missing <= 0
        assert [each.pid for each in found.readers] == [reader.info.backend_pid]
        assert readiness.why_copy_cannot_follow(found, 30, arrived=False) is None
        assert [each.pid for each in readiness.end_readers(copy)] == [reader.info.backend_pid]
        wait_until(lambda: readiness.shows(copy, token), timeout=20, what="the row to arrive")


def test_a_copy_that_does_not_stream_is_refused(pair: tuple[Database, Database]) -> None:
    old, copy = pair
    copy.script("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
    copy.rows("SELECT pg_reload_conf()")
    wait_until(lambda: not readiness.copy(copy, "0/0").streams, timeout=20, what="the stream to end")
    _, lsn = readiness.mark(old, SITE, EPOCH)
    refusal = readiness.why_copy_cannot_follow(readiness.copy(copy, lsn), 30, arrived=False)
    assert isinstance(refusal, Refused)
    assert "does not stream" in refusal.message


@pytest.mark.parametrize(
    ("said", "statement", "command"),
    [
        ("replay is paused", "SELECT pg_wal_replay_pause()", "pg_wal_replay_resume()"),
        ("600 s late", "ALTER SYSTEM SET recovery_min_apply_delay = '10min'", "recovery_min_apply_delay = 0"),
    ],
)
def test_a_copy_that_is_told_to_wait_is_refused(
    pair: tuple[Database, Database], said: str, statement: str, command: str
) -> None:
    old, copy = pair
    _, lsn = readiness.mark(old, SITE, EPOCH)
    copy.rows(statement)
    copy.rows("SELECT pg_reload_conf()")

    def refused() -> Refused | None:
        return readiness.why_copy_cannot_follow(readiness.copy(copy, lsn), 30, arrived=True)

    wait_until(lambda: refused() is not None, timeout=20, what="the setting to hold")
    refusal = refused()
    assert refusal is not None
    assert said in refusal.message
    assert command in refusal.hint


def test_a_hand_over_that_was_taken_is_taken_back_and_nobody_else_is_overruled(old: Database) -> None:
    assert guard.revoke(old, BETWEEN, EPOCH + 1)
    assert not guard.is_open(old)
    assert guard.closed_since(old) is not None
    assert guard.take_back(old, SITE, EPOCH)
    clock = guard.clock(old)
    assert clock is not None
    assert guard.grant(old, SITE, EPOCH, clock + timedelta(minutes=5))
    assert guard.is_open(old)
    assert guard.revoke(old, BETWEEN, EPOCH + 1)
    assert not guard.grant(old, SITE, EPOCH, clock + timedelta(minutes=5)), "its sentinel may not open it again"
    assert guard.grant(old, "secondary", EPOCH + 1, clock + timedelta(minutes=5)), "in the copy, once it is promoted"
    assert not guard.take_back(old, SITE, EPOCH)
