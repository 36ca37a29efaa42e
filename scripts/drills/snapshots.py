"""Where only snapshots arrive at a site, a drill has one taken and sent at its moment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from model import names
from scripts.core.moments import now
from scripts.core.waiting import wait_until

if TYPE_CHECKING:
    from scripts.clouds.access import Clouds
    from scripts.drills.stage import Stage


COPIED_SECONDS = 300.0
"""Until a backup is there that may be an hour behind in its cloud, in a world that is twenty times faster."""


def send_snapshots(stage: Stage, source: str, site: str) -> None:
    """
    Of each store whose log does not arrive at a site, take a snapshot now and send it there: a drill does not wait for
    the next one of the schedule.
    """
    clouds, topology = stage.clouds(), stage.topology
    for store in stage.plan.incarnated_stores:
        if site in store.backups.copies_to or site not in store.copied_to:
            continue
        managed = clouds.store(source, store.name, topology.incarnation(source, store.name))
        name, tags = names.snapshot(managed.identifier, now()), {"dr-run": "drill"}
        managed.snapshot(name, tags)
        wait_until(partial(_lies_at, clouds, source, store.name, name), seconds=120, what=f"the snapshot {name}")
        managed.send_snapshot(name, site, tags)
        stage.journal.note("snapshot", f"{name} was taken and is sent to {site}", store=store.name)
    clouds.close()


def _lies_at(clouds: Clouds, site: str, store: str, name: str) -> bool:
    return any(point.name == name for point in clouds.at(site).restore_points(store))
