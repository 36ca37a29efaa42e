"""
Guards the tables of one database beside the renewal of its lease, and knows what is not guarded.

It has a session of its own, because a table may be locked by the service for as long as a load takes, and many tables
take their time.
"""

from __future__ import annotations

from scripts.core.errors import DrError
from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.guard import Unguarded
from scripts.engines.postgres.session import Database

AT_ONCE = 500  # tables in one look, so that the list is told while there are many
BOUND_SECONDS = 60.0


class Keeper:
    """Call `look` again and again while the lease is this site's."""

    def __init__(self, login: Login) -> None:
        self.database = login.database
        self.unguarded: tuple[Unguarded, ...] = ()
        self.said = ""
        self._database = Database(login)

    def look(self) -> None:
        """Guard what is new. Never raises: what went wrong is in `said`, and the next look tries again."""
        try:
            if not guard.installed(self._database):
                guard.install(self._database, tables=False)
            guard.guard_new_tables(self._database, at_most=AT_ONCE, timeout=BOUND_SECONDS)
            self.unguarded = tuple(guard.unguarded(self._database))
            self.said = ""
        except DrError as error:
            self.said = str(error)
