"""See that one service is well again: rolled out, at its strength, and answering."""

from __future__ import annotations

from functools import partial

from scripts.core.errors import StillFailing
from scripts.probes.service_health import wait_until_well, why_not_well
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target, well_within


def see_service_well(context: Context) -> Result:
    """
    `context.subject` names the service. Marks `service_back` and `verified`. Raises StillFailing with the reason, when
    it is not well in its time.
    """
    service, site = context.subject, target(context)
    seconds = well_within(context)
    reason = wait_until_well(partial(why_not_well, context.plan, context.clouds, site, service), seconds=seconds)
    if reason is not None:
        raise StillFailing(
            f"{service} in {site} is not well after {seconds:g} s: {reason}",
            f"`dr recover {service}` climbs the ladder; `dr rollback {service} --list` shows the other versions",
        )
    for mark in ("service_back", "verified"):
        context.journal.mark(mark, f"{service} is well in {site}")
    return Result("done", f"{service} in {site} is well: rolled out, at its strength, and answering")
