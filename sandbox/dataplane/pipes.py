"""
Pipes that every byte between a caller and a server goes through, so that the world can cut, slow, black-hole and
refuse.

A pipe listens on the address that one kind of asker (`source`: a region or "outside") is given for a place, and
forwards to the server behind it. Whether it does, is up to the `Gates` of the region: the state of the link from that
source, and of the server. A cut link loses nothing by itself: like TCP on a dead line, both ends wait, and what was
on its way arrives when the line is back.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, cast

from sandbox.dataplane.processes import database_user, pod_user
from sandbox.peers import admits

Target = tuple[str, int]
Hole = Literal["hang", "refuse"]
ANYBODY = "127.0.0.1"
"""Where a caller asks from that chose no address of its own. Any other address is shown to the server."""
HIGH_WATER = 1 << 20  # bytes held for one direction before the sender is made to wait


@dataclass
class Link:
    """The way from one source into this region."""

    cut: bool = False
    delay_seconds: float = 0.0


@dataclass
class Gates:
    """What stands between sources and servers in one region now."""

    links: dict[str, Link] = field(default_factory=dict)
    holes: dict[str, Hole] = field(default_factory=dict)  # by the server's address
    shut: set[str] = field(default_factory=set)  # names of pipes that let nothing through, as a firewall that drops

    def link(self, source: str) -> Link:
        return self.links.setdefault(source, Link())

    def hangs(self, source: str, target: Target) -> bool:
        return self.link(source).cut or self.holes.get(target[0]) == "hang"

    def refuses(self, target: Target) -> bool:
        return self.holes.get(target[0]) == "refuse"


class _Direction:
    """Bytes on their way to one end: in order, each due at its time, none while the gate is shut."""

    def __init__(self, pipe: "Pipe", connection: "_Connection") -> None:
        self.pipe, self.connection = pipe, connection
        self.waiting: deque[tuple[float, bytes]] = deque()  # b"" is the end of the stream
        self.held = 0
        self.sink: asyncio.Transport | None = None
        self.sink_is_full = False
        self.source: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.ended = False  # its source is gone: when all is delivered, so is the sink
        self.is_over = False  # the end of its stream was delivered

    def put(self, data: bytes) -> None:
        due = asyncio.get_running_loop().time() + self.pipe.delay_seconds
        self.waiting.append((due, data))
        self.held += len(data)
        self.flush()

    def flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self.waiting and self.sink is not None and not self.pipe.hangs and not self.sink.is_closing():
            due, data = self.waiting[0]
            if due > loop.time():
                if self._timer is None:
                    self._timer = loop.call_at(due, self._wake)
                break
            self.waiting.popleft()
            self.held -= len(data)
            if data:
                self.sink.write(data)
            else:
                self.is_over = True
                if self.sink.can_write_eof():
                    self.sink.write_eof()
                self.connection.close_when_over()
        if self.ended and not self.waiting and self.sink is not None:
            self.sink.close()
        self.regulate()

    def _wake(self) -> None:
        self._timer = None
        self.flush()

    def regulate(self) -> None:
        """Read on only while there is somewhere to put it."""
        if self.source is None or self.source.is_closing():
            return
        with contextlib.suppress(RuntimeError):
            if self.pipe.hangs or self.sink_is_full or self.held > HIGH_WATER:
                self.source.pause_reading()
            else:
                self.source.resume_reading()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.waiting.clear()


class _End(asyncio.Protocol):
    def __init__(self, connection: "_Connection", incoming: _Direction, outgoing: _Direction) -> None:
        self.connection, self.incoming, self.outgoing = connection, incoming, outgoing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        peer = made.get_extra_info("socket")
        if self is self.connection.client:
            caller, place = _ends(made)
            if not self.connection.pipe.admits(caller, place):
                made.abort()  # another user of this machine
                return
            if caller[0] != ANYBODY:
                self.connection.asker = (caller[0], 0)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming.source, self.outgoing.sink = made, made
        self.connection.end_is_there(self)

    def data_received(self, data: bytes) -> None:
        self.incoming.put(data)

    def eof_received(self) -> bool:
        self.incoming.put(b"")
        return True  # the other direction may still have something to say

    def pause_writing(self) -> None:
        self.outgoing.sink_is_full = True
        self.outgoing.regulate()

    def resume_writing(self) -> None:
        self.outgoing.sink_is_full = False
        self.outgoing.regulate()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.end_is_gone(exc)


def _ends(transport: asyncio.BaseTransport) -> tuple[Target, Target]:
    peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    return tuple(peer or ("", 0))[:2], tuple(local)[:2]


class _Connection:
    def __init__(self, pipe: "Pipe") -> None:
        self.pipe = pipe
        self.inward, self.outward = _Direction(pipe, self), _Direction(pipe, self)
        self.client = _End(self, self.inward, self.outward)
        self.server = _End(self, self.outward, self.inward)
        self.asker: Target | None = None
        self._dial: asyncio.Task[None] | None = None
        self._gone = 0

    def end_is_there(self, end: _End) -> None:
        if end is self.client:
            self.pipe.connections.add(self)
            if self.pipe.refuses:
                self.reset()
            else:
                self.gate_changed()
        else:
            self.inward.flush()
            self.outward.flush()

    def gate_changed(self) -> None:
        if self._dial is None and not self.pipe.hangs:
            self._dial = asyncio.create_task(self._connect())
        self.inward.flush()
        self.outward.flush()

    async def _connect(self) -> None:
        await asyncio.sleep(2 * self.pipe.delay_seconds)  # the handshake crosses the line there and back
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: self.server, *self.pipe.target, local_addr=self.asker)
        except OSError:
            self.reset()

    def close_when_over(self) -> None:
        """Each end has said that it has no more to say: nothing else would ever close the two sockets between them."""
        if self.inward.is_over and self.outward.is_over:
            self.pipe.connections.discard(self)
            for direction in (self.inward, self.outward):
                if direction.sink is not None:
                    direction.sink.close()

    def end_is_gone(self, exc: Exception | None) -> None:
        """Once one end is lost, what it sent before still goes out; a reset goes through as a reset."""
        self._gone += 1
        if exc is not None or self._gone == 2:
            self.reset()
            return
        for direction in (self.inward, self.outward):
            if direction.source is not None and direction.source.is_closing():
                direction.ended = True
                direction.flush()

    def reset(self) -> None:
        """Both ends see a reset, as when a machine died."""
        self.pipe.connections.discard(self)
        if self._dial is not None and not self._dial.done() and self._dial is not asyncio.current_task():
            self._dial.cancel()
        for direction in (self.inward, self.outward):
            direction.stop()
            if direction.sink is not None and not direction.sink.is_closing():
                with contextlib.suppress(OSError):
                    end = direction.sink.get_extra_info("socket")
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                direction.sink.abort()


class Pipe:
    """One listening address, one source, one server behind it."""

    def __init__(self, gates: Gates, source: str, target: Target, name: str = "") -> None:
        self.gates, self.source, self.target, self.name = gates, source, target, name
        self.admits = admits(*(user.uid for user in (database_user(), pod_user())))
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take over what the gates say now."""
        self.hangs = self.gates.hangs(self.source, self.target) or self.name in self.gates.shut
        self.refuses = self.gates.refuses(self.target)
        self.delay_seconds = self.gates.link(self.source).delay_seconds
        for connection in list(self.connections):
            if self.refuses:
                connection.reset()
            else:
                connection.gate_changed()

    async def listen(self, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self).client, address, port, backlog=256)

    @property
    def listening_on(self) -> Target | None:
        if self._server is None:
            return None
        address, port = self._server.sockets[0].getsockname()[:2]
        return str(address), int(port)

    def point_to(self, target: Target) -> None:
        """
        Send new connections elsewhere; the present ones are reset, for their server is not the one behind this name
        any more.
        """
        self.target = target
        for connection in list(self.connections):
            connection.reset()
        self.refresh()

    def close(self) -> None:
        if self._server:
            self._server.close()
        for connection in list(self.connections):
            connection.reset()
