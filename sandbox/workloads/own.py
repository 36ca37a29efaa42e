"""The workload that a plan names: a command of the user, with the same ledger as those of the family."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from model.workload import OwnWorkload
from sandbox.client import WorldError
from sandbox.ledger import Loss, compare
from sandbox.workloads.running import PAUSE_AFTER_FAILURE_SECONDS, Writer

_VARIABLES = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
              "password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip
LONGEST_ID = 200
_HINT = "the command is `workload` in the plan: run it by hand with the variables that model/workload.py names"
LONGEST_SAID = 300


class OwnWriter(Writer):
    """See `Writer`; the ids in its ledger are those that the command prints."""

    def __init__(
        self, workload: OwnWorkload, addresses: Callable[[], Sequence[str]], ledger_path: Path, *, store: str = ""
    ) -> None:
        super().__init__(_Nothing(), addresses, ledger_path, store=store)
        self._workload = workload

    def verify(self, databases: Mapping[str, str]) -> Loss:
        """Raises WorldError where the command fails or does not end in time, with the end of what it said."""
        seconds = self._workload.timeout.total_seconds()
        command = [*self._workload.command, "held"]
        try:
            done = subprocess.run(
                command, env=self._environment(databases[self.store]), capture_output=True, text=True, timeout=seconds,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise WorldError(f"{command[0]} held: it did not end within {seconds:g} s", _HINT) from None
        except OSError as error:
            raise WorldError(f"{command[0]} held: it cannot be started: {error.strerror}", _HINT) from error
        if done.returncode:
            said = done.stderr[-LONGEST_SAID:]
            raise WorldError(f"{command[0]} held: it ended with {done.returncode}: {said}", _HINT)
        rows = [(line.strip(), line.strip()) for line in done.stdout.splitlines() if line.strip()]
        return compare(self.acknowledged(), {self.store: rows})

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._open().close()
                self._write(self._address)
            except (psycopg.Error, OSError, WorldError) as error:
                self._refused.append({"seq": self._next, "at": time.time(), "why": str(error)})
            self._stopping.wait(PAUSE_AFTER_FAILURE_SECONDS)

    @property
    def _next(self) -> int:
        return len(self._entries) + len(self._refused) + 1

    def _write(self, address: str) -> None:
        """Run the command until it ends or is to end. Raises OSError where it cannot be started, WorldError."""
        child = subprocess.Popen(
            [*self._workload.command, "write"], env=self._environment(address), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(child, lines), daemon=True).start()
        line: str | None = ""
        with self.ledger_path.open("a") as ledger:
            while line is not None and not self._stopping.is_set():
                with suppress(queue.Empty):
                    line = lines.get(timeout=0.1)
                    self._acknowledge(line, ledger)
            _end(child, self._workload.timeout.total_seconds())
            while line is not None:  # what it acknowledged before it ended
                try:
                    line = lines.get(timeout=5)
                except queue.Empty:  # a child of it that left its session holds the pipe
                    break
                self._acknowledge(line, ledger)
        if not self._stopping.is_set():
            raise WorldError(f"{self._workload.command[0]} write: it ended with {child.returncode}", _HINT)

    def _acknowledge(self, line: str | None, ledger: IO[str]) -> None:
        if written := (line or "").strip()[:LONGEST_ID]:
            self._record({"seq": self._next, "id": written}, ledger)

    def _environment(self, address: str) -> dict[str, str]:
        known = conninfo_to_dict(address)
        told = {_VARIABLES[name]: str(value) for name, value in known.items() if name in _VARIABLES}
        named = {name: os.environ[name] for name in ("PATH", "HOME", *self._workload.environment) if name in os.environ}
        return {**named, **told, "DR_WORKLOAD_RUN": self.run}


class _Nothing:
    """What the family would write: the command does that."""

    TITLE, PREPARE, HELD = "a command of the plan", "SELECT 1", ""

    def write(self, connection: Any, run: str, seq: int) -> None:
        raise NotImplementedError


def _read(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    with suppress(ValueError, OSError):
        for line in child.stdout or ():
            lines.put(line)
    lines.put(None)


def _end(child: subprocess.Popen[str], seconds: float) -> None:
    """Tell it and all that it has started to end, and end them when the time is over."""
    for what, bound in ((signal.SIGTERM, seconds), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, what)
        with suppress(subprocess.TimeoutExpired):
            child.wait(bound)
            return
