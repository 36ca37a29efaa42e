"""What ends TLS in front of a server that speaks without it, and passes on every byte both ways."""

import asyncio
import contextlib

from sandbox.dataplane.processes import pod_user
from sandbox.peers import admits
from sandbox.tls import server_context

CHUNK = 1 << 16
HANDSHAKE_SECONDS = 5.0


class TlsEnd:
    """Listens with one certificate (its chain and key in PEM) in front of one address."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._admits = admits(pod_user().uid)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self, address: str, port: int, certificate: bytes) -> None:
        tls = {"ssl": server_context(certificate), "ssl_handshake_timeout": HANDSHAKE_SECONDS}
        self._server = await asyncio.start_server(self._serve, address, port, **tls)  # type: ignore[arg-type]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._admits(writer.get_extra_info("peername"), writer.get_extra_info("sockname")):
            writer.transport.abort()  # another user of this machine
            return
        try:
            from_server, to_server = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, to_server}
        self._open |= both
        try:
            ways = [asyncio.create_task(_pass_on(*way)) for way in ((reader, to_server), (from_server, writer))]
            _, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in rest:
                way.cancel()
        finally:
            self._open -= both
            for end in both:
                end.close()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
