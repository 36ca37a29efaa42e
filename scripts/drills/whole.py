"""
Is a world whole? A fault that strikes before a standby is in step, or before a replica has come near, shows what a
system does that was broken already.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from scripts.core.errors import DrError, ObjectiveMissed
from scripts.core.moments import now
from scripts.core.waiting import wait_until
from scripts.probes.traffic import epoch_told, why_not_served_by
from scripts.runs import run_records

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.clouds.access import Clouds
    from scripts.drills.stage import Stage

NEAR_SECONDS = 2.0  # a replica is never nearer than its last transaction is old: the sentinel writes one every renewal
BOUND_SECONDS = 120.0


def why_not_whole(stage: Stage, clouds: Clouds) -> str | None:
    """
    The first thing that a fault should not find, or None: a fault that was not healed, a run that is not done, a lease
    that is not renewed, a store that does not run or whose standby is not in step, a copy that is far behind, a service
    that clients do not reach.
    """
    status = stage.world.status()
    if status["faults"]:
        return f"a fault is not healed: {status['faults'][0]}"
    unfinished = run_records.unfinished(stage.plan.system)
    if unfinished is not None:
        return f"the run {unfinished.run} is not done"
    databases = {each["identifier"]: each for each in status["databases"]}
    reasons = (
        partial(_lease, stage, clouds),
        partial(_stores, stage, databases),
        partial(_copies, stage, clouds),
        partial(_served, stage),
    )
    for reason in reasons:
        try:
            said = reason()
        except DrError as error:
            said = str(error)
        if said is not None:
            return said
    return None


def wait_until_whole(stage: Stage, seconds: float = BOUND_SECONDS) -> None:
    """Raises ObjectiveMissed that says what is not whole."""
    wait_while(stage, why_not_whole, seconds=seconds, what="the world to be whole", every=0.1)


def wait_while(
    stage: Stage, why_not: Callable[[Stage, Clouds], str | None], *, seconds: float, what: str, every: float
) -> None:
    """Until there is no reason any more. Raises ObjectiveMissed with the last one."""
    clouds = stage.clouds()  # for all looks: a client of a cloud takes longer to make than a look

    def look() -> bool:
        if (reason := why_not(stage, clouds)) is not None:
            raise DrError(reason)
        return True

    try:
        wait_until(look, seconds=seconds, what=what, every=every, error=ObjectiveMissed)
    finally:
        clouds.close()


def _lease(stage: Stage, clouds: Clouds) -> str | None:
    if not stage.plan.guarded_stores:
        return None
    seen = clouds.witness().read()
    if seen is None:
        return "nobody holds the writer lease"
    if (seen.lease.site, seen.lease.epoch) != (stage.active, stage.topology.epoch):
        return f"the writer lease is {seen.lease.site}'s, of epoch {seen.lease.epoch}"
    age = (now() - seen.changed_at).total_seconds()
    if age > stage.plan.fencing.lease.ttl.total_seconds():
        return f"the writer lease was renewed {age:.1f} s ago"
    return None


def _stores(stage: Stage, databases: dict[str, dict[str, Any]]) -> str | None:
    for store in stage.plan.incarnated_stores:
        found = databases.get(stage.identifier(store=store.name))
        if found is None or found["status"] != "available" or not found["running"]:
            return f"{store.name} does not run in {stage.active}"
        if store.standby == "same_region" and not (found["standby"] and found["standby_in_step"]):
            return f"the standby of {store.name} is not in step"
    return None


def _copies(stage: Stage, clouds: Clouds) -> str | None:
    for site, held in stage.topology.stores.items():
        for store, incarnation in held.items():
            if incarnation.source is None or incarnation.promoted or incarnation.number is None:
                continue
            try:
                where = clouds.engine(site, store, incarnation.number).position()
            except DrError:
                clouds.forget(site, store, incarnation.number)  # its address or its login may be another one by now
                raise
            if where.seconds_behind is None or where.seconds_behind > NEAR_SECONDS:
                return f"{store} in {site} is {where.seconds_behind} s behind"
    return None


def _served(stage: Stage) -> str | None:
    return why_not_served_by(stage.plan, stage.active, epoch_told(stage.plan, stage.topology.epoch))
