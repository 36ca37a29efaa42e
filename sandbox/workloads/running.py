"""
A writer of the family at work: straight to the database that takes writes, with a ledger like the one of
`sandbox.workload`.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psycopg

from sandbox.client import WorldError
from sandbox.ledger import Loss, Outage, compare, longest_silence
from sandbox.workloads.family import Connection, Writes

PAUSE_AFTER_FAILURE_SECONDS = 0.05


class Writer:
    """
    Writes until stopped, one after the other, each once. `addresses`: connection strings of the databases that may be
    the one, asked again after each failure; the first that takes a write is kept.
    """

    def __init__(
        self,
        writes: Writes,
        addresses: Callable[[], Sequence[str]],
        ledger_path: Path,
        *,
        rate: float = 50.0,
        store: str = "",
    ) -> None:
        self.store = store
        self._writes, self._addresses, self.ledger_path, self._rate = writes, addresses, ledger_path, rate
        self.run = secrets.token_hex(8)
        self._entries: list[dict[str, Any]] = []
        self._refused: list[dict[str, Any]] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._address = ""
        """Of the database that took writes last."""
        self._broke: Exception | None = None
        """What ended it before anybody asked it to."""

    def start(self) -> None:
        self.ledger_path.parent.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._work, name="workload", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the writer after the write that it is at. Raises WorldError when it had ended by itself before."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._broke is not None:
            raise WorldError(f"the workload ended by itself: {self._broke!r}", "this is a fault of the workload")

    @property
    def stores(self) -> list[str]:
        return [self.store]

    def acknowledged(self, store: str | None = None) -> list[dict[str, Any]]:
        """The acknowledged writes to its store; none where another one is asked for."""
        return list(self._entries) if store in {None, self.store} else []

    def refused(self) -> list[dict[str, Any]]:
        """What got an error or no answer: not written, or not known to be."""
        return list(self._refused)

    def outage(self, since: float = 0.0) -> Outage | None:
        return longest_silence(self.acknowledged(), since=since, running=self._thread is not None)

    def verify(self, databases: Mapping[str, str]) -> Loss:
        """Compare the ledger with the database of its store, named by its address. Raises psycopg.Error."""
        with psycopg.connect(databases[self.store], autocommit=True) as connection:
            rows = connection.execute(self._writes.HELD.encode(), (self.run,)).fetchall()
        return compare(self.acknowledged(), {self.store: [(str(seq), seq) for (seq,) in rows]})

    def _work(self) -> None:
        try:
            self._write_until_stopped()
        except Exception as error:
            self._broke = error
            self._refused.append({"seq": 0, "at": time.time(), "why": f"the workload ended by itself: {error!r}"})
            raise

    def _write_until_stopped(self) -> None:
        seq, due = 0, time.monotonic()
        connection: Connection | None = None
        with self.ledger_path.open("a") as ledger:
            while not self._stopping.is_set():
                seq += 1
                try:
                    if connection is None:
                        connection = self._open()
                    self._writes.write(connection, self.run, seq)
                except psycopg.Error as error:
                    self._refused.append({"seq": seq, "at": time.time(), "why": f"{error.sqlstate} {error}".strip()})
                    if connection is not None:
                        connection.close()
                    connection = None
                    self._stopping.wait(PAUSE_AFTER_FAILURE_SECONDS)
                    continue
                self._record({"seq": seq, "id": str(seq)}, ledger)
                due = max(due + 1 / self._rate, time.monotonic() - 0.1)
                self._stopping.wait(max(0.0, due - time.monotonic()))
        if connection is not None:
            connection.close()

    def _record(self, write: dict[str, Any], ledger: IO[str]) -> None:
        """It was acknowledged just now."""
        entry = {**write, "acked_at": time.time(), "monotonic": time.monotonic(), "store": self.store}
        self._entries.append(entry)
        ledger.write(json.dumps(entry) + "\n")
        ledger.flush()

    def _open(self) -> Connection:
        """A session that may write, at the first address that gives one. Raises psycopg.OperationalError."""
        last: psycopg.Error = psycopg.OperationalError("no address takes writes")
        for address in self._addresses():
            try:
                made = psycopg.connect(
                    address, autocommit=True, connect_timeout=2, application_name="workload", tcp_user_timeout=1000
                )
            except psycopg.Error as error:
                last = error
                continue
            with contextlib.suppress(psycopg.Error):
                row = made.execute(
                    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"
                ).fetchone()
                if row == (False,):
                    made.execute(self._writes.PREPARE.encode())
                    self._address = address
                    return made
            made.close()
        raise last
