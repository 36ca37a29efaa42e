"""
The one door to Azure: a CONNECT proxy that ends TLS for every host of the cloud that the world has.

Programs find it by HTTPS_PROXY and trust it by the world's own certificate authority, so that unmodified clients use
their real URLs. A host that is not part of the world is refused: nothing that goes through here reaches a real
subscription. Where somebody asks from is told by the address that was called, as everywhere in a world.
"""

import contextlib
import http.server
import logging
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.authority import Authority
from sandbox.clouds.azure.messages import Request, Response, Service, date
from sandbox.clouds.server import NoAnswer
from sandbox.peers import Admits
from sandbox.serving import Serving
from sandbox.tls import server_context

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024 * 1024
IDLE_SECONDS = 300.0
DIGITS, HEX = re.compile(r"[0-9]{1,12}"), re.compile(rb"[0-9A-Fa-f]{1,8}")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")

Find = Callable[[str], Service | None]
"""(host) -> what answers for it, or None when the world has no such host."""


class Leaves:
    """A server's certificate for each host, made when it is first asked for and signed by the world's authority."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._made: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def of(self, host: str) -> ssl.SSLContext:
        with self._lock:
            if host not in self._made:
                issued = self._authority.issue([host])
                self._made[host] = server_context(issued.certificate + issued.key)
            return self._made[host]


class _Handler(http.server.BaseHTTPRequestHandler):
    """Reads what clients say: CONNECT first, then requests inside TLS, as many as they like."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: "_Server"
    _host = ""

    def do_CONNECT(self) -> None:
        host, _, port = self.path.lower().rpartition(":")
        self.close_connection = True
        if port != "443" or not HOST.fullmatch(host) or self.server.find(host) is None or self._host:
            self._send(Response(403, {"Content-Type": "text/plain"}, f"{host} is not part of this world\n".encode()))
            return
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        try:
            self.connection = self.server.leaves.of(host).wrap_socket(self.connection, server_side=True)
        except (OSError, ssl.SSLError):
            return
        self.request, self._host = self.connection, host
        self.setup()
        with contextlib.suppress(OSError):
            self.close_connection = False
            while not self.close_connection:
                self.handle_one_request()

    def _serve(self) -> None:
        try:
            body = self._body()
        except ValueError as error:
            self.close_connection = True
            self._send(Response(400, {"Content-Type": "text/plain"}, f"{error}\n".encode()))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        refusal = self._why_not(headers)
        if refusal is not None:
            self.close_connection = True
            self._send(Response(403, {"Content-Type": "text/plain"}, f"{refusal}\n".encode()))
            return
        host = self._host or self.server.plain_host
        service = self.server.find(host) if self._host else self.server.plain
        if service is None:  # it was deleted since the connection was opened
            self.close_connection = True
            return
        try:
            answer = service(Request(self.command, host, self.path, headers, body, self.server.source))
        except NoAnswer:
            self.close_connection = True
            return
        except Exception:
            log.exception("%s %s%s failed", self.command, host, self.path.partition("?")[0])
            answer = Response(500, {"Content-Type": "text/plain"}, b"the sandbox failed at this\n")
        self._send(answer)

    def _why_not(self, headers: Mapping[str, str]) -> str | None:
        """Web pages can send requests to every loopback port: nothing that carries an Origin is served."""
        if "origin" in headers or "access-control-request-method" in headers:
            return "requests from web pages are not served here"
        named = headers.get("host", "").lower().removesuffix(":443")
        if self._host and named != self._host:
            return f"this connection was opened to {self._host}, and the request is for {named}"
        if not self._host and self.path.startswith("http"):
            return "only TLS goes through this door"
        if not self._host and named != self.server.plain_host:
            return "this door is not known by the Host that the request names"
        return None

    def _body(self) -> bytes:
        """Raises ValueError."""
        encodings, lengths = (self.headers.get_all(name, []) for name in ("Transfer-Encoding", "Content-Length"))
        if len(encodings) + len(lengths) > 1:
            raise ValueError("the request says twice how long its body is")
        if encodings:
            if encodings[0].strip().lower() != "chunked":
                raise ValueError("the only encoding of a transfer that is known here is chunked")
            return self._chunks()
        if lengths and not DIGITS.fullmatch(lengths[0].strip()):
            raise ValueError("the length of the body is no number")
        length = int(lengths[0]) if lengths else 0
        if length > LARGEST_BODY:
            raise ValueError("the body is too long for the sandbox")
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(length)

    def _chunks(self) -> bytes:
        found = bytearray()
        while size := _size(self.rfile.readline(64)):
            if len(found) + size > LARGEST_BODY:
                raise ValueError("the body is too long for the sandbox")
            found += self.rfile.read(size)
            self.rfile.readline(8)
        while self.rfile.readline(1024).strip():
            pass
        return bytes(found)

    def _send(self, answer: Response) -> None:
        self.send_response_only(answer.status)
        for name, value in {"Date": date(), **answer.headers}.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers and answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


def _size(line: bytes) -> int:
    """Of a chunk. Raises ValueError: a sign, or no number, would have all be read that comes."""
    said = line.partition(b";")[0].strip()
    if not HEX.fullmatch(said):
        raise ValueError("the size of a chunk is no number")
    return int(said, 16)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: str, port: int, source: str, door: "Door") -> None:
        self.source, self.find, self.plain, self.leaves = source, door.find, door.plain, door.leaves
        self._admits = door.admits
        self.plain_host = f"{address}:{port}"
        super().__init__((address, port), _Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self._admits(client_address[:2], request.getsockname()[:2])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is nobody's fault."""

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_WR)
        self.close_request(request)


class Door:
    """
    One listener per address in `sources` (address -> where its callers are), all on one port. Raises OSError at once
    when an address or the port is taken.

    `plain` answers what is asked without TLS of the door's own address: the endpoint of managed identities.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        port: int,
        authority: Authority,
        *,
        find: Find,
        plain: Service,
        admits: Admits,
    ) -> None:
        self.find, self.plain, self.admits, self.leaves = find, plain, admits, Leaves(authority)
        servers: list[_Server] = []
        try:
            for address, source in sources.items():
                servers.append(_Server(address, port, source, self))
        except BaseException:
            _close(servers)
            raise
        self._serving = Serving("azure door", *servers)

    def stop(self) -> None:
        self._serving.stop()


def _close(servers: Iterable[_Server]) -> None:
    for server in servers:
        server.server_close()
