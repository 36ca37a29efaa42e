"""
What one place in the world sees of the active site: its databases, its front door and its services, each look bounded.

A vantage point is a name and the name server by which that place finds things: names lead there as they lead for it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput
from scripts.core.net import Login, Unreachable
from scripts.engines.registry import watcher
from scripts.probes.web import Door, fetch

if TYPE_CHECKING:
    from scripts.engines.protocol import Watcher


@dataclass(frozen=True)
class Watched:
    """A store that is looked at: its kind, and where and as whom it is asked."""

    kind: str
    login: Login


@dataclass
class Sight:
    """
    What was seen of one database, door or service, kept from look to look. `failures` in a row; `alone`: how many of
    them while the site itself was seen; `ever`: it was seen up once; `since` is when the failures began, in
    seconds since 1970; `said` is the last reason.
    """

    up: bool = True
    ever: bool = False
    failures: int = 0
    alone: int = 0
    since: float = 0.0
    said: str = ""

    def saw(self, reason: str) -> None:
        self.up = not reason
        self.ever = self.ever or self.up
        if reason and not self.failures:
            self.since = time.time()
        self.failures = self.failures + 1 if reason else 0
        self.said = reason

    def judge(self, *, site_seen: bool, site_dark: bool) -> None:
        """
        Count a failure for its own only while the site lives: when a whole site was unseen, what of it is slower to
        come back is not down.
        """
        if self.up or site_dark:
            self.alone = 0
        elif site_seen:
            self.alone += 1


@dataclass
class Vantage:
    """Keeps a connection to each database, as an application does; a broken one is opened anew at the next look."""

    name: str
    resolver: str
    databases: dict[str, Sight] = field(default_factory=dict)
    door: Sight = field(default_factory=Sight)
    services: dict[str, Sight] = field(default_factory=dict)  # each one's own word on itself and its stores
    _watchers: dict[str, tuple[Watched, Watcher]] = field(default_factory=dict, repr=False)

    async def look(
        self, stores: Mapping[str, Watched], door: Door, paths: Mapping[str, str], *, timeout: float
    ) -> None:
        """One look at everything, side by side; `paths` leads to each service's health. Never raises."""
        async with asyncio.TaskGroup() as looks:
            for name, watched in stores.items():
                looks.create_task(self._look_at_store(name, watched, timeout))
            looks.create_task(self._look_at_door(self.door, door, "/health", timeout))
            for service, path in paths.items():
                sight = self.services.setdefault(service, Sight())
                looks.create_task(self._look_at_door(sight, door, path, timeout))

    def forget(self) -> None:
        """Look at other things from now on: what was seen of these says nothing of those."""
        for _, known in self._watchers.values():
            known.close()
        self._watchers = {}
        self.databases, self.services, self.door = {}, {}, Sight()

    async def _look_at_store(self, name: str, watched: Watched, timeout: float) -> None:
        sight = self.databases.setdefault(name, Sight())
        sight.saw(await self._watcher(name, watched).why_not_up(timeout=timeout))

    def _watcher(self, name: str, watched: Watched) -> Watcher:
        known = self._watchers.get(name)
        if known is not None:
            if known[0] == watched:
                return known[1]
            known[1].close()
        made = watcher(watched.kind, watched.login, self.resolver)
        self._watchers[name] = (watched, made)
        return made

    async def _look_at_door(self, sight: Sight, door: Door, path: str, timeout: float) -> None:
        try:
            answer = await fetch(door, path, seconds=timeout, server=self.resolver)
        except Unreachable as error:
            sight.saw(str(error))
        else:
            sight.saw("" if answer.status == 200 else f"{path} answers {answer.status}")


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
