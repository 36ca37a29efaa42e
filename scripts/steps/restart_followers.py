"""Start what runs in the sites that follow anew: a copy has the logins of its source, and they are others by now."""

from __future__ import annotations

from functools import partial

from model import names
from scripts.acts.services import start_anew
from scripts.clouds.protocol import ManagedService
from scripts.core.waiting import wait_until
from scripts.runs.findings import LoginsRenewed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import lost, target

BOUND_SECONDS = 600


def restart_followers(context: Context) -> Result:
    """
    Agent and services of every other site that runs any: without this, one that takes over would log in to nothing.

    Raises OutcomeUnknown for what is not ready again in its time.
    """
    found = context.need(LoginsRenewed)
    left_out = {target(context), *lost(context), *found.not_told}
    sites = [site for site in context.topology.stores if site not in left_out]
    restarted = []
    for site in sites:
        for name in [names.SENTINEL, *(each.name for each in context.plan.services)]:
            managed = context.clouds.at(site).service(name)
            state = managed.state()
            if state is None or not state.wanted:
                continue
            start_anew(managed, name, found.at)
            restarted.append((f"{name} in {site}", managed))
    for said, managed in restarted:
        wait_until(partial(_runs, managed), seconds=BOUND_SECONDS, what=f"{said} to be ready", every=0.2)
    said = ", ".join(said for said, _ in restarted)
    return Result("done", f"{said} started anew" if said else "nothing runs in another site", {"sites": sites})


def _runs(managed: ManagedService) -> bool:
    state = managed.state()
    return state is None or (state.settled and state.ready >= state.wanted)
