"""How far a copy is behind, as the copy itself says."""

from __future__ import annotations

from scripts.engines.postgres.session import Database
from scripts.engines.seen import Position

_SQL = """
SELECT pg_is_in_recovery(), clock_timestamp(), pg_last_xact_replay_timestamp(),
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END::text,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() END::text,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""


def position(database: Database) -> Position:
    return Position(*database.rows(_SQL)[0])


def has_replayed(database: Database, lsn: str) -> bool:
    """Has everything up to `lsn` arrived here?"""
    sql = "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %(lsn)s::pg_lsn"
    return bool(database.rows(sql, {"lsn": lsn})[0][0])
