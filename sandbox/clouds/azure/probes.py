"""
The probes of Traffic Manager and of Front Door: each target is asked at its interval, from outside of all regions.

A target is healthy once enough of its last answers were good, and given up once too few can be any more. Front Door
asks from each of its many places; a world has one.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.clouds.server import NoAnswer

if TYPE_CHECKING:
    from sandbox.clouds.azure.world import AzureWorld

LOOK_EVERY_SECONDS = 0.05
LONGEST_PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class Probed:
    """
    What is asked: a `path` of a host, with TLS where it is `secure`. Of the last `window` answers `needed` have to be
    good. A lie of the world about `name` counts for it.
    """

    key: str
    name: str
    host: str
    path: str
    secure: bool
    interval_seconds: float
    window: int
    needed: int = 1


Source = Callable[[], Iterable[Probed]]


@dataclass
class _Seen:
    at: float = 0.0
    answers: list[bool] = field(default_factory=list)
    healthy: bool | None = None
    asking: bool = False


class Probes:
    """`of(key)` says what was found: None before there are enough answers."""

    def __init__(self, _context: object = None) -> None:
        self._seen: dict[str, _Seen] = {}
        self._sources: dict[str, Source] = {}
        self._lock = threading.Lock()

    def of(self, key: str) -> bool | None:
        seen = self._seen.get(key)
        return seen.healthy if seen is not None else None

    def watch(self, world: AzureWorld, name: str, source: Source) -> None:
        """Ask what a source names from now on; one that is watched already is watched once."""
        with self._lock:
            begun, self._sources[name] = bool(self._sources), source
        if not begun:
            world.later("probes", lambda: self._run(world))

    def _run(self, world: AzureWorld) -> None:
        while not world.context.stopping.wait(LOOK_EVERY_SECONDS):
            due = [each for source in list(self._sources.values()) for each in source() if self._is_due(world, each)]
            for each in due:
                threading.Thread(target=self._probe, args=(world, each), daemon=True).start()

    def _is_due(self, world: AzureWorld, one: Probed) -> bool:
        seen = self._seen.setdefault(one.key, _Seen())
        if seen.asking or time.monotonic() < seen.at + one.interval_seconds / world.context.pace:
            return False
        seen.asking, seen.at = True, time.monotonic()
        return True

    def _probe(self, world: AzureWorld, one: Probed) -> None:
        seen = self._seen[one.key]
        try:
            answers = answered(world, one)
            lie = world.context.fabric.network.health_lie(one.name)
            seen.answers = [*seen.answers, answers if lie is None else lie][-one.window :]
            if sum(seen.answers) >= one.needed:
                seen.healthy = True
            elif seen.answers.count(False) > one.window - one.needed:
                seen.healthy = False
        finally:
            seen.asking = False


def answered(world: AzureWorld, one: Probed) -> bool:
    """Did the target answer 200 in time? Neither service looks at a certificate when it probes."""
    service = world.service_of(one.host)
    if service is not None:
        try:
            return bool(service(one.host, one.path) == 200)
        except NoAnswer:
            return False
    ports = world.context.ports
    for address in world.context.names.resolve(one.host, "outside"):
        connection = http.client.HTTPConnection(address, ports.https if one.secure else ports.http)
        try:
            plain = socket.create_connection((connection.host, connection.port), timeout=LONGEST_PROBE_SECONDS)
            connection.sock = _tls().wrap_socket(plain, server_hostname=one.host) if one.secure else plain
            connection.request("GET", one.path, headers={"Host": one.host, "User-Agent": "Azure Endpoint Monitor"})
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()
    return False


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
