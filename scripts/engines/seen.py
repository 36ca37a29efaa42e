"""What an engine sees of a store, in words that are the same for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Position:
    """
    Where a copy stands. `in_recovery`: it follows another and takes no writes. `replayed_at` is the commit time of the
    newest transaction that has arrived; `lsn` is the token that `Engine.reached` takes, everything up to there is in
    this copy. `oldest_xid`: the oldest transaction that may not be in it.
    """

    in_recovery: bool
    clock: datetime
    replayed_at: datetime | None
    lsn: str
    received_lsn: str | None
    oldest_xid: int

    @property
    def seconds_behind(self) -> float | None:
        """Age of the newest transaction that arrived; also grows while nobody writes."""
        return None if self.replayed_at is None else max((self.clock - self.replayed_at).total_seconds(), 0.0)


@dataclass(frozen=True)
class HeldInCache:
    """How many keys a cache holds, and in how many bytes of those that it may fill (0: of all that there are)."""

    keys: int
    used_bytes: int
    limit_bytes: int


@dataclass(frozen=True)
class WriteAttempt:
    """
    What came of one real write. `sqlstate` is the store's own word for a refusal, empty when it was accepted or when
    nobody answered. `closed`: it was refused because nobody may write there now.
    """

    accepted: bool
    answered: bool
    sqlstate: str
    said: str
    closed: bool = False


@dataclass(frozen=True)
class Answer:
    """How many rows came, the first column of the first of them (None without one), and the store's clock."""

    rows: int
    value: Any
    clock: datetime


@dataclass(frozen=True)
class Found:
    """The rows of a question; `complete` is False where there are more than were asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    complete: bool


@dataclass(frozen=True)
class Marker:
    """A row of ours beside the data, which is replicated and restored with them."""

    site: str
    epoch: int
    written_at: datetime
    note: str


# The guard


@dataclass(frozen=True)
class HeldLease:
    """Whom a store belongs to, as it has it itself; `running` is judged by its own clock."""

    site: str
    epoch: int
    timeline: str
    valid_until: datetime
    running: bool


@dataclass(frozen=True)
class Unguarded:
    """Something that can be written without a lease, by its name in the store, and why."""

    name: str
    reason: str


# A planned switch


@dataclass(frozen=True)
class Transaction:
    """
    A session that is in a transaction, since when and for how long. `endable`: our role may end it; `how_to_end` is the
    command that does.
    """

    pid: int
    user: str
    application: str
    state: str
    since: datetime
    seconds: float
    writes: bool
    endable: bool
    how_to_end: str

    def __str__(self) -> str:
        program = f" ({self.application})" if self.application else ""
        return f"session {self.pid} of {self.user}{program}, {self.state}, in a transaction for {self.seconds:.0f} s"


@dataclass(frozen=True)
class Prepared:
    """A prepared transaction: it is in the copy too, and waits there for its end as it does here."""

    gid: str
    owner: str
    seconds: float

    def __str__(self) -> str:
        return f"prepared transaction {self.gid!r} of {self.owner}, {self.seconds:.0f} s old"


@dataclass(frozen=True)
class Writer:
    """
    The store that hands over. `free_slots`: how many more sessions would get in. `asynchronous`: for whom commits
    are acknowledged before they are on disk. `unlogged`: tables whose rows no copy has.
    """

    in_recovery: bool
    database: str
    role: str
    is_owner: bool
    free_slots: int
    transactions: tuple[Transaction, ...]
    prepared: tuple[Prepared, ...]
    unlogged: tuple[str, ...]
    asynchronous: tuple[str, ...]
    logical_slots: tuple[str, ...]


@dataclass(frozen=True)
class Copy:
    """
    The copy that is to take over, measured against a position of the writer's. `bytes_missing` has not been received,
    `bytes_behind` has not been replayed; both are 0 or less when nothing is.
    """

    in_recovery: bool
    paused: bool
    streams: bool
    delay_seconds: float
    bytes_missing: int
    bytes_behind: int
    readers: tuple[Transaction, ...]


# Backups and dumps


@dataclass(frozen=True)
class Contents:
    """`heartbeat`: until when the newest writer lease in it was valid, the newest sign of life of the service."""

    heartbeat: datetime
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Dumped:
    """What a dump holds: rows by table, and the server that it was taken of."""

    rows: Mapping[str, int]
    server: str
