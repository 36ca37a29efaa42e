"""Does a database accept writes? Asked by trying."""

from __future__ import annotations

from scripts.core.net import Unreachable
from scripts.engines.postgres import markers
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import QueryRefused
from scripts.engines.seen import WriteAttempt


def try_write(database: Database, site: str, epoch: int, *, name: str = "probe", note: str = "") -> WriteAttempt:
    """Write a marker row, which the guard judges as any other write."""
    try:
        markers.write(database, name, site, epoch, note)
    except QueryRefused as refused:
        return WriteAttempt(False, True, refused.sqlstate, str(refused), closed=refused.closed)
    except Unreachable as silent:
        return WriteAttempt(False, False, "", str(silent))
    return WriteAttempt(True, True, "", "the write was accepted")
