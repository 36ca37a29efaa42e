"""Where two histories of a store parted, kept beside the data of the younger one."""

from __future__ import annotations

import json

from scripts.engines.postgres.session import Database


def fork_of(new: Database, old_site: str) -> int | None:
    """The oldest transaction that the new primary may have missed of `old_site`."""
    for (note,) in new.rows("SELECT note FROM dr_guard.marker WHERE name LIKE 'fork:%%' ORDER BY epoch DESC", {}):
        fork = json.loads(note)
        if fork.get("old_site") == old_site:
            return int(fork["fork_xid"])
    return None


def remember_fork(database: Database, old_site: str, site: str, epoch: int, fork_xid: int) -> None:
    """Keep beside the data where the histories parted."""
    note = json.dumps({"old_site": old_site, "fork_xid": fork_xid}, sort_keys=True)
    sql = """INSERT INTO dr_guard.marker (name, site, epoch, note) VALUES (%(name)s, %(site)s, %(epoch)s, %(note)s)
        ON CONFLICT (name) DO NOTHING"""
    database.rows(sql, {"name": f"fork:{epoch}", "site": site, "epoch": epoch, "note": note})
