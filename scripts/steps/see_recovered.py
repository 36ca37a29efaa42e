"""The top of the ladder: the service is well, or the run has failed and says what to do next."""

from __future__ import annotations

from scripts.acts.rungs import helped_by
from scripts.core.errors import StillFailing
from scripts.probes.service_health import why_not_well
from scripts.runs.findings import RungClimbed
from scripts.runs.runbook import Context, Result, found_in
from scripts.runs.targets import target


def see_recovered(context: Context) -> Result:
    """`context.subject` names the service. Marks `service_back` and `verified`. Raises StillFailing."""
    service, site = context.subject, target(context)
    why_not = why_not_well(context.plan, context.clouds, site, service)
    if why_not is not None:
        climbed = ", ".join(each.rung for each in found_in(context.results, RungClimbed)) or "no rung could be climbed"
        raise StillFailing(
            f"nothing of the ladder made {service} in {site} well ({climbed}): {why_not}",
            f"`dr failover` moves the service to another site; `dr journal {context.run}` holds the logs of {service}",
        )
    helped = helped_by(context) or "nothing that was done"
    for mark in ("service_back", "verified"):
        context.journal.mark(mark, f"{service} is well in {site}: {helped}")
    return Result("done", f"{service} in {site} is well; what helped: {helped}")
