"""
Who accepted writes, and when: asked by writing, past every fault of the network, all the time.

A recorder tries a guarded write at each database of a world every 50 ms and keeps when each try began and ended, and
in which epoch it was let through.
"""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

import psycopg
import pytest

from sandbox.client import World, WorldError

EVERY_SECONDS = 0.05
WRITE = """
INSERT INTO dr_guard.marker (name, site, epoch, note)
SELECT 'recorder', held.site, held.epoch, %s FROM dr_guard.writer_lease held
ON CONFLICT (name) DO UPDATE SET site = excluded.site, epoch = excluded.epoch, note = excluded.note
RETURNING epoch
"""


@dataclass(frozen=True)
class Attempt:
    """One try. `identifier` is the database's; times by the monotonic clock."""

    identifier: str
    began: float
    ended: float
    accepted: bool
    epoch: int
    said: str = ""


@dataclass
class Recorder:
    """`with Recorder(world) as recorder:` records until the body ends."""

    world: World
    attempts: list[Attempt] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)

    def __enter__(self) -> "Recorder":
        self._threads["*"] = threading.Thread(target=self._find, daemon=True)
        self._threads["*"].start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop.set()
        for thread in list(self._threads.values()):
            thread.join(10)

    def _find(self) -> None:
        """Databases come and go."""
        while not self._stop.wait(0.2):
            try:
                known = [each["identifier"] for each in self.world.status()["databases"]]
            except WorldError:
                continue
            for identifier in known:
                if identifier not in self._threads:
                    thread = threading.Thread(target=self._try, args=(identifier,), daemon=True)
                    self._threads[identifier] = thread
                    thread.start()

    def _try(self, identifier: str) -> None:
        connection: psycopg.Connection[tuple[object, ...]] | None = None
        while not self._stop.wait(EVERY_SECONDS):
            try:
                if connection is None or connection.closed:
                    dsn = self.world.admin_dsn(identifier)
                    connection = psycopg.connect(
                        dsn, autocommit=True, connect_timeout=2, options="-c statement_timeout=1000"
                    )
            except (psycopg.Error, WorldError):
                continue
            began = time.monotonic()
            try:
                row = connection.execute(WRITE, (identifier,)).fetchone()
                attempt = Attempt(identifier, began, time.monotonic(), row is not None, int(str(row[0])) if row else 0)
            except psycopg.Error as error:
                attempt = Attempt(
                    identifier, began, time.monotonic(), accepted=False, epoch=0, said=str(error.sqlstate)
                )
                if connection.broken:
                    connection.close()
            with self._lock:
                self.attempts.append(attempt)
        if connection is not None:
            connection.close()

    def accepted(self) -> list[Attempt]:
        with self._lock:
            return sorted((each for each in self.attempts if each.accepted), key=lambda each: each.ended)


def assert_never_two_writers(recorder: Recorder, *, epochs: int = 1) -> None:
    """
    Each epoch was written in by one database, and once a younger epoch was written in, no older one was.

    `epochs`: how many must have been seen at least, so that the proof is not empty.
    """
    accepted = recorder.accepted()
    databases: dict[int, set[str]] = {}
    for attempt in accepted:
        databases.setdefault(attempt.epoch, set()).add(attempt.identifier)
    assert len(databases) >= epochs, f"writes were accepted in epochs {sorted(databases)} only"
    for epoch, written in databases.items():
        assert len(written) == 1, f"epoch {epoch} was written in by {sorted(written)}"
    for epoch in databases:
        first = min(each.ended for each in accepted if each.epoch == epoch)
        late = [each for each in accepted if each.epoch < epoch and each.began > first]
        assert not late, (
            f"{late[0].identifier} accepted a write in epoch {late[0].epoch} after epoch {epoch} was written in"
        )


def assert_only_writer_is(recorder: Recorder, identifier: str, *, since: float) -> None:
    """Since a moment of the monotonic clock this database accepted writes, and no other did."""
    accepted = {each.identifier for each in recorder.accepted() if each.began > since}
    assert accepted == {identifier}, f"writes were accepted by {sorted(accepted)}"


def assert_refuses_writes(dsn: str) -> None:
    """A real write is refused with SQLSTATE 25006."""
    with psycopg.connect(dsn, autocommit=True) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(WRITE, ("refused?",))
    assert refused.value.sqlstate == "25006", f"refused with {refused.value.sqlstate}: {refused.value}"
