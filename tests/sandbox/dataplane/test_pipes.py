"""What the gates do to bytes on their way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from sandbox.dataplane.pipes import Gates, Link, Pipe

T = TypeVar("T")
BOUND = 5.0
A_WHILE = 0.2


class Line:
    """An echo server behind a pipe, and a way to dial it."""

    def __init__(self) -> None:
        self.gates = Gates()
        self.greeting = b""

    async def open(self) -> "Line":
        self.server = await asyncio.start_server(self._echo, "127.0.0.1", 0)
        target = self.server.sockets[0].getsockname()[:2]
        self.pipe = Pipe(self.gates, "west", (str(target[0]), int(target[1])))
        await self.pipe.listen("127.0.0.1", 0)
        assert self.pipe.listening_on is not None
        self.address = self.pipe.listening_on
        return self

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting)
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.address)

    def set(self, link: Link) -> None:
        self.gates.links["west"] = link
        self.pipe.refresh()

    def close(self) -> None:
        self.pipe.close()
        self.server.close()


def on_a_line(work: Callable[[Line], Awaitable[T]]) -> T:
    async def run() -> T:
        line = await Line().open()
        try:
            async with asyncio.timeout(30):
                return await work(line)
        finally:
            line.close()

    return asyncio.run(run())


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: bytes) -> bytes:
    writer.write(word)
    return await asyncio.wait_for(reader.readexactly(len(word)), BOUND)


def test_bytes_go_through_both_ways_and_the_end_of_a_stream_too() -> None:
    async def work(line: Line) -> None:
        reader, writer = await line.dial()
        payload = bytes(range(256)) * 40_000  # more than any buffer on the way
        sending = asyncio.create_task(_send(writer, payload))
        assert await asyncio.wait_for(reader.readexactly(len(payload)), 20) == payload
        await sending
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), BOUND) == b""

    on_a_line(work)


async def _send(writer: asyncio.StreamWriter, payload: bytes) -> None:
    writer.write(payload)
    await writer.drain()


def test_a_connection_that_both_ends_have_closed_is_forgotten() -> None:
    async def work(line: Line) -> None:
        for _ in range(3):
            reader, writer = await line.dial()
            assert await ask(reader, writer, b"hello") == b"hello"
            assert len(line.pipe.connections) == 1
            writer.close()
            async with asyncio.timeout(BOUND):
                while line.pipe.connections:
                    await asyncio.sleep(0.01)

    on_a_line(work)


def test_a_cut_line_holds_what_is_on_its_way_until_it_heals() -> None:
    async def work(line: Line) -> None:
        reader, writer = await line.dial()
        assert await ask(reader, writer, b"before") == b"before"
        line.set(Link(cut=True))
        writer.write(b"during")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), A_WHILE)
        line.set(Link())
        assert await asyncio.wait_for(reader.readexactly(6), BOUND) == b"during"

    on_a_line(work)


def test_a_new_connection_over_a_cut_line_hangs_and_goes_on_when_it_heals() -> None:
    async def work(line: Line) -> None:
        line.greeting = b"hello"
        line.set(Link(cut=True))
        reader, _ = await line.dial()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), A_WHILE)
        line.set(Link())
        assert await asyncio.wait_for(reader.readexactly(5), BOUND) == b"hello"

    on_a_line(work)


def test_a_slow_line_delays_each_direction_and_keeps_the_order() -> None:
    async def work(line: Line) -> float:
        reader, writer = await line.dial()
        await ask(reader, writer, b"warm")
        line.set(Link(delay_seconds=0.1))
        before = asyncio.get_running_loop().time()
        for word in (b"one", b"two", b"three"):
            writer.write(word)
        assert await asyncio.wait_for(reader.readexactly(11), BOUND) == b"onetwothree"
        return asyncio.get_running_loop().time() - before

    assert on_a_line(work) >= 0.2


def test_a_black_hole_takes_connections_and_never_answers() -> None:
    async def work(line: Line) -> None:
        reader, writer = await line.dial()
        await ask(reader, writer, b"alive")
        line.gates.holes[line.pipe.target[0]] = "hang"
        line.pipe.refresh()
        writer.write(b"anybody there?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), A_WHILE)
        await line.dial()  # taken

    on_a_line(work)


def test_a_server_that_refuses_resets_old_and_new_connections() -> None:
    async def work(line: Line) -> None:
        reader, writer = await line.dial()
        await ask(reader, writer, b"alive")
        line.gates.holes[line.pipe.target[0]] = "refuse"
        line.pipe.refresh()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), BOUND)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for((await line.dial())[0].readexactly(1), BOUND)

    on_a_line(work)


def test_a_dead_server_resets_who_dials_it() -> None:
    async def work(line: Line) -> None:
        line.server.close()
        await line.server.wait_closed()
        reader, _ = await line.dial()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), BOUND)

    on_a_line(work)


def test_pointing_elsewhere_resets_what_led_to_the_old_server() -> None:
    async def work(line: Line) -> None:
        reader, writer = await line.dial()
        await ask(reader, writer, b"old")
        other = await Line().open()
        try:
            other.greeting = b"new"
            line.pipe.point_to(other.pipe.target)
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(1), BOUND)
            fresh, _ = await line.dial()
            assert await asyncio.wait_for(fresh.readexactly(3), BOUND) == b"new"
        finally:
            other.close()

    on_a_line(work)


def test_a_server_sees_the_address_that_a_caller_chose() -> None:
    async def run() -> list[str]:
        seen: asyncio.Queue[str] = asyncio.Queue()

        async def show(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await seen.put(writer.get_extra_info("peername")[0])
            writer.close()

        server = await asyncio.start_server(show, "127.0.0.1", 0)
        target = server.sockets[0].getsockname()[:2]
        pipe = Pipe(Gates(), "west", (str(target[0]), int(target[1])))
        await pipe.listen("127.0.0.1", 0)
        assert pipe.listening_on is not None
        found = []
        async with asyncio.timeout(30):
            for local in (None, ("127.66.0.9", 0)):
                _, writer = await asyncio.open_connection(*pipe.listening_on, local_addr=local)
                found.append(await seen.get())
                writer.close()
        pipe.close()
        server.close()
        return found

    assert asyncio.run(run()) == ["127.0.0.1", "127.66.0.9"]
