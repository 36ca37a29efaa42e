"""The writer as a process, against real servers: each store has a writer of its own, which holds up no other."""

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox import ledger
from sandbox.client import ROOT
from tests.asserts.waiting import wait_until

pytestmark = pytest.mark.thorough


class Service:
    """Takes orders, and holds up those of a store while it is told to."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.orders: dict[str, list[int]] = {}
        self._released = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path in service.held:
                    service._released.wait(30)
                service.orders.setdefault(self.path, []).append(order["seq"])
                self.answer(201, {"id": str(uuid.uuid4()), "site": "primary", "epoch": 3})

            def do_GET(self) -> None:
                self.answer(200, {"service": "shop", "site": "primary"})

            def answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


def writer(service: Service, path: Path, *, reads: bool = False, **paths: str) -> "subprocess.Popen[bytes]":
    settings = {
        "host": "127.0.0.1", "port": service.server.server_address[1], "authority": "", "paths": paths, "reads": reads,
        "resolver": "", "ledger": str(path), "run": "r", "rate": 200,
    }  # fmt: skip
    command = [sys.executable, "-m", "sandbox.workload", json.dumps(settings), str(os.getpid())]
    return subprocess.Popen(command, cwd=ROOT)


def written(path: Path, store: str) -> int:
    return len(ledger.by_store(ledger.read(path)).get(store, []))


def test_a_store_that_hangs_holds_up_no_other(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    process = writer(service, path, core="/shop/orders", stock="/stock/orders")
    try:
        wait_until(lambda: min(written(path, "core"), written(path, "stock")) > 5, timeout=30, what="writes to both")
        service.held.add("/stock/orders")
        before = written(path, "core")
        wait_until(lambda: written(path, "core") > before + 20, timeout=30, what="more writes to the one that answers")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    entries = ledger.read(path)
    numbers = [entry["seq"] for entry in entries]
    assert len(numbers) == len(set(numbers)), "an order is never sent twice, and no two are numbered alike"
    known = {store: [(entry["id"], entry["seq"]) for entry in own] for store, own in ledger.by_store(entries).items()}
    assert ledger.compare(entries, known).lost == 0
    assert {entry["seq"] for entry in ledger.by_store(entries)["core"]} <= set(service.orders["/shop/orders"])


def test_who_only_reads_writes_nothing_and_sees_whether_it_is_answered(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    process = writer(service, path, reads=True, **{"": "/health/db"})
    try:
        wait_until(lambda: written(path, "") > 5, timeout=30, what="answers")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert service.orders == {}
    assert {entry["site"] for entry in ledger.read(path)} == {"primary"}
