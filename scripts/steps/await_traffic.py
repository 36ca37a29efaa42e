"""
Wait until clients are being sent to the target.

In a planned switch this comes before the old writer is stopped: health checks and the record's time to live take
longest, and the old site keeps accepting writes from everybody who still finds it.
"""

from __future__ import annotations

from functools import partial

from scripts.core.waiting import wait_until
from scripts.probes.traffic import leads_to
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

BOUND_SECONDS = 180


def await_traffic(context: Context) -> Result:
    """Raises OutcomeUnknown when the record still leads elsewhere; nothing has been stopped then."""
    record, site = context.plan.traffic.record, target(context)
    arrived = partial(leads_to, context.plan, context.clouds, site)
    wait_until(arrived, seconds=BOUND_SECONDS, what=f"{record} to lead to {site}", every=0.02)
    return Result("done", f"{record} leads to {site}", {"record": record})
