"""
What a planned switch meets in the database that hands over and in its copy: sessions, lag, and what does not move.

Everything here looks, except `end_readers`. A session is named so that a person finds it, with the command that ends
it.
"""

from __future__ import annotations

import secrets

from scripts.core.errors import Refused
from scripts.engines.postgres import markers
from scripts.engines.postgres.catalogue import OWN
from scripts.engines.postgres.session import Database
from scripts.engines.seen import Copy, Prepared, Transaction, Writer

MARK = "hand_over"
LONG_SECONDS = 1.0  # a shorter transaction is over before anybody notices that it was in the way

_TRANSACTIONS = """
SELECT a.pid, coalesce(a.usename, '?'), a.application_name, coalesce(a.state, '?'), a.xact_start,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8, a.backend_xid IS NOT NULL,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       OR (NOT r.rolsuper AND (pg_has_role(a.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE'))),
       'SELECT pg_terminate_backend(' || a.pid || ')'
FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.xact_start IS NOT NULL
  AND a.pid <> pg_backend_pid() AND NOT (a.application_name IN ('dr', 'dr-watchman') AND a.usename = current_user)
ORDER BY a.xact_start
"""

_WRITER = """
SELECT pg_is_in_recovery(), quote_ident(current_database()), quote_ident(current_user),
       pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE'),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""

_PREPARED = """
SELECT gid, owner, extract(epoch FROM clock_timestamp() - prepared)::float8 FROM pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared
"""

_UNLOGGED = f"""
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence = 'u' AND c.relkind = 'r' AND {OWN} ORDER BY 1
"""  # noqa: S608 (constants of ours)

_ASYNCHRONOUS = """
SELECT CASE WHEN s.setrole = 0 THEN 'the whole database' ELSE 'role ' || quote_ident(r.rolname) END
FROM pg_db_role_setting s
LEFT JOIN pg_roles r ON r.oid = s.setrole
LEFT JOIN pg_database d ON d.oid = s.setdatabase,
unnest(s.setconfig) AS each
WHERE lower(each) IN ('synchronous_commit=off', 'synchronous_commit=false', 'synchronous_commit=no',
                      'synchronous_commit=0')
  AND (s.setdatabase = 0 OR d.datname = current_database())
ORDER BY 1
"""

_LOGICAL_SLOTS = """
SELECT slot_name FROM pg_replication_slots
WHERE slot_type = 'logical' AND database = current_database() AND NOT temporary ORDER BY 1
"""

_COPY = """
SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END,
       EXISTS (SELECT FROM pg_stat_wal_receiver),
       (SELECT setting::float8 / 1000 FROM pg_settings WHERE name = 'recovery_min_apply_delay'),
       CASE WHEN pg_is_in_recovery()
            THEN pg_wal_lsn_diff(%(lsn)s::pg_lsn, coalesce(pg_last_wal_receive_lsn(), '0/0'))::bigint END,
       CASE WHEN pg_is_in_recovery()
            THEN pg_wal_lsn_diff(%(lsn)s::pg_lsn, coalesce(pg_last_wal_replay_lsn(), '0/0'))::bigint END
"""


def writer(database: Database) -> Writer:
    """Raises Unreachable, QueryRefused."""
    in_recovery, name, role, owns, slots = database.rows(_WRITER)[0]
    return Writer(
        in_recovery, name, role, owns, max(slots, 0),
        transactions=transactions(database),
        prepared=tuple(Prepared(*row) for row in database.rows(_PREPARED)),
        unlogged=tuple(name for (name,) in database.rows(_UNLOGGED)),
        asynchronous=tuple(who for (who,) in database.rows(_ASYNCHRONOUS)),
        logical_slots=tuple(name for (name,) in database.rows(_LOGICAL_SLOTS)),
    )  # fmt: skip


def transactions(database: Database) -> tuple[Transaction, ...]:
    """Those of everybody but our own programs, the oldest first."""
    return tuple(Transaction(*row) for row in database.rows(_TRANSACTIONS))


def copy(database: Database, lsn: str) -> Copy:
    """`lsn`: a position of the writer that this copy has to reach. Raises Unreachable, QueryRefused."""
    in_recovery, paused, streams, delay, missing, behind = database.rows(_COPY, {"lsn": lsn})[0]
    readers = tuple(each for each in transactions(database) if each.seconds >= LONG_SECONDS)
    return Copy(in_recovery, paused, streams, delay, missing or 0, behind or 0, readers)


def why_writer_cannot_hand_over(found: Writer) -> Refused | None:
    """The reason with the command that helps, or None."""
    if found.in_recovery:
        return Refused(f"{found.database} is a copy there and hands nothing over", "look at `dr status`")
    if not found.is_owner:
        return Refused(
            f"{found.role} does not own the database {found.database}, and so cannot close it to others",
            f"say as its owner: ALTER DATABASE {found.database} OWNER TO {found.role}",
        )
    for each in found.transactions:
        if each.writes and not each.endable and each.seconds >= LONG_SECONDS:
            return Refused(f"{each}: {found.role} may not end it", f"end it as a superuser: {each.how_to_end}")
    return None


def why_copy_cannot_follow(found: Copy, at_most_seconds: float, *, arrived: bool) -> Refused | None:
    """
    Why a row of the writer did not arrive, or would not in `at_most_seconds`; None where ending readers helps, or
    nothing is in the way.
    """
    if not found.in_recovery:
        return Refused("it follows nobody: it was promoted", "`dr reprotect` builds a copy beside it")
    if found.paused:
        return Refused("its replay is paused", "say there: SELECT pg_wal_replay_resume()")
    if found.delay_seconds > at_most_seconds:
        return Refused(
            f"it replays everything {found.delay_seconds:g} s late, and {at_most_seconds:g} s are allowed",
            "say there: ALTER SYSTEM SET recovery_min_apply_delay = 0; SELECT pg_reload_conf()",
        )
    if arrived:
        return None
    if not found.streams:
        return Refused("it does not stream from the active site", "look at its log; `dr reprotect` builds it anew")
    for each in found.readers:
        if not each.endable:
            return Refused(
                f"{each}: it holds up replay, and we may not end it", f"end it as a superuser: {each.how_to_end}"
            )
    if found.bytes_missing > 0:
        return Refused(
            f"{found.bytes_missing} bytes have not reached it", "wait until it has caught up: `dr status` shows the lag"
        )
    if found.bytes_behind > 0 and not found.readers:
        return Refused(
            f"it has {found.bytes_behind} bytes to replay", "wait until it has caught up: `dr status` shows the lag"
        )
    return None


def end_readers(database: Database) -> list[Transaction]:
    """End every session of the copy that has read for long enough to hold up replay; those that were told to end."""
    found = [each for each in transactions(database) if each.seconds >= LONG_SECONDS and each.endable]
    for each in found:
        database.rows("SELECT pg_terminate_backend(%(pid)s)", {"pid": each.pid})
    return found


def mark(database: Database, site: str, epoch: int) -> tuple[str, str]:
    """
    Write a row that a copy has to show: what is in it, and the position after it, flushed. Raises QueryRefused where
    the database takes no writes.
    """
    token = secrets.token_hex(8)
    markers.write(database, MARK, site, epoch, token)
    return token, str(database.rows("SELECT pg_current_wal_flush_lsn()::text")[0][0])


def shows(database: Database, token: str) -> bool:
    """Has the row of `mark` arrived here?"""
    found = markers.read(database, MARK)
    return found is not None and found.note == token
