"""
A front door: the load balancer of a region, one request at a time to a pod that is ready.

Each request goes where the first rule that matches its host and path sends it: nothing is guessed, and the path reaches
the pod as the client sent it. When no pod is ready, all of them are tried, as an AWS load balancer does ("fail open"):
a readiness probe may lag behind the truth. A listener with a certificate ends TLS. Whoever its firewall keeps out is
answered 403, on connections that are open already too.
"""

import asyncio
import contextlib
import fnmatch
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any, Generic, TypeVar

from sandbox.dataplane.processes import pod_user
from sandbox.fabric import Listener, Route
from sandbox.peers import admits
from sandbox.tls import server_context

Address = tuple[str, int]
Targets = Callable[[int], Sequence[Address]]  # port of the nodes -> where its pods are, best ones first

HEAD_LIMIT = 64 * 1024
ANSWER_TIMEOUT_SECONDS = 10.0
HANDSHAKE_SECONDS = 5.0
FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LENGTH = re.compile(r"[0-9]{1,10}")
LINE_ENDS = frozenset("\r\n\0")


def listener_of(told: Mapping[str, Any]) -> Listener:
    """A listener as the world told it to the region."""
    routes = [
        Route(**{**route, "hosts": tuple(route["hosts"]), "paths": tuple(route["paths"])}) for route in told["routes"]
    ]
    return Listener(0, tuple(routes), str(told["certificate"]).encode("ascii"), tuple(told["kept_out"]))


def matches(patterns: Sequence[str], text: str) -> bool:
    """Does one of the patterns fit? `*` and `?` are the only wildcards; no pattern fits everything."""
    return not patterns or any(
        re.match(fnmatch.translate(pattern.replace("[", "[[]")), text) is not None for pattern in patterns
    )


def route_for(routes: Sequence[Route], host: str, path: str) -> Route:
    """The first route that matches; without one the answer is 503."""
    bare, way = host.rpartition(":")[0] or host, path.partition("?")[0]
    for route in routes:
        if matches([each.lower() for each in route.hosts], bare.lower()) and matches(route.paths, way):
            return route
    return Route()


class Backend:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer


