"""
The logins of a database of the service: a role for each service that names it, and one for migrations.

A service reads and writes what is there and owns nothing, so it can neither drop nor disable the guard
of a table, nor open a database that was closed: nobody but the owner may connect then. Migrations log in as
`dr_migrate`, which owns what it makes and nothing of the guard. `logins.sql` says what each may do. Only the sentinel
and the programs log in as the owner, who may do all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from model.logins import MIGRATE
from scripts.core.errors import DatabaseFailed
from scripts.engines.postgres.session import quoted
from scripts.engines.seen import Unguarded

if TYPE_CHECKING:
    from scripts.engines.postgres.session import Database

_SQL = Path(__file__).with_name("logins.sql").read_text()  # now: a pod may not be allowed to read the checkout

_LOGINS = """
CREATE TABLE IF NOT EXISTS dr_guard.logins (
    role name PRIMARY KEY,
    mark text NOT NULL -- of the password that it was given last: not the password, and nothing that it follows from
)
"""
_FOUND = """
SELECT r.rolname, r.rolcanlogin, coalesce(l.mark, ''), r.rolcreaterole OR r.rolcreatedb,
       r.rolsuper OR r.rolreplication OR r.rolbypassrls,
       ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid),
       ARRAY(SELECT c.oid::regclass::text FROM pg_class c
             WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't')
FROM pg_roles r LEFT JOIN dr_guard.logins l ON l.role = r.rolname
WHERE (r.rolname = ANY (%(names)s) OR l.role IS NOT NULL) AND r.rolname <> current_user
"""
_MARK = """
INSERT INTO dr_guard.logins (role, mark) VALUES (%(role)s, %(mark)s)
ON CONFLICT (role) DO UPDATE SET mark = excluded.mark
"""
_FORGET = "DELETE FROM dr_guard.logins WHERE role = %(role)s"
_LOOKS, _TO_GO_MS = 10, 1000
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %(role)s"


_OLD = """
SELECT a.pid, a.usename::text FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.backend_start < %(before)s
  AND (NOT r.rolsuper OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND r.rolname = current_user)
"""


def end_sessions(database: Database, before: datetime) -> list[str]:
    """
    End what logged in before a moment of the server's clock, and see it gone. A changed password closes the door and
    leaves those who are inside. Gives their users; raises DatabaseFailed for what does not go.
    """
    database.rows("SELECT")  # our own session is there before we look
    ended = set[str]()
    for _ in range(_LOOKS):
        old = database.rows(_OLD, {"before": before})
        if not old:
            return sorted(ended)
        for pid, user in old:
            ended.add(str(user))
            database.rows("SELECT pg_terminate_backend(%(pid)s, %(ms)s)", {"pid": pid, "ms": _TO_GO_MS})
    raise DatabaseFailed(f"sessions of {', '.join(sorted(ended))} do not end", "look at pg_stat_activity")


def keep(database: Database, passwords: Mapping[str, str], *, anew: bool = False) -> list[Unguarded]:
    """
    Let exactly the roles in `passwords` (that of migrations among them) log in, each with its password. Idempotent;
    what is so already is not touched. `anew`: give each its password once more, whatever it was last given.

    A role whose password changed, or that is no longer wanted, has its sessions ended. Gives what a role may do that it
    should not, and that only somebody else can take from it. Raises Unreachable, QueryRefused.
    """
    if not database.rows("SELECT to_regclass('dr_guard.logins') IS NOT NULL")[0][0]:
        database.script(_LOGINS)
    found = {str(row[0]): row[1:] for row in database.rows(_FOUND, {"names": list(passwords)})}
    for role in sorted(found.keys() - passwords.keys()):
        database.script(f"ALTER ROLE {quoted(role)} NOLOGIN")
        database.rows(_END_SESSIONS, {"role": role})
        database.rows(_FORGET, {"role": role})
    left: list[Unguarded] = []
    for role, password in sorted(passwords.items()):
        can_log_in, mark, may_make, mighty, groups, owned = found.get(role, (False, "", False, False, [], []))
        given = hashlib.sha256(f"{role} {password}".encode()).hexdigest()
        statements = [] if role in found else [f"CREATE ROLE {quoted(role)}"]
        if anew or mark != given or not can_log_in:
            statements.append(f"ALTER ROLE {quoted(role)} LOGIN PASSWORD '{database.verifier(role, password)}'")
        if may_make:
            statements.append(f"ALTER ROLE {quoted(role)} NOCREATEROLE NOCREATEDB")
        statements += [f"REVOKE {quoted(group)} FROM {quoted(role)}" for group in groups]
        if statements:
            database.script("; ".join(statements))
        if mark != given:
            if mark:
                database.rows(_END_SESSIONS, {"role": role})
            database.rows(_MARK, {"role": role, "mark": given})
        if mighty:
            left.append(Unguarded(f"role {role}", "it is a superuser, replicates or bypasses row security"))
        if owned and role != MIGRATE:
            left.append(Unguarded(f"role {role}", f"it owns {', '.join(owned)}, and so could end the guard there"))
    database.script(_SQL, timeout=10)
    return left
