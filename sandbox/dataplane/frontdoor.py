"""
A front door: the load balancer of a region, one request at a time to a pod that is ready.

Requests for `/SERVICE/...` go to the pods of that Deployment (the prefix is taken off), all others to any pod that
has a database. When no pod is ready, all of them are tried, as an AWS load balancer does ("fail open"): a readiness
probe may lag behind the truth.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

Address = tuple[str, int]
Targets = Callable[[str | None], Sequence[Address]]  # service (None: any) -> where its pods are, best ones first
IsService = Callable[[str], bool]

HEAD_LIMIT = 64 * 1024
ANSWER_TIMEOUT_SECONDS = 10.0


class _Backend:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer


class FrontDoor:
    """Listens on one address; `targets` is asked for every request."""

    def __init__(self, targets: Targets, is_service: IsService) -> None:
        self._targets, self._is_service = targets, is_service
        self._turn = 0
        self._idle: dict[Address, list[_Backend]] = {}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def listen(self, address: str, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, address, port, limit=HEAD_LIMIT, backlog=256)

    @property
    def listening_on(self) -> Address | None:
        if self._server is None:
            return None
        address, port = self._server.sockets[0].getsockname()[:2]
        return str(address), int(port)

    def close(self) -> None:
        if self._server:
            self._server.close()
        for writer in list(self._clients):
            writer.transport.abort()
        for backends in self._idle.values():
            for backend in backends:
                backend.writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while await self._one_request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the caller went away, or does not speak HTTP
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line, headers = _parse(head)
        method, path, version = line.split(" ", 2)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        service, rest = None, path
        first, _, remainder = path.lstrip("/").partition("/")
        if self._is_service(first):
            service, rest = first, "/" + remainder
        head = f"{method} {rest} {version}\r\n".encode("latin-1") + head.split(b"\r\n", 1)[1]
        answer = await self._ask(service, head + body, method)
        writer.write(answer)
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    async def _ask(self, service: str | None, request: bytes, method: str) -> bytes:
        targets = list(self._targets(service))
        self._turn += 1
        for place in range(len(targets)):
            target = targets[(self._turn + place) % len(targets)]
            backend = await self._connect(target)
            if backend is None:
                continue
            try:
                backend.writer.write(request)
                async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                    answer, reusable = await _read_answer(backend.reader, method)
            except TimeoutError:
                backend.writer.transport.abort()
                return _plain(504, "Gateway Timeout")
            except (OSError, asyncio.IncompleteReadError, ValueError):
                # It may have acted on the request: never sent twice.
                backend.writer.transport.abort()
                return _plain(502, "Bad Gateway")
            except asyncio.CancelledError:
                backend.writer.transport.abort()
                raise
            if reusable:
                self._idle.setdefault(target, []).append(backend)
            else:
                backend.writer.close()
            return answer
        return _plain(503, "Service Unavailable")

    async def _connect(self, target: Address) -> _Backend | None:
        idle = self._idle.get(target, [])
        while idle:
            backend = idle.pop()
            if not backend.reader.at_eof() and not backend.writer.is_closing():
                return backend
            backend.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                return _Backend(*await asyncio.open_connection(*target, limit=HEAD_LIMIT))
        return None


def _parse(head: bytes) -> tuple[str, dict[str, str]]:
    line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    fields = (header.partition(":") for header in rest)
    return line, {name.strip().lower(): value.strip() for name, _, value in fields}


async def _read_answer(reader: asyncio.StreamReader, method: str) -> tuple[bytes, bool]:
    head = await reader.readuntil(b"\r\n\r\n")
    line, headers = _parse(head)
    length = 0 if method == "HEAD" or line.split(" ")[1] in ("204", "304") else int(headers.get("content-length", "0"))
    body = await reader.readexactly(length)
    return head + body, headers.get("connection", "").lower() != "close"


def _plain(status: int, reason: str) -> bytes:
    body = f"{status} {reason}\n".encode()
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
