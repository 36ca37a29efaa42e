"""End what somebody may have taken up of the roles of a site that goes on: those of its agent and of its services."""

from __future__ import annotations

from datetime import UTC, datetime

from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def end_role_sessions(context: Context) -> Result:
    """
    Those of the cluster and its nodes go on: no pod can take them up, and without them nothing is started any more.
    The agent and the services are started anew after this, and take up their roles again.
    """
    site = target(context)
    isolation = context.clouds.at(site).isolation(())
    if (reason := isolation.why_sessions_stay()) is not None:
        return Result("skipped", f"sessions of roles are left: {reason}")
    ended = isolation.end_sessions(site, datetime.now(UTC), goes_on=True)
    return Result("done", f"sessions of {', '.join(ended) or 'no role'} are ended", {"roles": ended})
