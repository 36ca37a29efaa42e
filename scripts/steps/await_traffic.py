"""
Wait until clients are being sent to the target.

In a planned switch this comes before the old writer is stopped: health checks and the record's time to live take
longest, and the old site keeps accepting writes from everybody who still finds it.
"""

from __future__ import annotations

from functools import partial

from scripts.core.errors import CloudFailed
from scripts.core.waiting import wait_until
from scripts.probes.traffic import why_not_served_by
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

BOUND_SECONDS = 180


def await_traffic(context: Context) -> Result:
    """Raises OutcomeUnknown when clients are still served by another site; nothing has been stopped then."""
    record, site = context.plan.traffic.record, target(context)
    wait_until(partial(_arrived, context), seconds=BOUND_SECONDS, what=f"{record} to be served by {site}", every=0.02)
    return Result("done", f"{record} is served by {site}", {"record": record})


def _arrived(context: Context) -> bool:
    reason = why_not_served_by(context.plan, target(context))
    if reason is not None:
        raise CloudFailed(reason)
    return True
