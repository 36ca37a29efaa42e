"""Make the target's copy of a database a primary."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scripts.acts.leases import why_not_held_for
from scripts.clouds.protocol import StoreFeature, need
from scripts.core.errors import NotFenced
from scripts.core.waiting import wait_until
from scripts.runs.findings import Promoted
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, target

if TYPE_CHECKING:
    from scripts.engines.protocol import Engine
    from scripts.engines.seen import Position

BOUND_SECONDS = 1800  # the instance restarts; minutes are usual


def promote_database(context: Context) -> Result:
    """`context.subject` names the database. Evidence: where the copy stood, and what tells later what it missed."""
    site, name = target(context), context.subject
    number = context.topology.incarnation(site, name)
    engine = context.clouds.engine(site, name, number)
    before = engine.position()
    if not before.in_recovery:
        return Result("already", f"{site}'s {name} is a primary", {"lsn": before.lsn})
    if reason := why_not_held_for(context.clouds.witness().read(), site, epoch_to_be(context)):
        raise NotFenced(reason, "look at `dr status`: somebody gave the service back, or moved it elsewhere")
    managed = context.clouds.store(site, name, number)
    need(managed.identifier, "promote a copy", able=StoreFeature.PROMOTE in managed.features)
    managed.promote()
    promoted = partial(_as_primary, engine)
    after = wait_until(promoted, seconds=BOUND_SECONDS, what=f"{managed.identifier} to leave recovery", every=0.02)
    evidence = Promoted(
        identifier=managed.identifier, replayed_at=before.replayed_at, replayed_lsn=before.lsn, lsn=after.lsn
    )
    return Result("done", f"{managed.identifier} is a primary now, with everything up to {before.lsn}", evidence)


def _as_primary(engine: Engine) -> Position | None:
    found = engine.position()
    return None if found.in_recovery else found
