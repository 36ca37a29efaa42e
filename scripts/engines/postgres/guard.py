"""
The guard inside the database: nothing is written without a writer lease that is still valid.

`guard.sql` holds it; docs/decisions/lease-and-guard.md says what is guarded, by what, what is not, and what it costs.
- Triggers on every table ask at each statement and once more at commit, and raise SQLSTATE 25006 (read-only). They ask
  two sequences, which every snapshot sees as they are now: until when, by the database's own clock, and which server
  process it was granted to. A promoted, restored or restarted copy is another process, so it refuses writes until a
  lease is granted to it, whatever the clocks say.
- A watchman, a session that stays in the database even when its agent is gone, ends every session and closes the
  database when the lease has been over for a part of the margin.
- A revocation ends the lease, closes the database, ends every session and flushes what was acknowledged.
"""

from __future__ import annotations

import contextlib
import hashlib
from datetime import datetime
from pathlib import Path

from scripts.core.errors import OutcomeUnknown
from scripts.core.waiting import wait_until
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import END_SECONDS
from scripts.engines.seen import HeldLease, Unguarded
from scripts.fencing.lease import BETWEEN, MARGIN

_SQL = Path(__file__).with_name("guard.sql").read_text()  # now: a pod may not be allowed to read the checkout
_VERSION = f"guard {hashlib.sha256(_SQL.encode()).hexdigest()[:16]}"
_INSTALL = f"{_SQL}\nCOMMENT ON SCHEMA dr_guard IS '{_VERSION}';"

_INSTALLED = "SELECT pg_catalog.obj_description(pg_catalog.to_regnamespace('dr_guard'), 'pg_namespace') = %(version)s"

# Renewal needs no durability, and waits for no disk: after a crash an older lease is only stricter. It never overtakes
# a younger epoch.
_NAME = f"""
WITH held AS (
    INSERT INTO dr_guard.writer_lease AS held (site, epoch, timeline, valid_until)
    VALUES (%(site)s, %(epoch)s,
            pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8), %(until)s)
    ON CONFLICT (one) DO UPDATE
    SET site = excluded.site, epoch = excluded.epoch, timeline = excluded.timeline, valid_until = excluded.valid_until
    WHERE held.epoch < excluded.epoch
       OR (held.epoch = excluded.epoch AND held.site IN (excluded.site, '{BETWEEN}'))
    RETURNING valid_until
)
SELECT pg_catalog.set_config('synchronous_commit', 'off', true) FROM held
"""  # noqa: S608 (constants go in, nothing from outside)

# Sequences change at once and rows at the commit, so the row comes first, in a transaction of its own: nobody writes
# while it still names another holder. A revocation that came between the two has changed it, and one that comes now
# waits for the row. `closed`: what a revocation or the watchman closed is to be opened again.
_OPEN_UNTIL = f"""
WITH held AS (
    SELECT valid_until FROM dr_guard.writer_lease WHERE site = %(site)s AND epoch = %(epoch)s FOR UPDATE
)
SELECT pg_catalog.set_config('synchronous_commit', 'off', true),
       pg_catalog.setval('dr_guard.grace', greatest((extract(epoch FROM valid_until - pg_catalog.clock_timestamp())
                                               * {MARGIN / (1 - MARGIN) / 2} * 1000000)::bigint, 1)),
       pg_catalog.setval('dr_guard.valid_until', (extract(epoch FROM valid_until) * 1000000)::bigint),
       pg_catalog.setval('dr_guard.granted_to',
                         (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint),
       EXISTS (SELECT FROM dr_guard.closing) AS closed,
       EXISTS (SELECT FROM dr_guard.watchmen) AS watched
FROM held
"""  # noqa: S608 (constants go in, nothing from outside)

# The next holder is named, so that the last one cannot renew. From here on no check passes, in any snapshot.
_REVOKE = """
WITH ended AS (
    UPDATE dr_guard.writer_lease SET site = %(site)s, epoch = %(epoch)s, valid_until = pg_catalog.clock_timestamp()
    WHERE epoch < %(epoch)s OR (epoch = %(epoch)s AND site = %(site)s)
    RETURNING epoch
)
SELECT pg_catalog.setval('dr_guard.valid_until', 1) FROM ended
"""

