"""A threaded HTTP server on several loopback addresses, which can also drop a call without an answer."""

import logging
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer

from sandbox.serving import Serving

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class NoAnswer(ConnectionError):
    """Raised by an application that wants the connection closed and nothing sent."""


class _Handler(MotoRequestHandler):
    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        logging.getLogger("sandbox.http").log(logging.DEBUG if type == "info" else logging.ERROR, message, *args)


class Listeners:
    """One application per address, all on one port. Raises OSError at once when an address or the port is taken."""

    def __init__(self, applications: Mapping[str, Application], port: int, tls: ssl.SSLContext | None = None) -> None:
        self._servers: list[BaseWSGIServer] = []
        try:
            for address, application in applications.items():
                server = ThreadedWSGIServer(address, port, application, handler=_Handler)
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
