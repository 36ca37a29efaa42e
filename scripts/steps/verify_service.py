"""Is the service back, as a client sees it? From here on the outage is over."""

from __future__ import annotations

from functools import partial

from scripts.core.errors import CloudFailed, DatabaseFailed
from scripts.core.waiting import wait_until
from scripts.probes.traffic import Serving, epoch_told, serving
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, incarnations_now, target

BOUND_SECONDS = 180  # health checks, then the record's time to live


def verify_service(context: Context) -> Result:
    """
    What clients reach says that it is the target, healthy and in the new epoch, and each database takes a write there.

    Marks `service_back`. Raises OutcomeUnknown when it does not come about in time.
    """
    plan, site = context.plan, target(context)
    seen = wait_until(partial(_served, context), seconds=BOUND_SECONDS, what=f"{plan.traffic.record} to be {site}'s")
    for each in plan.incarnated_stores:
        store = context.clouds.engine(site, each.name, incarnations_now(context)[each.name])
        attempt = store.try_write(site, epoch_to_be(context), name="verified")
        if not attempt.accepted:
            raise DatabaseFailed(f"{site}'s {each.name} does not accept writes: {attempt.said}", "look at `dr status`")
    context.journal.mark("service_back", f"{plan.traffic.record} is served by {site}")
    evidence = {"address": seen.address, "status": seen.status, "site": seen.site, "epoch": seen.epoch}
    return Result("done", f"{plan.traffic.record} is served by {site}, and it accepts writes", evidence)


def _served(context: Context) -> Serving:
    """Raises Unreachable with what is seen instead."""
    seen = serving(context.plan)
    reason = seen.why_not(target(context), epoch_told(context.plan, epoch_to_be(context)))
    if reason is not None:
        raise CloudFailed(reason)
    return seen
