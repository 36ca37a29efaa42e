"""See `Engine`: PostgreSQL, through one bounded connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.engines.comparison import Comparison, Keep, keep_nothing
from scripts.engines.postgres.comparing import compare
from scripts.engines.postgres.position import Position, has_replayed, position
from scripts.engines.postgres.questions import Answer, ask
from scripts.engines.postgres.table_rows import Fork
from scripts.engines.postgres.writes import WriteAttempt, try_write

if TYPE_CHECKING:
    from scripts.engines.postgres.session import Database


class Postgres:
    """See `Engine`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def position(self) -> Position:
        return position(self.database)

    def reached(self, token: str) -> bool:
        return has_replayed(self.database, token)

    def try_write(self, site: str, epoch: int, *, name: str = "probe", note: str = "") -> WriteAttempt:
        return try_write(self.database, site, epoch, name=name, note=note)

    def ask(self, statement: str, *, seconds: float) -> Answer:
        return ask(self.database.login, statement, seconds=seconds)

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

    def why_no_guard(self) -> str | None:
        return None
