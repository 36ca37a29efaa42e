"""Does a database accept writes? Asked by trying."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.core.net import Unreachable
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import QueryRefused


@dataclass(frozen=True)
class WriteAttempt:
    """What came of one real write. `sqlstate` is empty when it was accepted or when nobody answered."""

    accepted: bool
    answered: bool
    sqlstate: str
    said: str


def try_write(database: Database, site: str, epoch: int, *, name: str = "probe", note: str = "") -> WriteAttempt:
    """Write a marker row, which the guard judges as any other write."""
    try:
        database.rows(guard.WRITE_MARKER, {"name": name, "site": site, "epoch": epoch, "note": note})
    except QueryRefused as refused:
        return WriteAttempt(False, True, refused.sqlstate, str(refused))
    except Unreachable as silent:
        return WriteAttempt(False, False, "", str(silent))
    return WriteAttempt(True, True, "", "the write was accepted")
