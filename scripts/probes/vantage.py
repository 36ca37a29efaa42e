"""
What one place in the world sees of the active site: its databases and its front door, each look bounded.

A vantage point is a name and the name server by which that place finds things: names lead there as they lead for it.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.core.errors import BadInput
from scripts.core.net import Login, QueryRefused, Unreachable, connect, end, query
from scripts.probes.web import Door, fetch

if TYPE_CHECKING:
    import psycopg

_LOOK = "SELECT NOT pg_is_in_recovery()"


@dataclass
class Sight:
    """What was seen of one database or door, kept from look to look. `failures` in a row; `said` is the last reason."""

    up: bool = True
    failures: int = 0
    said: str = ""

    def saw(self, reason: str) -> None:
        self.up = not reason
        self.failures = self.failures + 1 if reason else 0
        self.said = reason


@dataclass
class Vantage:
    """Keeps a connection to each database, as an application does; a broken one is opened anew at the next look."""

    name: str
    resolver: str
    databases: dict[str, Sight] = field(default_factory=dict)
    door: Sight = field(default_factory=Sight)
    service: Sight = field(default_factory=Sight)  # the door's own word on its database
    _connections: dict[str, psycopg.AsyncConnection[tuple[Any, ...]]] = field(default_factory=dict, repr=False)

    async def look(self, logins: dict[str, Login], door: Door, path: str, *, timeout: float) -> None:
        """One look at everything, side by side; `path` is the service's health. Never raises for what it sees."""
        async with asyncio.TaskGroup() as looks:
            for name, login in logins.items():
                looks.create_task(self._look_at_database(name, login, timeout))
            looks.create_task(self._look_at_door(self.door, door, "/health", timeout))
            looks.create_task(self._look_at_door(self.service, door, path, timeout))

    async def _look_at_database(self, name: str, login: Login, timeout: float) -> None:
        sight = self.databases.setdefault(name, Sight())
        try:
            connection = self._connections.get(name)
            if connection is None or connection.closed:
                connection = await connect(login, timeout=timeout, server=self.resolver)
                self._connections[name] = connection
            rows = await query(connection, _LOOK, None, timeout=timeout)
            sight.saw("" if rows[0][0] else "it is in recovery")
        except (Unreachable, QueryRefused) as error:
            self._drop(name)
            sight.saw(str(error) or "no answer")

    async def _look_at_door(self, sight: Sight, door: Door, path: str, timeout: float) -> None:
        try:
            answer = await fetch(door, path, seconds=timeout, server=self.resolver)
        except Unreachable as error:
            sight.saw(str(error))
        else:
            sight.saw("" if answer.status == 200 else f"{path} answers {answer.status}")

    def _drop(self, name: str) -> None:
        connection = self._connections.pop(name, None)
        if connection is not None:
            end(connection)


def vantages(environ: dict[str, str] | None = None) -> list[Vantage]:
    """
    From DR_VANTAGE_POINTS: `outside=127.0.0.1:5353,eu-west-1=...`. Without it there is one, with the system's resolver.

    Raises BadInput.
    """
    text = (os.environ if environ is None else environ).get("DR_VANTAGE_POINTS", "")
    if not text:
        return [Vantage("here", "")]
    found = []
    for part in text.split(","):
        name, equals, server = part.strip().partition("=")
        if not (name and equals and server.rpartition(":")[2].isdigit()):
            raise BadInput(
                f"DR_VANTAGE_POINTS: {part!r} is not NAME=ADDRESS:PORT", "one for each place, separated by commas"
            )
        found.append(Vantage(name, server))
    return found