# A transaction with a number of its own: its commit flushes the log up to itself, and so all that came before it.
_FLUSH = "SELECT pg_catalog.pg_logical_emit_message(true, 'dr', 'flush')"

# What a hand-over took, as long as nobody else was given it.
_TAKE_BACK = """
UPDATE dr_guard.writer_lease SET site = %(site)s, epoch = %(epoch)s WHERE site = %(between)s AND epoch = %(epoch)s + 1
"""

_OPEN_WITHOUT_LEASE = """
SELECT NOT pg_is_in_recovery() AND NOT dr_guard.may_write() AND NOT EXISTS (SELECT FROM dr_guard.closing)
"""

_OPEN = "SELECT dr_guard.why_not_write() IS NULL AND NOT EXISTS (SELECT FROM dr_guard.closing)"

_READ = "SELECT site, epoch, timeline, valid_until, clock_timestamp() < valid_until FROM dr_guard.writer_lease"

_UNGUARDED = """
SELECT b.name, coalesce(u.reason, 'it was made a moment ago')
FROM dr_guard.bare b LEFT JOIN dr_guard.unguarded u USING (relation)
UNION ALL
SELECT name, 'a foreign table: it is refused at the statement, and its rows are committed elsewhere'
FROM dr_guard.tables t WHERE relkind = 'f' AND NOT EXISTS (SELECT FROM dr_guard.bare b WHERE b.relation = t.relation)
UNION ALL
SELECT 'prepared transaction ' || quote_literal(gid), 'COMMIT PREPARED asks nobody; prepared at ' || prepared
FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL
SELECT 'large objects', 'no trigger sees them: closed by sessions that begin read-only and are ended'
WHERE EXISTS (SELECT FROM pg_largeobject_metadata)
UNION ALL
SELECT 'DDL', CASE
    WHEN EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'dr_ddl_begins')
    THEN 'the event trigger dr_ddl_begins is disabled, or another one of that name'
    ELSE format('%I may not make event triggers', current_user)
    END || ': closed by sessions that begin read-only and are ended'
WHERE NOT EXISTS (SELECT FROM pg_event_trigger
                  WHERE evtfoid = 'dr_guard.ddl_begins()'::regprocedure AND evtenabled = 'A')
ORDER BY 1
"""


def installed(database: Database) -> bool:
    """Is this very guard there?"""
    return bool(database.rows(_INSTALLED, {"version": _VERSION})[0][0])


def install(database: Database, *, tables: bool = True) -> None:
    """
    Install or update the guard, and guard every table that can be guarded. Idempotent.

    Needs CREATE on the database. What belongs to another role and cannot be guarded stops nothing: `unguarded` tells.
    Without `tables` it touches none of the service's, and so waits for none of its transactions.
    """
    database.script(_INSTALL, timeout=10)
    if tables:
        guard_new_tables(database)


def guard_new_tables(database: Database, *, at_most: int = 10_000, timeout: float = 120) -> int:
    """
    Guard tables that are not yet, each in a transaction of its own; how many there were.

    Waits for no lock longer than a moment; what it could not do is tried again by a later call. Not for the session
    that renews the lease: many tables take their time.
    """
    database.rows("SET lock_timeout = '100ms'")
    try:
        called = database.rows("CALL dr_guard.guard_tables(%(at_most)s, 0)", {"at_most": at_most}, timeout=timeout)
        return int(called[0][0])
    finally:
        database.rows("SET lock_timeout = 0")


def unguarded(database: Database) -> list[Unguarded]:
    """What the triggers do not guard here, and why. Sequences are never guarded and not listed."""
    return [Unguarded(*row) for row in database.rows(_UNGUARDED)]


def clock(database: Database) -> datetime | None:
    """
    The database's own time, or None for a copy in recovery, which cannot be granted anything.

    Read before a renewal begins, it is what the end of the lease is counted from.
    """
    now, in_recovery = database.rows("SELECT clock_timestamp(), pg_is_in_recovery()")[0]
    return None if in_recovery else now


