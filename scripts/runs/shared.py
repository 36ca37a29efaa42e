"""
The records and journals of runs in the PostgreSQL that DR_DATABASE_URL names, so that another machine can go on with
a run whose operator's machine is gone.

The files in DR_HOME stay what every program reads. What is written to them is copied at once; a copy that fails holds
nothing up (a run without its store ends by itself, see `durable`) and is made good with the next one. `pull` brings
over what other machines wrote.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from scripts.core.errors import BadInput, DatabaseFailed
from scripts.core.redaction import printable, redact

if TYPE_CHECKING:
    import psycopg

_TABLES = """
SELECT pg_advisory_xact_lock(hashtext('dr_runs'));
CREATE SCHEMA IF NOT EXISTS dr_runs;
CREATE TABLE IF NOT EXISTS dr_runs.record (run text PRIMARY KEY, saved int NOT NULL, record text NOT NULL);
CREATE TABLE IF NOT EXISTS dr_runs.entry (run text, seq int, line text NOT NULL, PRIMARY KEY (run, seq));
"""


class SharedRuns:
    """The store at one URL; threads may share it. Copying raises nothing, reading raises DatabaseFailed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def save_record(self, run: str, saved: int, record: str) -> bool:
        """Keep a run's record, unless a newer one is there. False when the store does not answer."""
        return self._write(
            "INSERT INTO dr_runs.record AS held VALUES (%s, %s, %s) ON CONFLICT (run) DO UPDATE"
            " SET saved = excluded.saved, record = excluded.record WHERE held.saved < excluded.saved",
            [(run, saved, record)],
        )

    def add_lines(self, run: str, lines: list[tuple[int, str]]) -> bool:
        """Keep lines of a run's journal, by their numbers. False when the store does not answer."""
        return self._write(
            "INSERT INTO dr_runs.entry VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [(run, *each) for each in lines]
        )

    def records(self) -> list[tuple[str, int, str]]:
        """Name, number of the save, and text of every record."""
        return self._read("SELECT run, saved, record FROM dr_runs.record")

    def lines(self, run: str, since: int) -> list[str]:
        """A journal's lines from number `since` on."""
        found = self._read("SELECT line FROM dr_runs.entry WHERE run = %s AND seq >= %s ORDER BY seq", run, since)
        return [line for (line,) in found]

    def _write(self, statement: LiteralString, rows: list[tuple[Any, ...]]) -> bool:
        import psycopg  # noqa: PLC0415  (only where several machines work together)

        try:
            with self._connected() as connection, connection.cursor() as cursor:
                cursor.executemany(statement, rows)
        except psycopg.Error:
            return False
        return True

    def _read(self, statement: LiteralString, *values: Any) -> list[Any]:
        import psycopg  # noqa: PLC0415

        try:
            with self._connected() as connection:
                return connection.execute(statement, values).fetchall()
        except psycopg.Error as error:
            raise DatabaseFailed(
                f"DR_DATABASE_URL: the runs of other machines cannot be read ({type(error).__name__})",
                "check the address, or unset it to work with this machine's runs alone",
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        import psycopg  # noqa: PLC0415

        with self._lock:
            if self._connection is None or self._connection.closed:
                made = psycopg.connect(self._url, autocommit=True, application_name="dr runs", connect_timeout=5)
                with made.transaction():
                    made.execute(_TABLES)
                self._connection = made
            try:
                yield self._connection
            except psycopg.OperationalError:
                self._connection.close()  # a new one is made next time
                raise


_stores: dict[str, SharedRuns] = {}


def store() -> SharedRuns | None:
    """The store that the environment names, or None where a machine works alone."""
    url = os.environ.get("DR_DATABASE_URL")
    return _stores.setdefault(url, SharedRuns(url)) if url else None


def pull() -> None:
    """
    Bring over what other machines have written of runs, and give what this one could not copy before.

    A run that cannot be read, or differs from what this machine holds, is left out and told on standard error.
    Raises DatabaseFailed. Does nothing for a machine that works alone.
    """
    from scripts.runs import journal, run_records  # noqa: PLC0415  (both copy to us)

    found = store()
    if found is None:
        return
    held = {str(run): (int(saved), str(text)) for run, saved, text in found.records()}
    for run, (saved, text) in held.items():
        with _one_bad_row(run):
            mine = run_records.load(run) if run_records.exists(run) else None
            if mine is None or mine.saved < saved:
                theirs = run_records.parsed(json.loads(text), run)
                if (theirs.run, theirs.saved) != (run, saved):
                    raise BadInput(f"it says that it is save {theirs.saved} of {theirs.run}", "")
                run_records.keep(theirs)
            journal.catch_up(run, found)
    for record in run_records.everything():
        if record.run not in held or record.saved > held[record.run][0]:
            with _one_bad_row(record.run):
                found.save_record(record.run, record.saved, run_records.text_of(record))
                journal.catch_up(record.run, found)


@contextmanager
def _one_bad_row(run: str) -> Iterator[None]:
    """What is wrong with one run, its record or its journal, is said and holds up nobody else's."""
    try:
        yield
    except (BadInput, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        said = str(error) if isinstance(error, BadInput) else type(error).__name__
        sys.stderr.write(printable(redact(f"warning: DR_DATABASE_URL: the run {run!r} was left out: {said}\n")))
