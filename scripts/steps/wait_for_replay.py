"""Wait until the new site has everything that the old one ever wrote."""

from __future__ import annotations

from functools import partial

from scripts.core.waiting import wait_until
from scripts.runs.findings import HandedOver, Replayed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

BOUND_SECONDS = 60


def wait_for_replay(context: Context) -> Result:
    """Needs the last positions of the old writer. Raises OutcomeUnknown when they do not arrive in time."""
    last, site = context.need(HandedOver).last_lsn, target(context)
    for name, lsn in last.items():
        engine = context.clouds.engine(site, name, context.topology.incarnation(site, name))
        arrived = partial(engine.reached, lsn)
        wait_until(arrived, seconds=BOUND_SECONDS, every=0.01, what=f"{site}'s {name} to replay {lsn}")
    said = f"{site} has replayed everything up to {', '.join(last.values())}"
    return Result("done", said, Replayed(last_lsn=last, data_at_stake_seconds=0.0))
