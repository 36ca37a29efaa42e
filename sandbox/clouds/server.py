"""A threaded HTTP server on several loopback addresses, which can also drop a call without an answer."""

import logging
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from sandbox.peers import Admits
from sandbox.serving import Serving

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def why_not_served(environ: Mapping[str, Any], also: "re.Pattern[str] | None" = None) -> str | None:
    """
    Why a request is turned away before anything in it is believed, or None.

    A web page in a browser on this machine can send requests to every loopback port, and, by a name of its own that
    resolves to 127.0.0.1, read the answers. The first carry an Origin; the second a foreign Host. `also` matches the
    host names, besides the address that was called, under which this door is known.
    """
    if "HTTP_ORIGIN" in environ or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
        return "requests from web pages are not served here"
    host = str(environ.get("HTTP_HOST", "")).lower()
    name, _, _port = host.partition(":")
    if host == f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}" or (also is not None and also.fullmatch(name)):
        return None
    return "this door is not known by the Host that the request names"


class NoAnswer(ConnectionError):
    """Raised by an application that wants the connection closed and nothing sent."""


class _Handler(WSGIRequestHandler):
    """What is added to whatever reads the requests of an application."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        logging.getLogger("sandbox.http").log(logging.DEBUG if type == "info" else logging.ERROR, message, *args)


class _Server(ThreadedWSGIServer):
    def __init__(
        self, address: str, port: int, application: Application, admits: Admits, reader: type[WSGIRequestHandler]
    ) -> None:
        self._admits = admits
        handler = _Handler if reader is WSGIRequestHandler else type("Handler", (_Handler, reader), {})
        super().__init__(address, port, application, handler=handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self._admits(client_address[:2], request.getsockname()[:2])


class Listeners:
    """
    One application per address, all on one port. Raises OSError at once when an address or the port is taken.

    `admits` says which users of this machine may speak; the others' connections are closed unread. `reader` reads
    requests where an application wants them read in a way of its own.
    """

    def __init__(
        self,
        applications: Mapping[str, Application],
        port: int,
        tls: ssl.SSLContext | None = None,
        *,
        admits: Admits,
        reader: type[WSGIRequestHandler] = WSGIRequestHandler,
    ) -> None:
        self._servers: list[BaseWSGIServer] = []
        try:
            for address, application in applications.items():
                server = _Server(address, port, application, admits, reader)
                if tls is not None:
                    # the handshake is left to the connection's own thread: a silent client must not stop the others
                    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
                    server.ssl_context = tls
                self._servers.append(server)
        except BaseException:
            self._close()
            raise
        self._serving = Serving("http", *self._servers)

    @property
    def port(self) -> int:
        return int(self._servers[0].port)

    def stop(self) -> None:
        self._serving.stop()

    def _close(self) -> None:
        for server in self._servers:
            server.server_close()
