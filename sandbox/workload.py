"""
The writer whose acknowledged writes are the truth.

A process of its own posts orders to the traffic record, for each store one after the other, and appends every
acknowledgement to a ledger (`sandbox/ledger.py`) with one write() a line, which outlives this process. What was refused
or got no answer goes to `LEDGER.refused` and counts as not written, whatever became of it. An order is never sent
twice. The name is asked again when its TTL ran out and after every failure. A store that does not answer holds up
nobody who writes to another one.
"""

import http.client
import itertools
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
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import psycopg

from sandbox import ledger
from sandbox.client import ROOT, World
from sandbox.dataplane.processes import watch_owner
from sandbox.dataplane.resolve import NoAddress, addresses

CONNECT_SECONDS = 0.25
ANSWER_SECONDS = 1.0
PAUSE_AFTER_FAILURE_SECONDS = 0.01


class Workload:
    """
    Posts orders to `url` until stopped. The world's ports stand for 80 and 443; they are filled in here, and what the
    world's authority signed is trusted.

    `rate`: orders a second at most, over all stores. `paths`: for each store the path at which a service takes orders
    that it keeps there. With `reads`, a path, it writes nothing: it asks there whether the service answers, which is
    all that there is to lose where a plan keeps nothing.
    """

    def __init__(
        self,
        world: World,
        url: str,
        ledger_path: Path,
        *,
        rate: float = 100.0,
        paths: Mapping[str, str] = MappingProxyType({"": "/orders"}),
        reads: str = "",
    ) -> None:
        self._world, self._url, self.ledger_path = world, url, Path(ledger_path)
        self._rate, self._paths, self._reads = rate, {"": reads} if reads else dict(paths), bool(reads)
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
            "paths": self._paths,
            "reads": self._reads,
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

    @property
    def stores(self) -> list[str]:
        return list(self._paths)

    def acknowledged(self, store: str | None = None) -> list[ledger.Entry]:
        """The acknowledged writes of one store, or of all."""
        return [it for it in ledger.read(self.ledger_path) if store is None or it["store"] == store]

    def refused(self) -> list[dict[str, Any]]:
        return ledger.read(self.ledger_path.with_name(self.ledger_path.name + ".refused"))

    def last_acknowledged(self) -> float | None:
        """When, in seconds since 1970."""
        entries = self.acknowledged()
        return float(entries[-1]["acked_at"]) if entries else None

    def outage(self, since: float = 0.0) -> ledger.Outage | None:
        """See `ledger.longest_silence`."""
        return ledger.longest_silence(self.acknowledged(), since=since, running=self._process is not None)

    def verify(self, databases: Mapping[str, str]) -> ledger.Loss:
        """
        Compare the ledger with the database of each store, named by its DSN; who only read has lost nothing. Raises
        psycopg.Error.
        """
        if self._reads:
            return ledger.Loss(len(self.acknowledged()), 0, None, None, 0.0, 0)
        return ledger.compare(self.acknowledged(), {store: self._rows(dsn) for store, dsn in databases.items()})

    def _rows(self, dsn: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(dsn, autocommit=True) as connection:
            return connection.execute("SELECT id::text, seq FROM orders WHERE run = %s", (self.run,)).fetchall()


# The process


class _Writer:
    """Writes to one store; the writers of a process count their orders together."""

    def __init__(self, settings: dict[str, Any], store: str, numbers: Iterator[int], stopping: threading.Event) -> None:
        self._settings, self._store, self._numbers, self._stopping = settings, store, numbers, stopping
        self._connection: http.client.HTTPConnection | None = None
        authority = settings["authority"]
        self._trust = ssl.create_default_context(cafile=authority) if authority else None
        self._address, self._known_until = "", 0.0
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._ledger = os.open(settings["ledger"], flags, 0o600)
        self._refused = os.open(settings["ledger"] + ".refused", flags, 0o600)

    def run(self) -> None:
        path, rate = self._settings["paths"][self._store], self._settings["rate"] / len(self._settings["paths"])
        due = time.monotonic()
        while not self._stopping.is_set():
            if not self._order(next(self._numbers), path):
                self._known_until = 0.0
                time.sleep(PAUSE_AFTER_FAILURE_SECONDS)
            due = max(due + 1 / rate, time.monotonic() - 0.1)
            time.sleep(max(0.0, due - time.monotonic()))

    def _order(self, seq: int, path: str) -> bool:
        order = {"run": self._settings["run"], "seq": seq, "payload": f"order {seq}"}
        try:
            connection = self._connected()
            if self._settings["reads"]:
                connection.request("GET", path)
            else:
                connection.request("POST", path, json.dumps(order), {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException, NoAddress) as error:
            self._note(seq, f"{type(error).__name__}: {error}")
            self._disconnect()
            return False
        if response.status != (200 if self._settings["reads"] else 201):
            self._note(seq, f"{response.status} {body[:200].decode(errors='replace')}")
            return False
        try:
            answer = json.loads(body)
            known = {"id": answer.get("id", ""), "site": answer["site"], "epoch": answer.get("epoch")}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._note(seq, f"no acknowledgement: {error}")
            return False
        times = {"acked_at": time.time(), "monotonic": time.monotonic()}
        os.write(self._ledger, json.dumps({"seq": seq, **known, **times, "store": self._store}).encode() + b"\n")
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
        """Connect to the address just resolved, and verify the certificate of the name that was asked for."""
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
        os.write(
            self._refused,
            json.dumps({"seq": seq, "at": time.time(), "why": why, "store": self._store}).encode() + b"\n",
        )


def main() -> int:
    settings, stopping, numbers = json.loads(sys.argv[1]), threading.Event(), itertools.count(1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    watch_owner(int(sys.argv[2]), None, stopping)
    writers = [_Writer(settings, store, numbers, stopping) for store in settings["paths"]]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)  # a signal is handled between two of these
    return 0


if __name__ == "__main__":
    sys.exit(main())
