"""Copies between the stores of two regions arrive whole, as they were, and nowhere but where they belong."""

import io
import json
import os
import socketserver
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.dataplane.files import FileServer, StoreDoor, fetch_tree, list_names
from tests.free_ports import free_port


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Path, StoreDoor]]:
    root, address = tmp_path / "store", ("127.0.0.1", free_port())
    root.mkdir()
    server = FileServer(root, address, "open sesame")
    yield root, StoreDoor(*address, "open sesame")
    server.shutdown()
    server.server_close()


def test_a_folder_arrives_as_it_was(store: tuple[Path, StoreDoor], tmp_path: Path) -> None:
    root, address = store
    (root / "base" / "pg_wal").mkdir(parents=True)
    (root / "base" / "PG_VERSION").write_bytes(b"16\n")
    (root / "base" / "PG_VERSION").chmod(0o600)
    (root / "base" / "pg_wal" / "empty").touch()
    os.utime(root / "base" / "PG_VERSION", (1_700_000_000, 1_700_000_000))
    fetch_tree(address, "base", tmp_path / "copy")
    assert sorted(str(it.relative_to(tmp_path / "copy")) for it in (tmp_path / "copy").rglob("*")) == [
        "PG_VERSION", "pg_wal", "pg_wal/empty",
    ]  # fmt: skip
    found = (tmp_path / "copy" / "PG_VERSION").stat()
    assert (found.st_mode & 0o777, found.st_mtime, found.st_size) == (0o600, 1_700_000_000, 3)
    fetch_tree(address, "base/PG_VERSION", tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == b"16\n"
    assert list_names(address, "base") == ["PG_VERSION", "pg_wal"]
    with pytest.raises(OSError, match=r"nothing|empty|broke off"):
        fetch_tree(address, "nothing", tmp_path / "nothing")


HOSTILE = {
    "a name that leads out": tarfile.TarInfo("../stolen"),
    "an absolute name": tarfile.TarInfo("/tmp/stolen"),
    "a link": tarfile.TarInfo("link"),
    "a device": tarfile.TarInfo("device"),
}
HOSTILE["a link"].type, HOSTILE["a link"].linkname = tarfile.SYMTYPE, "/etc"
HOSTILE["a device"].type = tarfile.CHRTYPE


@pytest.mark.parametrize("name", HOSTILE)
def test_a_stream_puts_nothing_where_it_does_not_belong(name: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        archive.addfile(tarfile.TarInfo("before"), io.BytesIO())
        archive.addfile(HOSTILE[name], io.BytesIO())

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert json.loads(self.rfile.readline())["op"] == "tree"
            self.wfile.write(stream.getvalue())

    inside = tmp_path / "inside"
    inside.mkdir()
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(ConnectionError, match="is no folder or file below"):
            fetch_tree(StoreDoor("127.0.0.1", server.server_address[1], "open sesame"), "x", inside / "copy")
    assert [it.name for it in tmp_path.rglob("*")] == ["inside", "copy", "before"]
