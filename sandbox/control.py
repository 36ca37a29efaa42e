"""The world's control socket: HTTP and JSON over a Unix socket in its home, for `sandbox.client` alone."""

import errno
import http.client
import json
import os
import socket
import socketserver
import struct
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from sandbox.serving import Serving

SOCKET = "control.sock"
Operation = Callable[..., Any]


class Refused(Exception):
    """The world said no: `code` is the exit code that fits."""

    def __init__(self, message: str, hint: str, code: int = 1) -> None:
        super().__init__(message)
        self.hint, self.code = hint, code


class _Near:
    """A Unix socket's path may have 107 bytes, a home more: reached through the open folder instead."""

    def __init__(self, home: Path) -> None:
        self._descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
        self.path = f"/proc/self/fd/{self._descriptor}/{SOCKET}"

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        operations: Mapping[str, Operation] = self.server.operations  # type: ignore[attr-defined]
        try:
            arguments = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
            status, answer = 200, {"ok": operations[self.path.lstrip("/")](**arguments)}
        except Refused as refused:
            status, answer = 409, {"error": str(refused), "hint": refused.hint, "code": refused.code}
        except Exception as error:  # noqa: BLE001 (the caller is told, the world lives on)
            status, answer = 500, {"error": f"{type(error).__name__}: {error}", "hint": "see world.log", "code": 1}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass

    def address_string(self) -> str:
        return "local"


class ControlServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, home: Path, operations: Mapping[str, Operation]) -> None:
        self.operations = operations
        with _Near(home) as path:
            super().__init__(path, _Handler)
        (home / SOCKET).chmod(0o600)
        self._serving = Serving("control", self)

    def stop(self) -> None:
        self._serving.stop()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return _user_of(request) in {os.geteuid(), 0}

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, _ = super().get_request()
        return connection, ("local", 0)


def _user_of(connection: socket.socket) -> int:
    """Whose process is at the other end: SO_PEERCRED, unix(7)."""
    found = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(found[1])


class _Connection(http.client.HTTPConnection):
    def __init__(self, home: Path, timeout: float) -> None:
        super().__init__("world", timeout=timeout)
        self._home = home

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with _Near(self._home) as path:
            self.sock.connect(path)
        if _user_of(self.sock) != os.geteuid():
            raise PermissionError(errno.EPERM, "the world belongs to another user")


def ask(home: Path, operation: str, *, timeout: float = 120, **arguments: Any) -> Any:
    """One operation of the world in `home`. Raises Refused, and OSError when nobody is there."""
    connection = _Connection(home, timeout)
    try:
        connection.request("POST", f"/{operation}", json.dumps(arguments))
        response = connection.getresponse()
        answer = json.loads(response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"the world in {home} broke off: {error}") from error
    finally:
        connection.close()
    if "error" in answer:
        raise Refused(answer["error"], answer.get("hint", ""), answer.get("code", 1))
    return answer["ok"]
