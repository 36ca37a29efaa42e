"""
What a run asks of a store over the store's own protocol. `registry.py` chooses the engine by the store's kind.

Every call raises Unreachable when nobody answers in time, and QueryRefused when the store answers with an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from scripts.core.errors import DatabaseFailed, Refused
from scripts.core.net import Unreachable
from scripts.engines.comparison import Comparison, Keep, keep_nothing
from scripts.engines.seen import (
    Answer,
    Contents,
    Copy,
    Dumped,
    Found,
    HeldInCache,
    HeldLease,
    Marker,
    Position,
    Transaction,
    Unguarded,
    WriteAttempt,
    Writer,
)

END_SECONDS = 5.0
"""How long a session that was told to end may take to go."""


class QueryRefused(DatabaseFailed):
    """
    The store answered with an error; `sqlstate` is its own word for which. `closed`: nobody may write there now.
    """

    sqlstate = ""
    closed = False


class LoginRefused(Unreachable):
    """It answers, and its password is another one."""


class NoSlot(Unreachable):
    """It answers, and has no place for one more session. `helps`: what makes one."""

    def __init__(self, message: str, helps: str) -> None:
        super().__init__(message)
        self.helps = helps


class Guard(Protocol):
    """Nothing is written without a writer lease that is still valid."""

    def install(self) -> None:
        """Or update it, and guard all that can be guarded. Idempotent."""

    def clock(self) -> datetime | None:
        """The store's own time, or None for a copy that follows another, which cannot be granted anything."""

    def grant(self, site: str, epoch: int, until: datetime) -> bool:
        """Let `site` write until a moment of the store's clock. False when it belongs to somebody younger."""

    def revoke(self, next_site: str, next_epoch: int) -> bool:
        """
        End the lease, close the store, and leave it to `next_site`. False when a younger epoch has it. After this
        returned True nothing is written there, and everything that was ever acknowledged is on disk. Repeatable.
        """

    def take_back(self, site: str, epoch: int) -> bool:
        """Leave to `site` again what a revocation left to nobody in the next epoch. Is it `site`'s now?"""

    def held(self) -> HeldLease | None:
        """Whom it belongs to; None where no lease was ever granted."""

    def is_open(self) -> bool:
        """Does it take writes from everybody who may log in? False for a copy."""

    def closed_since(self) -> datetime | None:
        """When it was closed, by its own clock; None where it is not."""

    def unguarded(self) -> Sequence[Unguarded]:
        """What can be written without a lease."""


class HandOver(Protocol):
    """What a planned switch meets in the store that hands over and in its copy."""

    def writer(self) -> Writer: ...

    def transactions(self) -> Sequence[Transaction]:
        """Those of everybody but our own programs, the oldest first."""

    def copy(self, token: str) -> Copy:
        """This copy, measured against a position of the writer's that it has to reach."""

    def why_writer_cannot(self, found: Writer) -> Refused | None:
        """Why it cannot hand over, with the command that helps; None where it can."""

    def why_copy_cannot(self, found: Copy, at_most_seconds: float, *, arrived: bool) -> Refused | None:
        """Why a row of the writer did not arrive, or would not in time; None where ending readers helps."""

    def end_readers(self) -> Sequence[Transaction]:
        """End every session of the copy that holds up replay; those that were told to end."""

    def mark(self, site: str, epoch: int) -> tuple[str, str]:
        """Write a row that the copy has to show: what is in it, and the position after it, flushed."""

    def shows(self, mark: str) -> bool:
        """Has that row arrived here?"""


class Engine(Protocol):
    """One store, over one connection, which opens itself at first use and again after it broke."""

    @property
    def name(self) -> str:
        """What people know it by."""

    @property
    def guard(self) -> Guard: ...
    @property
    def hand_over(self) -> HandOver: ...

    def why_no_guard(self) -> str | None:
        """Why this engine cannot refuse an old writer by itself; None where it can."""

    def hurried(self, seconds: float) -> Self:
        """Another connection to the same store, which waits no longer than this for anything."""

    def close(self) -> None: ...

    # Where it stands, and what is in it

    def position(self) -> Position: ...

    def reached(self, token: str) -> bool:
        """Has everything up to a position of another copy arrived here?"""

    def try_write(self, site: str, epoch: int, *, name: str = "probe", note: str = "") -> WriteAttempt:
        """Write a marker of that name, as `site` in an epoch, which the guard judges as any other write."""

    def marker(self, name: str) -> Marker | None: ...

    def markers(self, prefix: str) -> Sequence[Marker]:
        """Those whose names begin so, of the youngest epoch first."""

    def mark_once(self, name: str, site: str, epoch: int, note: str) -> None:
        """Write a marker, unless there is one of this name."""

    def ask(self, statement: str, *, seconds: float) -> Answer:
        """What one statement of the user gives, which can change nothing."""

    def search(self, statement: str, settings: Mapping[str, str], *, seconds: float, most: int) -> Found:
        """
        The rows of one statement of the user, `most` of them, which can change nothing. It reads `settings` (their
        names hold a dot) by `current_setting`.
        """

    def end_sessions(self, before: datetime) -> list[str]:
        """
        End what logged in before a moment of the store's own clock, replication and superusers excepted; gives the
        users whose sessions ended. One that has gone already counts as ended.
        """

    def compare(
        self,
        other: Self,
        since: int,
        *,
        margin: int = 0,
        deletions: bool = True,
        seconds: float = 600,
        keep: Keep = keep_nothing,
    ) -> Comparison:
        """
        What this copy, which is closed for writes, holds that `other` lacks. Raises nothing that a store says: what
        could not be counted, or not within `seconds`, is named as unknown.

        `since`: the `oldest_xid` of where the two histories parted; `margin`: so many transactions before it are looked
        at as well. `deletions`: count also what this copy deleted. `keep` is given each row that differs.
        """

    # After a restore

    def look_inside(self, name: str) -> Contents:
        """Reads all of it. Raises DatabaseFailed for what is not good; `name` is what is told of."""

    def other_logins(self, clouds_own: tuple[str, ...]) -> dict[str, bool]:
        """All but the owner and the cloud's own users, whose names begin with one of `clouds_own`: may they log in?"""

    def lock_login(self, name: str) -> None:
        """From now on it cannot log in."""

    # Dumps

    def dump(self, path: Path, *, seconds: float) -> Dumped:
        """Write all of it to a file. Raises BadInput where the program for it is not there, DatabaseFailed."""

    def why_not_empty(self) -> str | None:
        """Why nothing may be brought into it; None where it holds nothing of the user's."""

    def bring_back(self, path: Path, rows: Mapping[str, int], *, seconds: float) -> None:
        """A dump into this store, which has to be empty, all of it or nothing, with its rows counted."""

    def create_beside(self, name: str) -> Self:
        """A new, empty store on the same server. Raises Refused where there is one of this name."""

    def drop_beside(self, name: str) -> None:
        """Drop a store that `create_beside` made."""


class CacheEngine(Protocol):
    """One cache, over connections that open themselves at first use and again after they broke."""

    @property
    def name(self) -> str:
        """What people know it by."""

    def look(self) -> HeldInCache: ...

    def get(self, key: str) -> str | None:
        """None for a key that it does not hold."""

    def put(self, key: str, value: str) -> None: ...

    def close(self) -> None: ...


class Watcher(Protocol):
    """Looks at one store again and again over a connection that it keeps, as an application does."""

    async def why_not_up(self, *, timeout: float) -> str:
        """Why it takes no writes now, within so many seconds; empty where it does. Never raises for what it sees."""

    def close(self) -> None: ...
