"""
Guards the tables of one database beside the renewal of its lease, keeps the logins of its services, and knows what is
not guarded.

It has a session of its own, because a table may be locked by the service for as long as a load takes, and many tables
take their time.
"""

from __future__ import annotations

from collections.abc import Mapping

from scripts.core.errors import DrError
from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.logins import keep
from scripts.engines.postgres.session import ENGINE_ONLY, Database
from scripts.engines.protocol import QueryRefused
from scripts.engines.seen import Unguarded

AT_ONCE = 500  # tables in one look, so that the list is told while there are many
BOUND_SECONDS = 60.0


class Keeper:
    """Call `look` again and again while the lease is this site's. `passwords`: of the roles that may log in."""

    def __init__(self, login: Login, passwords: Mapping[str, str]) -> None:
        self.database = login.database
        self.unguarded: tuple[Unguarded, ...] = ()
        self.said = ""
        self._passwords = dict(passwords)
        self._given = False  # by us: a role may have changed its password itself
        self._database = Database(login, search_path=ENGINE_ONLY)

    def look(self) -> None:
        """Guard what is new. Never raises: what went wrong is in `said`, and the next look tries again."""
        try:
            if not guard.installed(self._database):
                guard.install(self._database, tables=False)
            logins = self._keep_logins()
            guard.guard_new_tables(self._database, at_most=AT_ONCE, timeout=BOUND_SECONDS)
            self.unguarded = (*logins, *guard.unguarded(self._database))
            self.said = ""
        except DrError as error:
            self.said = str(error)

    def _keep_logins(self) -> list[Unguarded]:
        try:
            left = keep(self._database, self._passwords, anew=not self._given)
        except QueryRefused as error:
            return [Unguarded("logins", f"they are not as the plan wants them: {error}")]
        self._given = True
        return left
