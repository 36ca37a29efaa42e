"""Servers in the background: they answer, and once told to stop they are gone with their thread."""

import socket
import socketserver
import threading

import pytest

from sandbox.serving import Serving


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(self.request.recv(100))


def ask(address: tuple[str, int], word: bytes) -> bytes:
    with socket.create_connection(address, timeout=5) as line:
        line.sendall(word)
        return line.recv(100)


def test_several_servers_share_one_thread_and_end_together() -> None:
    servers = [socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) for _ in range(3)]
    addresses = [("127.0.0.1", server.server_address[1]) for server in servers]
    serving = Serving("echoes", *servers)
    assert [ask(address, b"%d" % number) for number, address in enumerate(addresses)] == [b"0", b"1", b"2"]
    assert ask(addresses[0], b"again") == b"again"
    assert [thread.name for thread in threading.enumerate()].count("echoes") == 1
    serving.stop()
    serving.stop()
    assert "echoes" not in [thread.name for thread in threading.enumerate()]
    for address in addresses:
        with pytest.raises(ConnectionError):
            ask(address, b"anybody?")


def test_a_caller_that_goes_away_at_once_holds_nobody_up() -> None:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    serving = Serving("echo", server)
    address = ("127.0.0.1", server.server_address[1])
    for _ in range(4):
        socket.create_connection(address, timeout=5).close()
    assert ask(address, b"still there?") == b"still there?"
    serving.stop()
