"""Does what the active site writes arrive at the target, and if not, what is in the way?"""

from __future__ import annotations

from functools import partial

from scripts.core.errors import OutcomeUnknown, Refused
from scripts.core.waiting import wait_until
from scripts.engines.postgres import guard, readiness
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import QueryRefused
from scripts.runs.runbook import Context
from scripts.runs.targets import target

NO_SLOT = "connection slots are reserved"
"""How PostgreSQL begins to refuse a session for want of slots; psycopg gives no SQLSTATE for it."""
ARRIVES_SECONDS = 10.0  # a copy that needs longer for one row is not near enough to be switched to


def arrival(context: Context, store: str, old: Database) -> tuple[readiness.Copy, float]:
    """
    How the target's copy stands after a row that the old side wrote just now, and how many seconds that took to arrive.

    A copy whose readers hold it up passes, as they can be ended. Raises Refused with the reason.
    """
    active, site, topology = context.topology.active_site, target(context), context.topology
    try:
        token, lsn = readiness.mark(old, active, topology.epoch)
    except QueryRefused as error:
        hint = f"`dr failover --to {active}` opens it, where it holds every row"
        if error.sqlstate != guard.READ_ONLY:
            hint = "look at `dr status`"
        raise Refused(f"{active}'s {store} takes no writes: {error}", hint) from error
    began = old.rows("SELECT clock_timestamp()")[0][0]
    replica = context.clouds.database(site, store, topology.incarnation(site, store))
    bound = min(context.plan.switchover.hand_over.total_seconds(), ARRIVES_SECONDS)
    try:
        wait_until(partial(readiness.shows, replica, token), seconds=bound, every=0.02, what="a row to arrive")
        arrived = True
    except OutcomeUnknown:
        arrived = False
    copy = readiness.copy(replica, lsn)
    if refusal := readiness.why_copy_cannot_follow(copy, bound, arrived=arrived):
        raise named(site, store, refusal)
    return copy, (old.rows("SELECT clock_timestamp()")[0][0] - began).total_seconds()


def named(site: str, store: str, refusal: Refused) -> Refused:
    """The same, with the side that it is about."""
    return Refused(f"{site}'s {store}: {refusal.message}", refusal.hint)
