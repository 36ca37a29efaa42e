"""Where two histories of a store parted, kept beside the data of the younger one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.engines.protocol import Engine

_FORK = "fork:"


def fork_of(new: Engine, old_site: str) -> int | None:
    """The oldest transaction that the new primary may have missed of `old_site`."""
    for each in new.markers(_FORK):
        fork = json.loads(each.note)
        if fork.get("old_site") == old_site:
            return int(fork["fork_xid"])
    return None


def remember_fork(new: Engine, old_site: str, site: str, epoch: int, fork_xid: int) -> None:
    """Keep beside the data where the histories parted."""
    note = json.dumps({"old_site": old_site, "fork_xid": fork_xid}, sort_keys=True)
    new.mark_once(f"{_FORK}{epoch}", site, epoch, note)
