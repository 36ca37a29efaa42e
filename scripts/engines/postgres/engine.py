"""See `Engine`: PostgreSQL, through one bounded connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.engines.comparison import Comparison, Keep, keep_nothing
from scripts.engines.postgres import contents, dumps, guard, markers, readiness
from scripts.engines.postgres.comparing import compare
from scripts.engines.postgres.logins import end_sessions
from scripts.engines.postgres.position import has_replayed, position
from scripts.engines.postgres.questions import ask, search
from scripts.engines.postgres.session import Database
from scripts.engines.postgres.table_rows import Fork
from scripts.engines.postgres.writes import try_write
from scripts.engines.seen import (
    Answer,
    Contents,
    Copy,
    Dumped,
    Found,
    HeldLease,
    Marker,
    Position,
    Transaction,
    Unguarded,
    WriteAttempt,
    Writer,
)

if TYPE_CHECKING:
    from scripts.core.errors import Refused
    from scripts.core.net import Login


class Postgres:
    """See `Engine`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def at(cls, login: Login) -> Postgres:
        return cls(Database(login))

    @property
    def name(self) -> str:
        return self.database.login.host

    @cached_property
    def guard(self) -> PostgresGuard:
        return PostgresGuard(self.database)

    @cached_property
    def hand_over(self) -> PostgresHandOver:
        return PostgresHandOver(self.database)

    def why_no_guard(self) -> str | None:
        return None

    def hurried(self, seconds: float) -> Postgres:
        return Postgres(Database(self.database.login, connect_timeout=seconds, timeout=seconds))

    def close(self) -> None:
        self.database.close()

    def position(self) -> Position:
        return position(self.database)

    def reached(self, token: str) -> bool:
        return has_replayed(self.database, token)

    def try_write(self, site: str, epoch: int, *, name: str = "probe", note: str = "") -> WriteAttempt:
        return try_write(self.database, site, epoch, name=name, note=note)

    def marker(self, name: str) -> Marker | None:
        return markers.read(self.database, name)

    def markers(self, prefix: str) -> Sequence[Marker]:
        return markers.beginning_with(self.database, prefix)

    def mark_once(self, name: str, site: str, epoch: int, note: str) -> None:
        markers.write_once(self.database, name, site, epoch, note)

    def ask(self, statement: str, *, seconds: float) -> Answer:
        return ask(self.database.login, statement, seconds=seconds)

    def search(self, statement: str, settings: Mapping[str, str], *, seconds: float, most: int) -> Found:
        return search(self.database.login, statement, settings, seconds=seconds, most=most)

    def end_sessions(self, before: datetime) -> list[str]:
        return end_sessions(self.database, before)

    def compare(
        self,
        other: Postgres,
        since: int,
        *,
        margin: int = 0,
        deletions: bool = True,
        seconds: float = 600,
        keep: Keep = keep_nothing,
    ) -> Comparison:
        fork = Fork(since, margin)
        return compare(self.database, other.database, fork, deletions=deletions, seconds=seconds, keep=keep)

    def look_inside(self, name: str) -> Contents:
        return contents.look_inside(self.database, name)

    def other_logins(self, clouds_own: tuple[str, ...]) -> dict[str, bool]:
        return contents.other_roles(self.database, clouds_own)

    def lock_login(self, name: str) -> None:
        contents.lock_login(self.database, name)

    def dump(self, path: Path, *, seconds: float) -> Dumped:
        return dumps.dump(self.database.login, path, seconds=seconds)

    def why_not_empty(self) -> str | None:
        return dumps.why_not_empty(self.database.login)

    def bring_back(self, path: Path, rows: Mapping[str, int], *, seconds: float) -> None:
        dumps.bring_back(self.database.login, path, rows, seconds=seconds)

    def create_beside(self, name: str) -> Postgres:
        dumps.create_database(self.database.login, name)
        return Postgres.at(replace(self.database.login, database=name))

    def drop_beside(self, name: str) -> None:
        dumps.drop_database(self.database.login, name)


class PostgresGuard:
    """See `Guard`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def install(self) -> None:
        guard.install(self._database)

    def clock(self) -> datetime | None:
        return guard.clock(self._database)

    def grant(self, site: str, epoch: int, until: datetime) -> bool:
        return guard.grant(self._database, site, epoch, until)

    def revoke(self, next_site: str, next_epoch: int) -> bool:
        return guard.revoke(self._database, next_site, next_epoch)

    def take_back(self, site: str, epoch: int) -> bool:
        return guard.take_back(self._database, site, epoch)

    def held(self) -> HeldLease | None:
        return guard.read(self._database)

    def is_open(self) -> bool:
        return guard.is_open(self._database)

    def closed_since(self) -> datetime | None:
        return guard.closed_since(self._database)

    def unguarded(self) -> Sequence[Unguarded]:
        return guard.unguarded(self._database)


class PostgresHandOver:
    """See `HandOver`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def writer(self) -> Writer:
        return readiness.writer(self._database)

    def transactions(self) -> Sequence[Transaction]:
        return readiness.transactions(self._database)

    def copy(self, token: str) -> Copy:
        return readiness.copy(self._database, token)

    def why_writer_cannot(self, found: Writer) -> Refused | None:
        return readiness.why_writer_cannot_hand_over(found)

    def why_copy_cannot(self, found: Copy, at_most_seconds: float, *, arrived: bool) -> Refused | None:
        return readiness.why_copy_cannot_follow(found, at_most_seconds, arrived=arrived)

    def end_readers(self) -> Sequence[Transaction]:
        return readiness.end_readers(self._database)

    def mark(self, site: str, epoch: int) -> tuple[str, str]:
        return readiness.mark(self._database, site, epoch)

    def shows(self, mark: str) -> bool:
        return readiness.shows(self._database, mark)
