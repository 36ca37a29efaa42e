"""How far a copy is behind, as the copy itself says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scripts.engines.postgres.session import Database

_SQL = """
SELECT pg_is_in_recovery(), clock_timestamp(), pg_last_xact_replay_timestamp(),
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END::text,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() END::text,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""


@dataclass(frozen=True)
class Position:
    """Where a database stands. `replayed_at` is the commit time of the newest transaction that has arrived."""

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


def position(database: Database) -> Position:
    return Position(*database.rows(_SQL)[0])


def has_replayed(database: Database, lsn: str) -> bool:
    """Has everything up to `lsn` arrived here?"""
    sql = "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %(lsn)s::pg_lsn"
    return bool(database.rows(sql, {"lsn": lsn})[0][0])
