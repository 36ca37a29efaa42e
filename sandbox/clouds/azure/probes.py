"""
The probes of Traffic Manager: each endpoint is asked at its interval, from outside of all regions.

An endpoint is given up after so many failures in a row and one more, and taken back after one success.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.clouds.server import NoAnswer

if TYPE_CHECKING:
    from sandbox.clouds.azure.kind import Record
    from sandbox.clouds.azure.world import AzureWorld

LOOK_EVERY_SECONDS = 0.05
LONGEST_PROBE_SECONDS = 1.0
PROFILES = "microsoft.network/trafficmanagerprofiles"


@dataclass
class _Seen:
    at: float = 0.0
    failures: int = 0
    healthy: bool | None = None
    asking: bool = False


class Probes:
    """`of(endpoint)` says what was found: None before the first answer."""

    def __init__(self, _context: object = None) -> None:
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()
        self._begun = False

    def of(self, endpoint: str) -> bool | None:
        seen = self._seen.get(endpoint)
        return seen.healthy if seen is not None else None

    def watch(self, world: AzureWorld) -> None:
        """Begin, with the first profile of a world."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
        world.later("probes", lambda: self._run(world))

    def _run(self, world: AzureWorld) -> None:
        while not world.context.stopping.wait(LOOK_EVERY_SECONDS):
            due = [each for each in _probed(world) if self._is_due(world, each)]
            for profile, endpoint in due:
                threading.Thread(target=self._probe, args=(world, profile, endpoint), daemon=True).start()

    def _is_due(self, world: AzureWorld, one: tuple[Record, Record]) -> bool:
        profile, endpoint = one
        seen = self._seen.setdefault(endpoint.id.key, _Seen())
        interval = float(profile.properties["monitorConfig"]["intervalInSeconds"]) / world.context.pace
        if seen.asking or time.monotonic() < seen.at + interval:
            return False
        seen.asking, seen.at = True, time.monotonic()
        return True

    def _probe(self, world: AzureWorld, profile: Record, endpoint: Record) -> None:
        seen, monitor = self._seen[endpoint.id.key], profile.properties["monitorConfig"]
        try:
            answers = answered(world, _target(world, endpoint), monitor)
            lie = world.context.fabric.network.health_lie(endpoint.id.name)
            if answers if lie is None else lie:
                seen.failures, seen.healthy = 0, True
            else:
                seen.failures += 1
                if seen.failures > int(monitor["toleratedNumberOfFailures"]):
                    seen.healthy = False
        finally:
            seen.asking = False


def _probed(world: AzureWorld) -> list[tuple[Record, Record]]:
    found = []
    for each in world.store.all():
        namespace, *kinds = each.id.type.lower().split("/")
        given = each.properties
        if "/".join((namespace, *kinds[:1])) != PROFILES or len(kinds) != 2 or kinds[1] == "nestedendpoints":
            continue
        profile = world.store.find(each.id.parent or "")
        enabled = given.get("endpointStatus") == "Enabled" and given.get("alwaysServe") != "Enabled"
        if profile is not None and enabled:
            found.append((profile, each))
    return found


def _target(world: AzureWorld, endpoint: Record) -> str:
    target = world.store.find(str(endpoint.properties.get("targetResourceId") or ""))
    return f"{target.id.name.lower()}.azurewebsites.net" if target is not None else str(endpoint.properties["target"])


def answered(world: AzureWorld, host: str, monitor: dict[str, Any]) -> bool:
    """Did the target answer 200 in time? Traffic Manager looks at no certificate."""
    path = str(monitor.get("path") or "/")
    service = world.service_of(host)
    if service is not None:
        try:
            return bool(service(host, path) == 200)
        except NoAnswer:
            return False
    secure = str(monitor.get("protocol", "HTTP")).upper() == "HTTPS"
    ports = world.context.ports
    for address in world.context.names.resolve(host, "outside"):
        connection = http.client.HTTPConnection(address, ports.https if secure else ports.http)
        try:
            plain = socket.create_connection((connection.host, connection.port), timeout=LONGEST_PROBE_SECONDS)
            connection.sock = _tls().wrap_socket(plain, server_hostname=host) if secure else plain
            connection.request(
                "GET", path, headers={"Host": host, "User-Agent": "Azure Traffic Manager Endpoint Monitor"}
            )
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
