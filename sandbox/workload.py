"""
The writer whose acknowledged writes are the truth.

A process of its own posts orders to the traffic record, one after the other, and appends every acknowledgement to a
ledger (JSON lines: seq, id, acked_at in wall-clock seconds since 1970, monotonic, site, epoch, service) with one
write() a line, which outlives this process. What was refused or got no answer goes to `LEDGER.refused` and counts as
not written, whatever became of it. An order is never sent twice. The name is asked again when its TTL ran out and
after every failure.
"""

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from sandbox.client import ROOT, World
from sandbox.dataplane.processes import watch_owner
from sandbox.dataplane.resolve import NoAddress, addresses

CONNECT_SECONDS = 0.25
ANSWER_SECONDS = 1.0
PAUSE_AFTER_FAILURE_SECONDS = 0.01


@dataclass(frozen=True)
class Outage:
    """
    As the writer saw it: from its last acknowledged write before to its first one after. Times are seconds since 1970.
    """

    seconds: float
    last_before: float
    first_after: float | None  # None: none came yet


@dataclass(frozen=True)
class Loss:
    """
    Acknowledged writes that the surviving database does not have.

    `first`, `last`: when the first and the last of them were acknowledged, seconds since 1970. `span_seconds`: from
    the newest acknowledged write before them that survived to the last lost one: so long a stretch of time is gone.
    `doubled`: orders that are there more than once.
    """

    acknowledged: int
    lost: int
    first: float | None
    last: float | None
    span_seconds: float
    doubled: int