def grant(database: Database, site: str, epoch: int, until: datetime) -> bool:
    """
    Let `site` write until a moment of the database's clock, and see to the watchman. False when the row belongs to
    somebody younger.

    What had been closed is opened again. Waits for no table and no transaction of the service.
    """
    lease = {"site": site, "epoch": epoch, "until": until}
    if not database.rows(_NAME, lease) or not (rows := database.rows(_OPEN_UNTIL, lease)):
        return False
    closed, watched = rows[0][-2:]
    if not watched:
        database.leave("CALL dr_guard.keep_watch()")
    if closed:
        reopen(database)
    return True


def revoke(database: Database, next_site: str, next_epoch: int) -> bool:
    """
    End the lease, close the database, end every session in it, and leave the row to `next_site`. False when a younger
    epoch has it.

    After this returned True no transaction commits a guarded write here, and everything that was ever acknowledged is
    on disk, whatever `synchronous_commit` was. Repeatable. Raises Unreachable, QueryRefused.
    """
    if not database.rows(_REVOKE, {"site": next_site, "epoch": next_epoch}, timeout=10):
        return False
    database.rows("SELECT dr_guard.close(false)", timeout=10)
    _end_sessions(database)
    database.rows(_FLUSH, timeout=30)
    return True


def take_back(database: Database, site: str, epoch: int) -> bool:
    """
    Leave the row to `site` again, which a revocation left to nobody (`BETWEEN`) in the next epoch. Is it `site`'s now?

    Opens nothing: a grant does. Only for who has seen that the lease went to nobody else.
    """
    database.rows(_TAKE_BACK, {"site": site, "epoch": epoch, "between": BETWEEN})
    held = read(database)
    return held is not None and (held.site, held.epoch) == (site, epoch)


def close(database: Database) -> None:
    """
    Close a database whose lease is over, as a revocation does, and leave the row as it is. Does nothing to a replica,
    to one whose lease runs, and to one that is closed.
    """
    if database.rows(_OPEN_WITHOUT_LEASE)[0][0]:
        database.rows("SELECT dr_guard.close(true)", timeout=10)
        _end_sessions(database)


def reopen(database: Database) -> None:
    """
    Undo what closed it, for a database that may be written to again.

    Ends the sessions that began while it was closed: they would stay read-only for as long as a pool keeps them.
    """
    database.rows("SELECT dr_guard.reopen()")
    database.rows("SELECT dr_guard.end_sessions()")


def why_not_closed(database: Database) -> list[str]:
    """After a revocation: what of the closing could not be done, and which sessions could not be ended. Often empty."""
    failed = [str(each) for (each,) in database.rows("SELECT unnest(not_closed) FROM dr_guard.closing")]
    left = database.rows("""
        SELECT s.pid, s.usename, s.application_name FROM dr_guard.other_sessions s, dr_guard.closing c
        WHERE s.backend_start < c.closed_at ORDER BY s.pid
    """)
    return failed + [f"session {pid} of {user} ({application}) could not be ended" for pid, user, application in left]


def is_open(database: Database) -> bool:
    """Does it take writes from everybody who may log in? False for a copy."""
    return bool(database.rows(_OPEN)[0][0])


def closed_since(database: Database) -> datetime | None:
    """When it was closed, by its own clock; None where it is not."""
    rows = database.rows("SELECT closed_at FROM dr_guard.closing")
    return rows[0][0] if rows else None


def read(database: Database) -> HeldLease | None:
    rows = database.rows(_READ)
    if not rows:
        return None
    site, epoch, timeline, valid_until, running = rows[0]
    return HeldLease(site, epoch, timeline, valid_until, running)


def _end_sessions(database: Database) -> None:
    """
    Until none is left that began before the database was closed, or those that are left cannot be ended by us: the
    triggers hold them. Whoever connects from then on begins read-only.
    """
    before = [pid for (pid,) in database.rows("SELECT pid FROM dr_guard.other_sessions")]

    def none_left() -> bool:
        return database.rows("SELECT dr_guard.end_sessions(%(before)s)", {"before": before}) == [(0,)]

    with contextlib.suppress(OutcomeUnknown):
        wait_until(none_left, seconds=END_SECONDS, every=0.02, what="sessions to end")
