"""
Front doors outside of all regions: each passes a request on to an origin that it is told for the host, over TLS.

They live in the world's own process, so no region takes one down with it. What a client sends reaches the origin with
the Host that the origin is known by, and with headers that say which front door it came through.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from sandbox.dataplane.addresses import Addresses, NumberPool, Numbers
from sandbox.dataplane.frontdoor import HEAD_LIMIT, Backend, FrontDoor, Head, plain
from sandbox.fabric import Edge, FabricError, Listener, Origin, Route

ORDER_SECONDS = 20.0
REDIRECT = (Route(redirect="https://#{host}#{path}?#{query}", status=301),)


class EdgeDoor(FrontDoor[Origin]):
    """Serves what `edge` says; `is_out` asks whether all of them are out."""

    def __init__(self, edge: Edge, authority: bytes, is_out: Callable[[], bool]) -> None:
        super().__init__()
        self.edge, self._is_out = edge, is_out
        self._trust = ssl.create_default_context(cadata=authority.decode("ascii"))

    async def answer(self, head: Head, body: bytes, listener: Listener) -> bytes:
        if not listener.certificate:
            return await super().answer(head, body, listener)
        origins = self.edge.origins(head.host.partition(":")[0].lower())
        return plain(404, "Not Found") if origins is None else await self.ask(origins, head, body)

    def refuses(self) -> bool:
        return self._is_out()

    def request_for(self, target: Origin, head: Head, body: bytes) -> bytes:
        return head.with_headers({"Host": target.host, **self.edge.headers}) + body

    async def open(self, target: Origin) -> Backend:
        ways = await asyncio.open_connection(
            target.address, target.port, limit=HEAD_LIMIT, ssl=self._trust, server_hostname=target.name
        )
        return Backend(*ways)


class WorldEdges:
    """`sandbox.fabric.Edges`: all of them in one thread, which begins with the first."""

    def __init__(self, addresses: Addresses, numbers: Numbers, authority: bytes) -> None:
        self._addresses, self._numbers, self._authority = addresses, numbers, authority
        self._doors: dict[str, EdgeDoor] = {}
        self._places: dict[str, int] = {}
        self._free = NumberPool()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self.out = False

    def open(self, name: str, edge: Edge) -> None:
        with self._lock:
            if name not in self._doors:
                self._places[name] = self._free.take()
                self._doors[name] = EdgeDoor(edge, self._authority, lambda: self.out)
            door = self._doors[name]
            door.edge = edge
            listeners = {
                self._numbers.http: Listener(80, REDIRECT),
                self._numbers.https: Listener(443, (), edge.certificate),
            }
            self._do(partial(door.listen, self._addresses.edge(self._places[name]), listeners))

    def close(self, name: str) -> None:
        with self._lock:
            if name in self._doors:
                self._do(partial(_close, self._doors.pop(name)))
                self._free.give_back(self._places.pop(name))

    def address(self, name: str) -> str | None:
        place = self._places.get(name)
        return self._addresses.edge(place) if place is not None else None

    def put_out(self, *, out: bool) -> None:
        """Have all of them answer nobody, or again. Raises FabricError where there is none."""
        with self._lock:
            if out and not self._doors:
                raise FabricError("no front door stands outside of the regions")
            self.out = out
            for door in self._doors.values() if out else ():
                self._do(partial(_hang_up, door))

    def stop(self) -> None:
        with self._lock:
            for name in list(self._doors):
                self.close(name)
            if self._loop is not None and self._thread is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(ORDER_SECONDS)
                self._loop.close()
                self._loop = self._thread = None

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="edges", daemon=True)
            self._thread.start()
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(ORDER_SECONDS)


async def _close(door: EdgeDoor) -> None:
    door.close()


async def _hang_up(door: EdgeDoor) -> None:
    door.hang_up()
