"""A session that waits for nothing longer than it was given, and says what is in its way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scripts.core.net import Unreachable
from scripts.engines.comparison import Unknown
from scripts.engines.protocol import QueryRefused

if TYPE_CHECKING:
    from scripts.engines.postgres.session import Database

LOCK_SECONDS = 2.0
_RIGHTS, _NO_LOCK, _CANCELLED = "42501", "55P03", "57014"
_SET = """
SELECT set_config('lock_timeout', %(lock)s, false), set_config('statement_timeout', %(statement)s, false)
"""
_HOLDERS = """
SELECT DISTINCT a.pid, coalesce(a.usename, '?'), coalesce(nullif(a.application_name, ''), 'no name'), a.state, l.mode
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.relation = %(oid)s AND l.pid <> pg_backend_pid() AND l.mode IN ('AccessExclusiveLock')
ORDER BY 1
"""
_OF_A_PREPARED = """
SELECT p.gid FROM pg_locks l JOIN pg_prepared_xacts p ON l.virtualtransaction = '-1/' || p.transaction
WHERE l.granted AND l.relation = %(oid)s AND l.mode IN ('AccessExclusiveLock')
"""


class TimeOver(Exception):
    """The time that everything together was given is over."""


class Bounded:
    """
    One copy of a database, asked until a moment of `time.monotonic`. `name` is what people know it by.

    `rows` raises TimeOver, QueryRefused, Unreachable.
    """

    def __init__(self, database: Database, name: str, until: float) -> None:
        self.database, self.name, self._until = database, name, until
        self.said: Exception | None = None
        """The last error that it gave."""

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """`sql` is a format of psycopg, whether or not it is given anything: a percent sign is doubled in it."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeOver
        bounds = {"lock": f"{LOCK_SECONDS * 1000:.0f}", "statement": f"{left * 1000 + 1:.0f}"}
        try:
            self.database.rows(_SET, bounds)
            return self.database.rows(sql, params or {}, timeout=left + 5)
        except (QueryRefused, Unreachable) as error:
            self.said = error
            raise

    def settle(self) -> None:
        """Let the session wait as before. Raises nothing."""
        try:
            self.database.rows(_SET, {"lock": "0", "statement": "0"})
        except (QueryRefused, Unreachable):
            self.database.close()

    def why_unknown(self, name: str, error: Exception, *, oid: int = 0, owner: str = "") -> Unknown:
        """What is in the way of looking at a thing of this copy, and the command that helps."""
        if isinstance(error, TimeOver) or (isinstance(error, QueryRefused) and error.sqlstate == _CANCELLED):
            return Unknown(name, "the time for the comparison was over", "look into both copies by hand, or try again")
        if isinstance(error, QueryRefused) and error.sqlstate == _NO_LOCK:
            return self._locked(name, oid)
        user = self.database.login.user
        if isinstance(error, QueryRefused) and error.sqlstate == _RIGHTS:
            if "row-level security" in str(error):
                return Unknown(
                    name, f"row-level security hides rows of it from {user} in {self.name}",
                    f'say as a superuser: ALTER ROLE "{user}" BYPASSRLS',
                )  # fmt: skip
            whose = f", which belongs to {owner}," if owner else ""
            right = "USAGE ON SCHEMA of it" if "for schema" in str(error) else f"SELECT ON {name}"
            return Unknown(
                name, f"{user} may not read it{whose} in {self.name}: {error}",
                f'say as {owner or "its owner"}: GRANT {right} TO "{user}"',
            )  # fmt: skip
        return Unknown(name, f"{self.name}: {error}", "look into both copies by hand")

    def _locked(self, name: str, oid: int) -> Unknown:
        try:
            holders = self.database.rows(_HOLDERS, {"oid": oid})
            gids = [gid for (gid,) in self.database.rows(_OF_A_PREPARED, {"oid": oid})]
        except (QueryRefused, Unreachable):
            holders, gids = [], []
        if holders:
            pid, user, application, state, mode = holders[0]
            said = f"session {pid} of {user} ({application}, {state}) holds {mode} on it in {self.name}"
            return Unknown(name, said, f"let it end, or say: SELECT pg_terminate_backend({pid})")
        if gids:
            said = f"the prepared transaction {gids[0]} holds a lock on it in {self.name}"
            return Unknown(name, said, f"COMMIT PREPARED '{gids[0]}' or ROLLBACK PREPARED '{gids[0]}'")
        return Unknown(name, f"a lock on it was not had within {LOCK_SECONDS:g} s in {self.name}", "try again")