@dataclass(frozen=True)
class Head:
    """The head of a request: its bytes as the client sent them, and what they say."""

    raw: bytes
    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    def with_headers(self, headers: Mapping[str, str]) -> bytes:
        """The same with these in the place of those of the same name."""
        line, *rest = _lines(self.raw)
        names = {name.lower() for name in headers}
        kept = [field for field in rest if field.partition(":")[0].strip().lower() not in names]
        given = [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([line, *given, *kept, "", ""]).encode("latin-1")


Target = TypeVar("Target", bound=Hashable)


class FrontDoor(Generic[Target]):
    """Listens on one address, at a port for each listener. What it passes requests on to, a subclass says."""

    def __init__(self) -> None:
        self._admits = admits(pod_user().uid)
        self._turn = 0
        self._idle: dict[Target, list[Backend]] = {}
        self._listeners: dict[int, Listener] = {}
        self._servers: dict[int, asyncio.Server] = {}
        self._clients: set[asyncio.StreamWriter] = set()

    async def listen(self, address: str, listeners: Mapping[int, Listener]) -> None:
        """Do as these listeners say, by port. Rules change under open connections, a certificate needs new ones."""
        before, self._listeners = self._listeners, dict(listeners)
        for port in [port for port in self._servers if port not in listeners]:
            self._servers.pop(port).close()
        for port, listener in listeners.items():
            if port in self._servers and before[port].certificate == listener.certificate:
                continue
            if port in self._servers:
                self._servers.pop(port).close()
            tls: dict[str, Any] = {}
            if listener.certificate:
                tls = {"ssl": server_context(listener.certificate), "ssl_handshake_timeout": HANDSHAKE_SECONDS}
            self._servers[port] = await asyncio.start_server(
                partial(self._serve, port), address, port, limit=HEAD_LIMIT, backlog=256, **tls
            )

    # what a subclass says ---------------------------------------------------------------------------------------------
    def refuses(self) -> bool:
        """Does it answer nobody now?"""
        return False

    async def answer(self, head: Head, body: bytes, listener: Listener) -> bytes:
        """What a listener's own rules say."""
        route = route_for(listener.routes, head.host, head.path)
        if route.redirect:
            return _redirect(route, head.host, head.path)
        targets = self.targets_of(route)
        return plain(route.status, "") if targets is None else await self.ask(targets, head, body)

    def targets_of(self, route: Route) -> Sequence[Target] | None:
        """Where a route leads to, the best ones first; None: to nothing but a status."""
        return None

    def request_for(self, target: Target, head: Head, body: bytes) -> bytes:
        return head.raw + body

    async def open(self, target: Target) -> Backend:
        """Raises OSError."""
        raise NotImplementedError

    # what all have in common ------------------------------------------------------------------------------------------
    def hang_up(self) -> None:
        """End the connections of all clients."""
        for writer in list(self._clients):
            writer.transport.abort()

    def close(self) -> None:
        for server in self._servers.values():
            server.close()
        self.hang_up()
        for backends in self._idle.values():
            for backend in backends:
                backend.writer.transport.abort()

    async def _serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._admits(writer.get_extra_info("peername"), writer.get_extra_info("sockname")):
            writer.transport.abort()  # another user of this machine
            return
        if self.refuses():
            writer.transport.abort()
            return
        self._clients.add(writer)
        try:
            while await self._one_request(port, reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the caller went away, or does not speak HTTP
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _one_request(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line, headers = _parse(head)
        method, path, _ = line.split(" ", 2)
        asked = Head(head, method, path, headers)
        body = await reader.readexactly(_length(headers))
        is_web_page = "origin" in headers  # in a browser on this machine
        if is_web_page or self._keeps_out(port, writer):
            writer.write(plain(403, "Forbidden"))
            return False
        writer.write(await self.answer(asked, body, self._listeners[port]))
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    def _keeps_out(self, port: int, writer: asyncio.StreamWriter) -> bool:
        networks = self._listeners[port].kept_out
        asks = ip_address(writer.get_extra_info("peername")[0]) if networks else None
        return any(asks in ip_network(network) for network in networks)

    async def ask(self, targets: Sequence[Target], head: Head, body: bytes) -> bytes:
        """The answer of the first that can be reached, beginning with another one each time."""
        self._turn += 1
        for place in range(len(targets)):
            target = targets[(self._turn + place) % len(targets)]
            backend = await self._connect(target)
            if backend is None:
                continue
            try:
                backend.writer.write(self.request_for(target, head, body))
                async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                    answer, reusable = await _read_answer(backend.reader, head.method)
            except TimeoutError:
                backend.writer.transport.abort()
                return plain(504, "Gateway Timeout")
            except (OSError, asyncio.IncompleteReadError, ValueError):
                # It may have acted on the request: never sent twice.
                backend.writer.transport.abort()
                return plain(502, "Bad Gateway")
            except asyncio.CancelledError:
                backend.writer.transport.abort()
                raise
            if reusable:
                self._idle.setdefault(target, []).append(backend)
            else:
                backend.writer.close()
            return answer
        return plain(503, "Service Unavailable")

    async def _connect(self, target: Target) -> Backend | None:
        idle = self._idle.get(target, [])
        while idle:
            backend = idle.pop()
            if not backend.reader.at_eof() and not backend.writer.is_closing():
                return backend
            backend.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                return await self.open(target)
        return None


class NodeDoor(FrontDoor[Address]):
    """The load balancer of a region; `targets` is asked for every request."""

    def __init__(self, targets: Targets) -> None:
        super().__init__()
        self._targets = targets

    def targets_of(self, route: Route) -> Sequence[Address] | None:
        return list(self._targets(route.node_port)) if route.node_port is not None else None

    async def open(self, target: Address) -> Backend:
        return Backend(*await asyncio.open_connection(*target, limit=HEAD_LIMIT))


def _parse(head: bytes) -> tuple[str, dict[str, str]]:
    """
    The first line and the fields. Raises ValueError for whatever two readers could understand differently: a door and
    a pod that disagree where a request ends let one client speak in the name of another (RFC 9112, section 11.2).
    """
    line, *rest = _lines(head)
    headers: dict[str, str] = {}
    for each in rest:
        name, colon, value = each.partition(":")
        if not colon or not FIELD_NAME.fullmatch(name):
            raise ValueError("a line of the head is no field")
        if name.lower() in {"content-length", "transfer-encoding", "host"} & headers.keys():
            raise ValueError(f"{name} is there twice")
        headers[name.lower()] = value.strip()
    return line, headers


def _lines(head: bytes) -> list[str]:
    """Raises ValueError where a line holds what another reader would take for its end."""
    lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    if any(LINE_ENDS & set(line) for line in lines):
        raise ValueError("a line of the head ends in its middle")
    return lines


def _length(headers: Mapping[str, str]) -> int:
    """Of a body. Raises ValueError for one that does not say it in plain digits: chunks are not passed on."""
    said = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not LENGTH.fullmatch(said):
        raise ValueError("the length of the body is not said")
    return int(said)


async def _read_answer(reader: asyncio.StreamReader, method: str) -> tuple[bytes, bool]:
    """The final answer: those that come before it (100 Continue) are not it."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        line, headers = _parse(head)
        status = line.split(" ")[1]
        if status == "101":
            raise ValueError("nobody asked for another protocol")
        if not status.startswith("1"):
            break
    length = _length(headers)
    if method == "HEAD" or status in ("204", "304"):
        length = 0
    body = await reader.readexactly(length)
    return head + body, headers.get("connection", "").lower() != "close"


def _redirect(route: Route, host: str, path: str) -> bytes:
    way, _, query = path.partition("?")
    place = route.redirect
    for name, value in (("host", host.rpartition(":")[0] or host), ("path", way.lstrip("/")), ("query", query)):
        place = place.replace(f"#{{{name}}}", value)
    return f"HTTP/1.1 {route.status} Moved\r\nLocation: {place.rstrip('?')}\r\nContent-Length: 0\r\n\r\n".encode()


def plain(status: int, reason: str) -> bytes:
    body = f"{status} {reason}\n".encode()
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
