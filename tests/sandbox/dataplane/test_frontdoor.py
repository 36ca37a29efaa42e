"""One request at a time to a pod that is ready, and never twice to any."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

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
