"""What is inside a restored database: is it ours, can it be read, and from when is it?"""

from __future__ import annotations

from scripts.core.errors import DatabaseFailed
from scripts.engines.postgres.session import Database, quoted
from scripts.engines.seen import Contents

BOUND_SECONDS = 600
_GUARDED = """
SELECT t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname = 'dr_writer_lease' AND c.relkind = 'r' AND t.tgrelid <> 'dr_guard.marker'::regclass ORDER BY 1
"""
# Superusers and replication are the cloud's own.
_OTHERS = r"""
SELECT rolname, rolcanlogin FROM pg_roles
WHERE NOT rolsuper AND NOT rolreplication AND rolname <> current_user
  AND rolname NOT LIKE ALL (%(own)s) AND rolname NOT LIKE 'pg\_%%' ORDER BY 1
"""


def look_inside(database: Database, name: str) -> Contents:
    """Reads every page of every guarded table. Raises DatabaseFailed; `name` is what is told of."""
    if database.rows("SELECT to_regclass('dr_guard.writer_lease')")[0][0] is None:
        raise DatabaseFailed(f"{name} has no guard", "it is from before the service was opened, or of another system")
    rows = database.rows("SELECT valid_until FROM dr_guard.writer_lease")
    tables = tuple(table for (table,) in database.rows(_GUARDED))
    if not rows or not tables:
        raise DatabaseFailed(f"{name} holds no guarded table", "it is not a backup of this service")
    for table in tables:
        database.rows(f"SELECT count(md5(t::text)) FROM {table} t", timeout=BOUND_SECONDS)  # noqa: S608 (the catalogue's)
    return Contents(rows[0][0], tables)


def other_roles(database: Database, clouds_own: tuple[str, ...]) -> dict[str, bool]:
    """
    Everybody but the owner and the cloud's own users, whose names begin with one of `clouds_own`: may they log in?
    """
    return dict(database.rows(_OTHERS, {"own": [f"{prefix}%" for prefix in clouds_own]}))


def lock_login(database: Database, name: str) -> None:
    """From now on this role cannot log in. Needs a user that may change it. Raises QueryRefused."""
    database.script(f"ALTER ROLE {quoted(name)} NOLOGIN")
