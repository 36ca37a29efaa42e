"""Socket servers of the standard library in one background thread, which sleeps until somebody calls."""

import selectors
import socket
import socketserver
import threading


class Serving:
    """
    Serves `servers` until stopped.

    Their own `serve_forever` wakes at every interval to see whether it shall end, and one whose socket was closed
    under it never sleeps again: it takes a processor for as long as the process lives.
    """

    def __init__(self, name: str, *servers: socketserver.TCPServer) -> None:
        self._servers = servers
        self._end, self._told = socket.socketpair()
        for server in servers:
            server.timeout = 0  # who called and went away before we looked holds nobody up
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._told, selectors.EVENT_READ)
            for server in self._servers:
                selector.register(server, selectors.EVENT_READ, server)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    key.data.handle_request()

    def stop(self) -> None:
        """Take no more calls and close the sockets. Those under way go on; a second time does nothing."""
        self._end.close()
        self._thread.join()
        self._told.close()
        for server in self._servers:
            server.server_close()