class Workload:
    """
    Posts orders to `url` until stopped. The world's ports stand for 80 and 443; they are filled in here, and what the
    world's authority signed is trusted.

    `rate`: orders a second at most. `services`: names that are posted to in turn as `/NAME/orders`; none: `/orders`.
    """

    def __init__(
        self, world: World, url: str, ledger_path: Path, *, rate: float = 100.0, services: Sequence[str] = ()
    ) -> None:
        self._world, self._url, self.ledger_path = world, url, Path(ledger_path)
        self._rate, self._services = rate, services
        self.run = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises WorldError when the world is not up."""
        status = self._world.status()
        split = urlsplit(self._url)
        settings = {
            "host": split.hostname,
            "port": split.port or status["ports"][split.scheme],
            "authority": status["authority"] if split.scheme == "https" else "",
            "paths": [f"/{service}/orders" for service in self._services] or ["/orders"],
            "resolver": f"127.0.0.1:{status['ports']['dns']}",
            "ledger": str(self.ledger_path),
            "run": self.run,
            "rate": self._rate,
        }
        self.ledger_path.parent.mkdir(parents=True, exist_ok=True)
        self.ledger_path.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.workload", json.dumps(settings), str(os.getpid())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "DR_WORLD": str(self._world.home)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        """Ends the writer after the order that it is at."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def acknowledged(self) -> list[dict[str, Any]]:
        return list(_lines(self.ledger_path))

    def refused(self) -> list[dict[str, Any]]:
        return list(_lines(self.ledger_path.with_name(self.ledger_path.name + ".refused")))

    def last_acknowledged(self) -> float | None:
        """When, in seconds since 1970."""
        entries = self.acknowledged()
        return float(entries[-1]["acked_at"]) if entries else None

    def outage(self, since: float = 0.0) -> Outage | None:
        """
        The longest silence that ended, or still lasts, after `since` (seconds since 1970). None: nothing was
        acknowledged yet.
        """
        return longest_silence(self.acknowledged(), since=since, running=self._process is not None)

    def verify(self, dsn: str) -> Loss:
        """Compare the ledger with the database at `dsn`. Raises psycopg.Error."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            rows = connection.execute("SELECT id::text, seq FROM orders WHERE run = %s", (self.run,)).fetchall()
        return compare(self.acknowledged(), rows)


def longest_silence(entries: Sequence[dict[str, Any]], *, since: float, running: bool) -> Outage | None:
    if not entries:
        return None
    worst = Outage(0.0, float(entries[0]["acked_at"]), float(entries[0]["acked_at"]))
    for before, after in pairwise(entries):
        seconds = after["monotonic"] - before["monotonic"]
        if after["acked_at"] >= since and seconds > worst.seconds:
            worst = Outage(seconds, before["acked_at"], after["acked_at"])
    open_for = time.monotonic() - entries[-1]["monotonic"]
    if running and open_for > worst.seconds:
        return Outage(open_for, entries[-1]["acked_at"], None)
    return worst


def compare(entries: Sequence[dict[str, Any]], rows: Iterable[tuple[Any, ...]]) -> Loss:
    """The ledger's `entries` against what the database holds: (id, seq) of each of the run's orders."""
    found = list(rows)
    there = {row[0] for row in found}
    lost = [entry for entry in entries if entry["id"] not in there]
    doubled = sum(count - 1 for count in Counter(row[1] for row in found).values())
    if not lost:
        return Loss(len(entries), 0, None, None, 0.0, doubled)
    first, last = lost[0], lost[-1]
    before = [
        entry["monotonic"] for entry in entries if entry["id"] in there and entry["monotonic"] < first["monotonic"]
    ]
    span = last["monotonic"] - (before[-1] if before else first["monotonic"])
    return Loss(len(entries), len(lost), first["acked_at"], last["acked_at"], span, doubled)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


# The process


class _Writer:
    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._connection: http.client.HTTPConnection | None = None
        authority = settings["authority"]
        self._trust = ssl.create_default_context(cafile=authority) if authority else None
        self._address, self._known_until = "", 0.0
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._ledger = os.open(settings["ledger"], flags, 0o600)
        self._refused = os.open(settings["ledger"] + ".refused", flags, 0o600)
        self.stopping = threading.Event()

    def run(self) -> None:
        seq, paths = 0, self._settings["paths"]
        due = time.monotonic()
        while not self.stopping.is_set():
            seq += 1
            if not self._order(seq, paths[seq % len(paths)]):
                self._known_until = 0.0
                time.sleep(PAUSE_AFTER_FAILURE_SECONDS)
            due = max(due + 1 / self._settings["rate"], time.monotonic() - 0.1)
            time.sleep(max(0.0, due - time.monotonic()))

    def _order(self, seq: int, path: str) -> bool:
        order = {"run": self._settings["run"], "seq": seq, "payload": f"order {seq}"}
        try:
            connection = self._connected()
            connection.request("POST", path, json.dumps(order), {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException, NoAddress) as error:
            self._note(seq, f"{type(error).__name__}: {error}")
            self._disconnect()
            return False
        if response.status != 201:
            self._note(seq, f"{response.status} {body[:200].decode(errors='replace')}")
            return False
        try:
            answer = json.loads(body)
            known = {"id": answer["id"], "site": answer["site"], "epoch": answer["epoch"]}
        except (ValueError, KeyError, TypeError) as error:
            self._note(seq, f"no acknowledgement: {error}")
            return False
        times = {"acked_at": time.time(), "monotonic": time.monotonic()}
        os.write(self._ledger, json.dumps({"seq": seq, **known, **times}).encode() + b"\n")
        return True

    def _connected(self) -> http.client.HTTPConnection:
        if time.monotonic() >= self._known_until:
            found, ttl = addresses(self._settings["host"], server=self._settings["resolver"], timeout=CONNECT_SECONDS)
            self._known_until = time.monotonic() + ttl
            if found[0] != self._address:
                self._disconnect()
                self._address = found[0]
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> http.client.HTTPConnection:
        """To the address just resolved, as the name that was asked for: its certificate is verified."""
        host, port = self._settings["host"], self._settings["port"]
        made = http.client.HTTPConnection(host, port)
        opened = socket.create_connection((self._address, port), timeout=CONNECT_SECONDS)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.sock = self._trust.wrap_socket(opened, server_hostname=host) if self._trust else opened
        except OSError:
            opened.close()
            raise
        made.sock.settimeout(ANSWER_SECONDS)
        return made

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _note(self, seq: int, why: str) -> None:
        os.write(self._refused, json.dumps({"seq": seq, "at": time.time(), "why": why}).encode() + b"\n")


def main() -> int:
    writer = _Writer(json.loads(sys.argv[1]))

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: writer.stopping.set())
    watch_owner(int(sys.argv[2]), None, writer.stopping)
    writer.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
