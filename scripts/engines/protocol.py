"""
What a run asks of a store over the store's own protocol. `registry.py` chooses the engine by the store's kind.

Every call raises Unreachable when nobody answers in time, and QueryRefused when the store answers with an error.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, Self

from scripts.core.errors import DatabaseFailed
from scripts.engines.comparison import Comparison, Keep, keep_nothing


class QueryRefused(DatabaseFailed):
    """The store answered with an error; `sqlstate` is its own word for which."""

    sqlstate = ""


class Standing(Protocol):
    """Where a copy stands. `in_recovery`: it follows another and takes no writes."""

    @property
    def in_recovery(self) -> bool: ...
    @property
    def clock(self) -> datetime: ...
    @property
    def replayed_at(self) -> datetime | None:
        """The commit time of the newest transaction that has arrived."""

    @property
    def lsn(self) -> str:
        """The token that `reached` takes: everything up to here is in this copy."""

    @property
    def received_lsn(self) -> str | None: ...
    @property
    def oldest_xid(self) -> int:
        """The oldest transaction that may not be in this copy."""


class Attempt(Protocol):
    """What came of one real write."""

    @property
    def accepted(self) -> bool: ...
    @property
    def answered(self) -> bool: ...
    @property
    def sqlstate(self) -> str: ...
    @property
    def said(self) -> str: ...


class Reply(Protocol):
    """What a statement gave. `value` is the first column of the first row; `clock` the store's own time."""

    @property
    def rows(self) -> int: ...
    @property
    def value(self) -> object: ...
    @property
    def clock(self) -> datetime: ...


class Engine(Protocol):
    """One store, over one connection."""

    def position(self) -> Standing: ...

    def reached(self, token: str) -> bool:
        """Has everything up to a position of another copy arrived here?"""

    def try_write(self, site: str, epoch: int, *, name: str = "probe", note: str = "") -> Attempt:
        """Write a marker row as `site` in an epoch, which the guard judges as any other write."""

    def ask(self, statement: str, *, seconds: float) -> Reply:
        """What one statement of the user gives, which can change nothing."""

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

    def why_no_guard(self) -> str | None:
        """Why this engine cannot refuse an old writer by itself; None where it can."""


class Watcher(Protocol):
    """Looks at one store again and again over a connection that it keeps, as an application does."""

    async def why_not_up(self, *, timeout: float) -> str:
        """Why it takes no writes now, within so many seconds; empty where it does. Never raises for what it sees."""

    def close(self) -> None: ...
