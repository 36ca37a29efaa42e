"""Start the agent of a site anew, with the login and the role that it has now, and see it renew the lease."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from model import names
from scripts.core.waiting import wait_until
from scripts.runs.findings import LoginsRenewed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

if TYPE_CHECKING:
    from scripts.clouds.protocol import ManagedService
    from scripts.fencing.lease import Seen

BOUND_SECONDS = 300


def restart_agent(context: Context) -> Result:
    """Left out where no store has an agent. Raises OutcomeUnknown when it does not renew in time."""
    site = target(context)
    if not context.plan.guarded_stores:
        return Result("skipped", "no store has an agent")
    agent = context.clouds.at(site).service(names.SENTINEL)
    agent.restart(context.need(LoginsRenewed).at)
    wait_until(partial(_runs, agent), seconds=BOUND_SECONDS, what=f"the agent of {site} to start", every=0.2)
    before = context.clouds.witness().read()
    wait_until(
        partial(_renewed, context, before), seconds=BOUND_SECONDS, what=f"the agent of {site} to renew", every=0.2
    )
    return Result("done", f"the agent of {site} has started anew, and renews the lease")


def _runs(agent: ManagedService) -> bool:
    state = agent.state()
    return state is not None and state.settled and state.ready >= state.wanted > 0


def _renewed(context: Context, before: Seen | None) -> bool:
    seen = context.clouds.witness().read()
    return seen is not None and seen.lease.site == target(context) and (before is None or seen.etag != before.etag)
