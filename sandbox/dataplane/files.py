"""
The backup store of a region gives its files out to other regions, so that copies travel over the links like
everything else.

One request a connection: a JSON line {"op": "list" | "tree", "path": PATH, "token": TOKEN}; the answer is a JSON line
of names, or a tar stream. Without the store's token there is no answer: a backup is a copy of a database, and would be
read without any of its logins.
"""

import hmac
import io
import json
import os
import shutil
import socket
import socketserver
import tarfile
import threading
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.peers import admits

TIMEOUT_SECONDS = 5.0


class _Request(socketserver.StreamRequestHandler):
    timeout = 60

    def handle(self) -> None:
        root: Path = self.server.root  # type: ignore[attr-defined]
        try:
            asked = json.loads(self.rfile.readline(4096))
            if not hmac.compare_digest(str(asked["token"]).encode(), self.server.token.encode()):  # type: ignore[attr-defined]
                return
            path = (root / asked["path"]).resolve()
            if not path.is_relative_to(root):
                return
            if asked["op"] == "list":
                names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
                self.wfile.write(json.dumps(names).encode() + b"\n")
            else:
                with tarfile.open(fileobj=self.wfile, mode="w|") as archive:
                    archive.add(path, arcname=".")
        except (OSError, ValueError, KeyError, TypeError):
            return  # the caller sees a stream that ends too early


class FileServer(socketserver.ThreadingTCPServer):
    """Serves the files under `root` on `address` to who knows `token`, in a background thread."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, root: Path, address: tuple[str, int], token: str) -> None:
        self.root, self.token = root.resolve(), token
        self._admits = admits()
        super().__init__(address, _Request)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 5}, name="files", daemon=True).start()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self._admits(client_address, request.getsockname())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no news."""


class StoreDoor(NamedTuple):
    """Where a store gives its files out, and what opens it."""

    address: str
    port: int
    token: str


def _ask(door: StoreDoor, op: str, path: str) -> io.BufferedReader:
    with socket.create_connection((door.address, door.port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(json.dumps({"op": op, "path": path, "token": door.token}).encode() + b"\n")
        return connection.makefile("rb")


def list_names(door: StoreDoor, path: str) -> list[str]:
    """The names in folder `path` of the store behind `door`. Raises OSError when it cannot be reached."""
    with _ask(door, "list", path) as answer:
        line = answer.readline()
    if not line:
        raise ConnectionError("the store closed the connection")
    names: list[str] = json.loads(line)
    return names


def fetch_tree(door: StoreDoor, path: str, destination: Path) -> None:
    """
    Copy file or folder `path` of the store behind `door` to `destination`. Raises OSError when it did not arrive whole.
    """
    try:
        with _ask(door, "tree", path) as answer, tarfile.open(fileobj=answer, mode="r|") as archive:
            for member in archive:
                _put(archive, member, destination)
    except tarfile.TarError as error:
        raise ConnectionError(f"the copy of {path} broke off: {error}") from error
    if not destination.exists():
        raise FileNotFoundError(path)


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, destination: Path) -> None:
    """
    One folder or file of a stream; inside a folder with its permissions, its time and, for root, its owner.

    What `tarfile` calls a filter keeps a stream from leaving its folder; Python has it from 3.11.4 on only, and a store
    holds folders and files and nothing else. Raises ConnectionError for anything else, or for a name that leads out.
    """
    target = (destination / member.name).resolve()
    if not target.is_relative_to(destination.resolve()) or not (member.isdir() or member.isfile()):
        raise ConnectionError(f"{member.name!r} is no folder or file below what was asked for")
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        content = archive.extractfile(member)
        if content is None:
            raise ConnectionError(f"{member.name!r} has no content")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)
    if member.name == "." and member.isfile():
        return
    if os.geteuid() == 0:
        os.chown(target, member.uid, member.gid)
    target.chmod(member.mode & 0o777)
    os.utime(target, (member.mtime, member.mtime))
