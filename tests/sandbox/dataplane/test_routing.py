"""A front door does what its listeners and rules say, and nothing else; with a certificate it ends TLS."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.authority import Authority
from sandbox.dataplane.frontdoor import NodeDoor, matches, route_for
from sandbox.fabric import Listener, Route
from tests.free_ports import free_port

HOST = "api.example.com"


class Pod:
    """A real web server that tells its name and what it was asked."""

    def __init__(self, name: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = json.dumps({"pod": name, "path": self.path, "host": self.headers["Host"]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = ("127.0.0.1", int(self.server.server_address[1]))


class Doors:
    """A door in a loop of its own, as a region's process has it."""

    def __init__(self, pods: dict[int, Pod]) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._door = NodeDoor(lambda port: [pods[port].address] if port in pods else [])

    def listen(self, listeners: dict[int, Listener]) -> None:
        asyncio.run_coroutine_threadsafe(self._door.listen("127.0.0.1", listeners), self._loop).result(5)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._door.close)


@pytest.fixture
def doors() -> Iterator[Doors]:
    pods = {30001: Pod("shop"), 30002: Pod("pay")}
    made = Doors(pods)
    yield made
    made.close()
    for pod in pods.values():
        pod.server.shutdown()
        pod.server.server_close()


def ask(connection: HTTPConnection, path: str, host: str = HOST) -> tuple[int, Any]:
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if answer.status == 200 else answer.headers.get("Location")


ROUTES = (
    Route(paths=("/pay", "/pay/*"), node_port=30002),
    Route(hosts=("old.*",), redirect="https://#{host}:443/#{path}?#{query}", status=301),
    Route(paths=("/gone/*",), node_port=30003),
    Route(node_port=30001),
)


def test_each_request_goes_where_the_first_matching_rule_sends_it(doors: Doors) -> None:
    port = free_port()
    doors.listen({port: Listener(80, ROUTES)})

    def get(path: str, host: str = HOST) -> tuple[int, Any]:
        return ask(HTTPConnection("127.0.0.1", port), path, host)

    assert get("/pay/orders?x=1") == (200, {"pod": "pay", "path": "/pay/orders?x=1", "host": HOST})
    assert {get("/orders")[1]["pod"] for _ in range(8)} == {"shop"}, "nothing lands on a random service"
    assert get("/payment")[1]["pod"] == "shop"
    assert get("/a/b?c=d", "old.example.com") == (301, "https://old.example.com:443/a/b?c=d")
    assert get("/gone/1")[0] == 503, "a rule that leads to nobody is no reason to ask somebody else"
    doors.listen({port: Listener(80, (Route(paths=("/pay/*",), node_port=30002),))})
    assert get("/orders")[0] == 503, "a request that no rule is about gets no service"


def test_tls_ends_at_the_door_and_its_certificate_is_the_records(doors: Doors, tmp_path: Path) -> None:
    authority, port = Authority("test"), free_port()
    issued = authority.issue([HOST])
    doors.listen({port: Listener(443, ROUTES, issued.certificate + issued.key)})
    trusted = tmp_path / "ca.crt"
    trusted.write_bytes(authority.certificate)

    def get(context: ssl.SSLContext, name: str = HOST) -> tuple[int, Any]:
        connection = HTTPSConnection(name, port, context=context)
        connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=name)
        return ask(connection, "/pay/1")

    assert get(ssl.create_default_context(cafile=str(trusted)))[1]["pod"] == "pay"
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'other.example.com'"):
        get(ssl.create_default_context(cafile=str(trusted)), "other.example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        get(ssl.create_default_context())
    with pytest.raises((OSError, HTTPException)):
        ask(HTTPConnection("127.0.0.1", port, timeout=5), "/")
    again = authority.issue(["other.example.com"])
    doors.listen({port: Listener(443, ROUTES, again.certificate + again.key)})
    assert get(ssl.create_default_context(cafile=str(trusted)), "other.example.com")[0] == 200


@pytest.mark.parametrize(
    ("patterns", "text", "fits"),
    [
        ((), "/anything", True),
        (("/pay",), "/pay", True),
        (("/pay",), "/pay/1", False),
        (("/pay/*",), "/pay/1/2", True),
        (("/p?y",), "/pay", True),
        (("/[p]ay",), "/pay", False),
        (("/[p]ay",), "/[p]ay", True),
        (("/a", "/b"), "/b", True),
    ],
)
def test_patterns_know_two_wildcards(patterns: Sequence[str], text: str, fits: bool) -> None:
    assert matches(patterns, text) is fits


def test_hosts_are_compared_without_their_port_and_case() -> None:
    routes = (Route(hosts=("API.example.com",), node_port=1), Route(node_port=2))
    assert route_for(routes, "api.example.COM:8443", "/").node_port == 1
    assert route_for(routes, "api.example.com.evil.org", "/").node_port == 2
