"""Does what the active site writes arrive at the target, and if not, what is in the way?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scripts.core.errors import OutcomeUnknown, Refused
from scripts.core.waiting import wait_until
from scripts.engines.protocol import QueryRefused
from scripts.runs.runbook import Context
from scripts.runs.targets import target

if TYPE_CHECKING:
    from scripts.engines.protocol import Engine
    from scripts.engines.seen import Copy

ARRIVES_SECONDS = 10.0  # a copy that needs longer for one row is not near enough to be switched to


def arrival(context: Context, store: str, old: Engine) -> tuple[Copy, float]:
    """
    How the target's copy stands after a row that the old side wrote just now, and how many seconds that took to arrive.

    A copy whose readers hold it up passes, as they can be ended. Raises Refused with the reason.
    """
    active, site, topology = context.topology.active_site, target(context), context.topology
    try:
        mark, position = old.hand_over.mark(active, topology.epoch)
    except QueryRefused as error:
        hint = f"`dr failover --to {active}` opens it, where it holds every row"
        if not error.closed:
            hint = "look at `dr status`"
        raise Refused(f"{active}'s {store} takes no writes: {error}", hint) from error
    began = old.position().clock
    replica = context.clouds.engine(site, store, topology.incarnation(site, store))
    bound = min(context.plan.switchover.hand_over.total_seconds(), ARRIVES_SECONDS)
    try:
        wait_until(partial(replica.hand_over.shows, mark), seconds=bound, every=0.02, what="a row to arrive")
        arrived = True
    except OutcomeUnknown:
        arrived = False
    copy = replica.hand_over.copy(position)
    if refusal := replica.hand_over.why_copy_cannot(copy, bound, arrived=arrived):
        raise named(site, store, refusal)
    return copy, (old.position().clock - began).total_seconds()


def named(site: str, store: str, refusal: Refused) -> Refused:
    """The same, with the side that it is about."""
    return Refused(f"{site}'s {store}: {refusal.message}", refusal.hint)
