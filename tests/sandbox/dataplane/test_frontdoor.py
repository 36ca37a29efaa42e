"""One request at a time to a pod that is ready, and never twice to any."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import httpx
import pytest

from sandbox.dataplane.frontdoor import Address, NodeDoor
from sandbox.fabric import Listener, Route
from tests.free_ports import free_port

ALL = 30000  # a port of the nodes that leads to every pod
Handler = Callable[[bytes], bytes | None]  # request line -> answer; None: hang up without one


class Pod:
    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.asked: list[bytes] = []

    async def open(self) -> Address:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        address, port = self._server.sockets[0].getsockname()[:2]
        return str(address), int(port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line = head.split(b"\r\n")[0]
                length = next(
                    (int(f.split(b":")[1]) for f in head.split(b"\r\n") if f.lower().startswith(b"content-length")), 0
                )
                await reader.readexactly(length)
                self.asked.append(line)
                answer = self._handler(line)
                if answer is None:
                    return
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()


def through_a_door(
    pods: dict[str, Pod], work: Callable[[httpx.AsyncClient], Awaitable[None]], *, dead: bool = False
) -> None:
    async def run() -> None:
        open_pods = {name: await pod.open() for name, pod in pods.items()}
        if dead:
            nobody = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
            address, port = nobody.sockets[0].getsockname()[:2]
            nobody.close()
            await nobody.wait_closed()
            open_pods["dead"] = (str(address), int(port))
        ports = dict(enumerate(open_pods.values(), 30001))
        door = NodeDoor(lambda port: list(ports.values()) if port == ALL else [ports[port]])
        routes = [Route(paths=(f"/{name}/*",), node_port=port) for port, name in zip(ports, open_pods, strict=True)]
        free = free_port()
        await door.listen("127.0.0.1", {free: Listener(80, (*routes, Route(node_port=ALL)))})
        base = f"http://127.0.0.1:{free}"
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=base) as client:
            await work(client)
        door.close()

    asyncio.run(run())


def test_requests_take_turns_and_a_dead_pod_is_passed_over() -> None:
    pods = {"one": Pod(lambda _: b"1"), "two": Pod(lambda _: b"2")}

    async def work(client: httpx.AsyncClient) -> None:
        answers = [(await client.get("/health")).text for _ in range(9)]
        assert set(answers) == {"1", "2"}

    through_a_door(pods, work, dead=True)


def test_nobody_there_is_503() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.get("/health")).status_code == 503

    through_a_door({}, work)


def test_a_pod_that_dies_in_the_middle_is_502_and_the_request_goes_to_no_other() -> None:
    pods = {"one": Pod(lambda _: None), "two": Pod(lambda _: None)}

    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.post("/orders", content=b"{}")).status_code == 502

    through_a_door(pods, work)
    assert sum(len(pod.asked) for pod in pods.values()) == 1


def test_whom_the_firewall_keeps_out_is_refused_on_a_connection_that_is_open_already() -> None:
    async def status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: all\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
        return head.split(b" ")[1]

    async def run() -> None:
        pod, free = await Pod(lambda _: b"1").open(), free_port()
        door = NodeDoor(lambda _: [pod])
        asking = {name: ("127.66.0.9" if name == "intruder" else "127.0.0.1", 0) for name in ("intruder", "other")}
        await door.listen("127.0.0.1", {free: Listener(80, (Route(node_port=ALL),))})
        async with asyncio.timeout(30):
            open_ = {
                name: await asyncio.open_connection("127.0.0.1", free, local_addr=local)
                for name, local in asking.items()
            }
            assert {name: await status(*both) for name, both in open_.items()} == {"intruder": b"200", "other": b"200"}
            kept_out = ("127.66.0.0/24", "2001:db8::/48")
            await door.listen("127.0.0.1", {free: Listener(80, (Route(node_port=ALL),), kept_out=kept_out)})
            assert {name: await status(*both) for name, both in open_.items()} == {"intruder": b"403", "other": b"200"}
        for _, writer in open_.values():
            writer.close()
        door.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 4\r\nContent-Length: 40\r\n",
        b"Content-Length: +4\r\n",
        b"Content-Length: -4\r\n",
        b"Content-Length : 4\r\n",
        b"X-Note: a\nX-Azure-FDID: forged\r\n",
        b"X-Note: a\r\n X-Azure-FDID: folded\r\n",
        b"Host: a\r\nHost: b\r\n",
    ],
)
def test_what_two_readers_could_understand_differently_is_not_passed_on(head: bytes) -> None:
    pod = Pod(lambda _line: b"1")

    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.get("/seen")).status_code == 200
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(b"POST /first HTTP/1.1\r\n" + head + b"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        assert (await client.get("/after")).status_code == 200

    through_a_door({"one": pod}, work)
    assert pod.asked == [b"GET /seen HTTP/1.1", b"GET /after HTTP/1.1"]


def test_what_a_pod_says_before_its_answer_is_no_answer_to_the_next_request() -> None:
    """A client that asks for 100 Continue leaves nothing behind for whoever comes next on the pod's connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
                said = b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
                if path != b"/chunks":
                    said = b"Content-Length: %d\r\n\r\n%b" % (len(path), path)
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + said)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address, port = server.sockets[0].getsockname()[:2]
        door, free = NodeDoor(lambda _port: [(address, port)]), free_port()
        await door.listen("127.0.0.1", {free: Listener(80, (Route(node_port=ALL),))})
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=f"http://127.0.0.1:{free}") as client:
            for path in ("/one", "/two"):
                assert (await client.get(path)).text == path
            assert (await client.get("/chunks")).status_code == 502
            assert (await client.get("/three")).text == "/three"
        door.close()
        server.close()

    asyncio.run(run())
