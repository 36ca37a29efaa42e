"""
The name servers: the world outside asks 127.0.0.1, each region asks its own address, over UDP and TCP.

Where a name leads depends on who asks (`view`): names of databases and front doors become the address that this asker
is given for the place, so that what is cut for it is cut. Hosted zones are asked at each query. A dead region's
server is silent.
"""

import contextlib
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dnslib import AAAA, CNAME, NS, QTYPE, RCODE, RR, SOA, TXT, A, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSServer

from sandbox.clouds.names import Answer, Zone
from sandbox.serving import Serving

ENDPOINT_TTL_SECONDS = 5.0  # of the names of databases, before the world's pace; front doors have 60
DEPTH = 8  # aliases and CNAMEs followed before we call it a loop

Locate = Callable[[str, str, str, str], str | None]
"""(kind, region, name, view) -> the address for that asker, or None when there is no such place."""


@dataclass(frozen=True)
class Place:
    kind: Literal["database", "cache", "front door"]
    region: str
    name: str


class WorldNames:
    """`sandbox.clouds.names.Names`."""

    def __init__(self, gateways: Mapping[str, str], locate: Locate, *, pace: float) -> None:
        self._gateways, self._locate = dict(gateways), locate
        self._ttl = ENDPOINT_TTL_SECONDS / pace
        self._places: dict[str, Place] = {}
        self._zones: dict[str, Zone] = {}
        self._domains: set[str] = set()

    def add_domain(self, domain: str) -> None:
        self._domains.add(f".{_plain(domain)}")

    def add_database(self, name: str, region: str, identifier: str) -> None:
        self._places[_plain(name)] = Place("database", region, identifier)

    def add_cache(self, name: str, region: str, identifier: str) -> None:
        self._places[_plain(name)] = Place("cache", region, identifier)

    def add_front_door(self, name: str, region: str, front_door: str) -> None:
        self._places[_plain(name)] = Place("front door", region, front_door)

    def remove(self, name: str) -> None:
        self._places.pop(_plain(name), None)

    def add_zone(self, zone: str, answer: Zone) -> None:
        self._zones[_plain(zone)] = answer

    def remove_zone(self, zone: str) -> None:
        self._zones.pop(_plain(zone), None)

    def known(self) -> Iterable[str]:
        return (*self._places, *self._zones)

    def resolve(self, name: str, view: str) -> list[str]:
        """The addresses of `name` as seen from `view`. Empty: none."""
        return [str(record.rdata) for record in self.records(name, "A", view)[0] if record.rtype == QTYPE.A]

    def records(self, name: str, kind: str, view: str, depth: int = 0) -> tuple[list[RR], int]:
        """What a server says: records, and the response code."""
        name = _plain(name)
        if depth > DEPTH:
            return [], RCODE.SERVFAIL
        place = self._places.get(name)
        if place is not None:
            address = self._locate(place.kind, place.region, place.name, view)
            return ([_address(name, address, self._ttl)], 0) if address and kind == "A" else ([], 0)
        if name.endswith(tuple(self._domains)):
            return ([_address(name, self._gateways[view], 60)], 0) if kind == "A" else ([], 0)
        answer = self._ask_zone(name, kind)
        return self._from_zone(name, kind, view, depth, answer) if answer else ([], RCODE.NXDOMAIN)

    def _ask_zone(self, name: str, kind: str) -> Answer | None:
        labels = name.split(".")
        for start in range(len(labels)):  # the longest zone that holds the name
            zone = self._zones.get(".".join(labels[start:]))
            if zone is not None:
                return zone(name, kind)
        return None

    def _from_zone(self, name: str, kind: str, view: str, depth: int, answer: Answer) -> tuple[list[RR], int]:
        ttl = answer.ttl_seconds
        if not answer.values:
            return [], 0
        if answer.kind == "ALIAS":
            behind, code = self.records(answer.values[0], kind, view, depth + 1)
            found = [record for record in behind if record.rtype == getattr(QTYPE, kind)]
            return [_address(name, str(record.rdata), min(ttl, record.ttl)) for record in found if kind == "A"], code
        if answer.kind == "CNAME":
            target = answer.values[0]
            behind, code = self.records(target, kind, view, depth + 1) if kind != "CNAME" else ([], 0)
            return [RR(name, QTYPE.CNAME, rdata=CNAME(target), ttl=_whole(ttl)), *behind], code
        if answer.kind != kind:
            return [], 0
        return [RR(name, getattr(QTYPE, kind), rdata=_data(kind, value), ttl=_whole(ttl)) for value in answer.values], 0


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def _whole(ttl: float) -> int:
    """DNS counts whole seconds; what lives shorter is not to be kept at all."""
    return int(ttl)


def _address(name: str, address: str, ttl: float) -> RR:
    return RR(name, QTYPE.A, rdata=A(address), ttl=_whole(ttl))


def _data(kind: str, value: str) -> A | AAAA | TXT | NS | SOA:
    if kind == "TXT":
        return TXT(value.strip('"'))
    if kind == "NS":
        return NS(value)
    if kind == "SOA":
        primary, contact, *times = value.split()
        return SOA(primary, contact, tuple(int(time) for time in times))
    return A(value)


class _View(BaseResolver):  # type: ignore[misc]
    """Answers one view."""

    def __init__(self, names: WorldNames, view: str, answers: Callable[[str], bool]) -> None:
        self._names, self._view, self._answers = names, view, answers

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        if not self._answers(self._view):
            raise _Silence
        reply = request.reply()
        kind = QTYPE.get(request.q.qtype)
        try:
            records, code = self._names.records(str(request.q.qname), kind, self._view)
        except Exception:  # noqa: BLE001 (a zone that fails is a server failure, as in real life)
            records, code = [], RCODE.SERVFAIL
        reply.header.rcode = code
        for record in records:
            reply.add_answer(record)
        return reply


class _Silence(Exception):
    """No answer, not even an error."""


class _Handler(DNSHandler):  # type: ignore[misc]
    def handle(self) -> None:
        with contextlib.suppress(_Silence, OSError):
            super().handle()


class _Quiet:
    """dnslib logs every query; the world does not."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class NameServers:
    """Serves every view until stopped. Raises OSError when a port is taken."""

    def __init__(
        self, names: WorldNames, addresses: Mapping[str, str], port: int, answers: Callable[[str], bool]
    ) -> None:
        servers: list[DNSServer] = []
        for view, address in addresses.items():
            for tcp in (False, True):
                server = DNSServer(
                    _View(names, view, answers),
                    address=address,
                    port=port,
                    tcp=tcp,
                    logger=_Quiet(),
                    handler=_Handler,
                )
                server.server.daemon_threads = True
                if not tcp:
                    server.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                servers.append(server)
        self._serving = Serving("dns", *(server.server for server in servers))

    def stop(self) -> None:
        self._serving.stop()
