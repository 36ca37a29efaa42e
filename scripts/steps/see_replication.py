"""Replication is real when a row written at the active site is read at the replica."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from scripts.acts.topologies import protected
from scripts.core.errors import DatabaseFailed
from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import chosen_stores, target

if TYPE_CHECKING:
    from scripts.engines.protocol import Engine

BOUND_SECONDS = 600


def see_replication(context: Context) -> Result:
    """Raises OutcomeUnknown when the marker does not arrive in time."""
    site, topology = target(context), protected(context)
    token = secrets.token_hex(8)
    for each in chosen_stores(context):
        active = context.clouds.engine(
            topology.active_site, each.name, topology.incarnation(topology.active_site, each.name)
        )
        written = active.try_write(topology.active_site, topology.epoch, name="replication", note=token)
        if not written.accepted:
            raise DatabaseFailed(
                f"{topology.active_site} does not accept writes: {written.said}", "look at `dr status`"
            )
        context.clouds.forget(site, each.name, topology.incarnation(site, each.name))
        replica = context.clouds.engine(site, each.name, topology.incarnation(site, each.name))
        wait_until(
            partial(_arrived, replica, token), seconds=BOUND_SECONDS, what=f"a new row to reach {site}'s {each.name}"
        )
    return Result("done", f"a row written in {topology.active_site} was read in {site}", {"marker": token})


def _arrived(replica: Engine, token: str) -> bool:
    found = replica.marker("replication")
    return found is not None and found.note == token
