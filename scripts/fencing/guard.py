"""
The guard inside the database: nothing is written without a writer lease that is still valid.

`dr.writer_lease` holds one row: who may write, in which epoch, on which timeline, until when (the database's own
clock). Triggers
on every table of the service read it at each writing statement and once more at commit, and raise SQLSTATE 25006
(read-only)
when it is not valid. The row travels with replication, and it names the timeline it was granted on: a promoted or
restored copy
starts a new timeline, so it refuses writes until a lease is granted to it, whatever the clocks say.

Limits, on purpose: DDL and sequences are not guarded, and whoever owns a table can drop its triggers.
"""

from dataclasses import dataclass
from datetime import datetime

from scripts.core.net import Database

READ_ONLY = "25006"
"""SQLSTATE read_only_sql_transaction: what a refused write reports, the same as on a replica."""

LOCK = 7_311_954_020_251
"""
Advisory lock: writers hold it shared to the end of their transaction, a revocation takes it alone and so waits for
them.
"""

INSTALL = f"""
SELECT pg_advisory_xact_lock({LOCK + 1});
CREATE SCHEMA IF NOT EXISTS dr;
CREATE TABLE IF NOT EXISTS dr.writer_lease (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    site text NOT NULL,
    epoch bigint NOT NULL,
    timeline text NOT NULL,
    valid_until timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS dr.marker (
    name text PRIMARY KEY,
    site text NOT NULL,
    epoch bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    note text NOT NULL DEFAULT ''
);
CREATE OR REPLACE FUNCTION dr.why_not_write() RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog AS $guard$
DECLARE lease dr.writer_lease%ROWTYPE;
BEGIN
    SELECT * INTO lease FROM dr.writer_lease;
    IF NOT FOUND THEN
        RETURN 'no writer lease was ever granted';
    ELSIF clock_timestamp() >= lease.valid_until THEN
        RETURN format('the writer lease of %s, epoch %s, ended at %s', lease.site, lease.epoch, lease.valid_until);
    ELSIF lease.timeline <> substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) THEN
        RETURN format('the writer lease of %s, epoch %s, was granted before this copy was promoted',
                      lease.site, lease.epoch);
    END IF;
    RETURN NULL;
END $guard$;
CREATE OR REPLACE FUNCTION dr.refuse_without_lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $guard$
DECLARE reason text;
BEGIN
    IF TG_LEVEL = 'STATEMENT' THEN
        PERFORM pg_advisory_xact_lock_shared({LOCK});
    END IF;
    reason := dr.why_not_write();
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '{READ_ONLY}', MESSAGE = 'this database accepts no writes: ' || reason,
            HINT = 'Look at "dr status": the service may have moved to another site.';
    END IF;
    RETURN NULL;
END $guard$;
CREATE OR REPLACE FUNCTION dr.guard_tables() RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog AS $guard$
DECLARE guarded integer := 0; bare record;
BEGIN
    FOR bare IN
        SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dr') AND n.nspname NOT LIKE 'pg\\_%'
          AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'dr_writer_lease_at_commit')
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER dr_writer_lease BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
            FOR EACH STATEMENT EXECUTE FUNCTION dr.refuse_without_lease()', bare.name);
        EXECUTE format('CREATE CONSTRAINT TRIGGER dr_writer_lease_at_commit AFTER INSERT OR UPDATE OR DELETE ON %s
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dr.refuse_without_lease()', bare.name);
        guarded := guarded + 1;
    END LOOP;
    RETURN guarded;
END $guard$;
CREATE OR REPLACE TRIGGER dr_writer_lease BEFORE INSERT OR UPDATE OR DELETE ON dr.marker
    FOR EACH STATEMENT EXECUTE FUNCTION dr.refuse_without_lease();
SELECT dr.guard_tables();
"""  # noqa: S608 (a constant goes in, nothing from outside)

