"""Rows of ours beside the data: replicated with them, restored with them, and judged by the guard like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.engines.seen import Marker

if TYPE_CHECKING:
    from scripts.engines.postgres.session import Database

_WRITE = """
INSERT INTO dr_guard.marker (name, site, epoch, note) VALUES (%(name)s, %(site)s, %(epoch)s, %(note)s)
ON CONFLICT (name) DO UPDATE
SET site = excluded.site, epoch = excluded.epoch, note = excluded.note, written_at = clock_timestamp()
"""
_WRITE_ONCE = """
INSERT INTO dr_guard.marker (name, site, epoch, note) VALUES (%(name)s, %(site)s, %(epoch)s, %(note)s)
ON CONFLICT (name) DO NOTHING
"""
_READ = "SELECT site, epoch, written_at, note FROM dr_guard.marker WHERE name = %(name)s"
_BEGINNING_WITH = """
SELECT site, epoch, written_at, note FROM dr_guard.marker WHERE starts_with(name, %(prefix)s) ORDER BY epoch DESC
"""


def write(database: Database, name: str, site: str, epoch: int, note: str) -> None:
    """Write it, or write it anew. Raises Unreachable, QueryRefused."""
    database.rows(_WRITE, {"name": name, "site": site, "epoch": epoch, "note": note})


def write_once(database: Database, name: str, site: str, epoch: int, note: str) -> None:
    """Write it, unless there is one of this name. Raises Unreachable, QueryRefused."""
    database.rows(_WRITE_ONCE, {"name": name, "site": site, "epoch": epoch, "note": note})


def read(database: Database, name: str) -> Marker | None:
    """Raises Unreachable, QueryRefused."""
    rows = database.rows(_READ, {"name": name})
    return Marker(*rows[0]) if rows else None


def beginning_with(database: Database, prefix: str) -> list[Marker]:
    """Those of the youngest epoch first. Raises Unreachable, QueryRefused."""
    return [Marker(*row) for row in database.rows(_BEGINNING_WITH, {"prefix": prefix})]
