"""Is the service back, as a client sees it? From here on the outage is over."""

from __future__ import annotations

from functools import partial

from scripts.core.errors import DatabaseFailed
from scripts.core.waiting import wait_until
from scripts.probes.traffic import front_door, http_port
from scripts.probes.web import Answer, get
from scripts.probes.writes import try_write
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, incarnations_now, target

BOUND_SECONDS = 180  # health checks, then the record's time to live


def verify_service(context: Context) -> Result:
    """
    The record leads to the target, the target's database is healthy through it, and a write is accepted there.

    Marks `service_back`. Raises OutcomeUnknown when it does not come about in time.
    """
    plan, site = context.plan, target(context)
    answer = wait_until(
        partial(_served, context), seconds=BOUND_SECONDS, what=f"{plan.traffic.record} to lead to {site}"
    )
    for each in plan.incarnated_stores:
        database = context.clouds.database(site, each.name, incarnations_now(context)[each.name])
        attempt = try_write(database, site, epoch_to_be(context), name="verified")
        if not attempt.accepted:
            raise DatabaseFailed(f"{site}'s {each.name} does not accept writes: {attempt.said}", "look at `dr status`")
    context.journal.mark("service_back", f"{plan.traffic.record} is served by {site}")
    evidence = {"address": answer.address, "status": answer.status}
    return Result("done", f"{plan.traffic.record} is served by {site}, and it accepts writes", evidence)


def _served(context: Context) -> Answer | None:
    plan, site = context.plan, target(context)
    answer = get(plan.traffic.record, http_port(plan), plan.traffic.health.path)
    return answer if answer.status == 200 and answer.address == front_door(plan, context.clouds, site) else None