INSTALLED = "SELECT to_regprocedure('dr.guard_tables()') IS NOT NULL"

GUARD_TABLES = "SELECT dr.guard_tables()"

# Renewal needs no durability: after a crash an older row is only stricter. It never overtakes a younger epoch.
GRANT = """
INSERT INTO dr.writer_lease AS held (site, epoch, timeline, valid_until)
VALUES (%(site)s, %(epoch)s, substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
        %(until)s)
ON CONFLICT (one) DO UPDATE
SET site = excluded.site, epoch = excluded.epoch, timeline = excluded.timeline, valid_until = excluded.valid_until
WHERE held.epoch < excluded.epoch OR (held.epoch = excluded.epoch AND held.site = excluded.site)
RETURNING valid_until
"""

# Waits for every transaction that was let through; then nobody is. The next holder is named, so the last one cannot
# renew.
REVOKE = f"""
WITH alone AS MATERIALIZED (SELECT pg_advisory_xact_lock({LOCK}))
UPDATE dr.writer_lease SET site = %(site)s, epoch = %(epoch)s, valid_until = clock_timestamp()
FROM alone WHERE epoch < %(epoch)s OR (epoch = %(epoch)s AND site = %(site)s)
RETURNING epoch
"""  # noqa: S608 (as above)

# A transaction that began before the revocation may still see the old row (repeatable read): it must not live on.
END_OLD_TRANSACTIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
  AND backend_xmin IS NOT NULL AND xact_start < (SELECT valid_until FROM dr.writer_lease)
"""

READ = "SELECT site, epoch, timeline, valid_until, clock_timestamp() < valid_until FROM dr.writer_lease"

WRITE_MARKER = """
INSERT INTO dr.marker (name, site, epoch, note) VALUES (%(name)s, %(site)s, %(epoch)s, %(note)s)
ON CONFLICT (name) DO UPDATE
SET site = excluded.site, epoch = excluded.epoch, note = excluded.note, written_at = clock_timestamp()
RETURNING written_at
"""
READ_MARKER = "SELECT site, epoch, written_at, note FROM dr.marker WHERE name = %(name)s"


@dataclass(frozen=True)
class HeldLease:
    """The row as the database has it; `running` is judged by the database's own clock."""

    site: str
    epoch: int
    timeline: str
    valid_until: datetime
    running: bool


def install(database: Database) -> None:
    """Install or update the guard on every table of the service. Idempotent; needs the owner of the tables."""
    database.script(INSTALL, timeout=10)


def guard_new_tables(database: Database) -> int:
    """Guard tables made since the last call; how many there were."""
    return int(database.rows(GUARD_TABLES)[0][0])


def clock(database: Database) -> datetime | None:
    """
    The database's own time, or None for a copy in recovery, which cannot be granted anything.

    Read before a renewal begins, it is what the end of the lease is counted from.
    """
    now, in_recovery = database.rows("SELECT clock_timestamp(), pg_is_in_recovery()")[0]
    return None if in_recovery else now


def grant(database: Database, site: str, epoch: int, until: datetime) -> bool:
    """Let `site` write until a moment of the database's clock. False when the row belongs to somebody younger."""
    return bool(database.rows(GRANT, {"site": site, "epoch": epoch, "until": until}))


def revoke(database: Database, next_site: str, next_epoch: int) -> bool:
    """
    End the lease, wait for the writes it let through, and leave the row to `next_site`. False when a younger epoch
    has it.

    After this returned True no transaction commits a guarded write here.
    """
    done = bool(database.rows(REVOKE, {"site": next_site, "epoch": next_epoch}, timeout=10))
    if done:
        database.rows(END_OLD_TRANSACTIONS)
    return done


def read(database: Database) -> HeldLease | None:
    rows = database.rows(READ)
    if not rows:
        return None
    site, epoch, timeline, valid_until, running = rows[0]
    return HeldLease(site, epoch, timeline, valid_until, running)
