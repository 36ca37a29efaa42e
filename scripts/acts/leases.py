"""The writer lease: taken over, taken from one who lives, and granted in the stores of its holder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import DatabaseFailed, NotFenced, Refused
from scripts.core.waiting import wait_until
from scripts.engines.protocol import Engine
from scripts.fencing.lease import BETWEEN, MARGIN, Lease, Seen, WitnessLease
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be

NOBODY = "(left behind)"
"""Whom the row in a store is left to that nobody may open again."""
ISOLATED = "(isolated)"
"""Whom the lease belongs to between a compromised site and the clean one."""


def take_over(context: Context, witness: WitnessLease, seen: Seen | None, holder: str) -> Seen:
    """
    The conditional write after which no older sentinel can renew. Raises ConditionFailed when somebody was quicker.
    """
    if seen is None:
        raise Refused("there is no writer lease to take over", "the active site was never opened: `dr up` opens it")
    if seen.lease.epoch >= epoch_to_be(context):
        holder = f"{seen.lease.site} holds epoch {seen.lease.epoch} already"
        raise NotFenced(holder, "pull the newest stack settings and look at `dr status`")
    ttl_ms = int(context.plan.fencing.lease.ttl.total_seconds() * 1000)
    return witness.replace(seen, Lease.new(context.plan.system, holder, epoch_to_be(context), ttl_ms))


@retry(retry=retry_if_exception_type(ConditionFailed), stop=stop_after_attempt(10), reraise=True)
def take_from_living(context: Context, holder: str) -> Seen:
    """
    The lease of the next epoch for `holder`, from one that lives and goes on renewing it: a renewal between the look
    and the write only means another look. Repeatable. Raises NotFenced, Refused, ConditionFailed.
    """
    witness: WitnessLease = context.clouds.witness()
    seen = witness.read()
    if seen is not None and (seen.lease.site, seen.lease.epoch) == (holder, epoch_to_be(context)):
        return seen
    return take_over(context, witness, seen, holder)


@retry(retry=retry_if_exception_type(ConditionFailed), stop=stop_after_attempt(10), reraise=True)
def hold(context: Context, site: str, epoch: int) -> None:
    """
    The lease of `epoch` for `site`, which is its own already or belongs to nobody: whoever is first has it. Repeatable.
    Raises NotFenced when somebody else was.
    """
    witness: WitnessLease = context.clouds.witness()
    seen = witness.read()
    if seen is not None and (seen.lease.site, seen.lease.epoch) == (BETWEEN, epoch):
        ttl_ms = int(context.plan.fencing.lease.ttl.total_seconds() * 1000)
        witness.replace(seen, Lease.new(context.plan.system, site, epoch, ttl_ms))
    elif reason := why_not_held_for(seen, site, epoch):
        raise NotFenced(reason, "look at `dr status`")


def why_not_held_for(seen: Seen | None, site: str, epoch: int) -> str | None:
    """Why the lease of `epoch` is neither this site's nor nobody's; None where it is."""
    if seen is not None and seen.lease.site in {site, BETWEEN} and seen.lease.epoch == epoch:
        return None
    holder = "nobody" if seen is None else f"{seen.lease.site} (epoch {seen.lease.epoch})"
    return f"the writer lease belongs to {holder}, not to {site} (epoch {epoch})"


@retry(retry=retry_if_exception_type(ConditionFailed), stop=stop_after_attempt(10), reraise=True)
def give_back(context: Context) -> Result:
    """
    The way back: the site that is active by the topology serves again, in its old epoch, with every row. Repeatable.

    Raises NotFenced when the lease went to somebody else, who may have taken writes.
    """
    site, epoch = context.topology.active_site, context.topology.epoch
    held = context.topology.incarnations(site)
    witness: WitnessLease = context.clouds.witness()
    seen = witness.read()
    holder = None if seen is None else (seen.lease.site, seen.lease.epoch)
    if seen is None or holder not in {(site, epoch), (BETWEEN, epoch + 1)}:
        raise NotFenced(why_not_held_for(seen, site, epoch) or "there is no writer lease", "look at `dr status`")
    for each in context.plan.incarnated_stores:
        if not context.clouds.engine(site, each.name, held[each.name]).guard.take_back(site, epoch):
            raise NotFenced(f"{site}'s {each.name} was left to somebody else", "look at `dr status`")
    if holder != (site, epoch):
        ttl_ms = int(context.plan.fencing.lease.ttl.total_seconds() * 1000)
        witness.replace(seen, Lease.new(context.plan.system, site, epoch, ttl_ms))
    return open_for_writes(context, site, epoch, held)


def open_for_writes(context: Context, site: str, epoch: int, held: Mapping[str, int]) -> Result:
    """
    Renew the lease of `site`, grant it in each database, and see a write accepted. `held` maps each store to the
    incarnation that the site holds.
    """
    plan, clouds = context.plan, context.clouds
    engines = [clouds.engine(site, each.name, held[each.name]) for each in plan.incarnated_stores]
    if all(each.guard.is_open() for each in engines):
        status = "already"  # its sentinel was quicker
    else:
        status = "done"
        ttl = plan.fencing.lease.ttl
        clocks = [each.guard.clock() for each in engines]
        if None in clocks:
            raise DatabaseFailed(f"a database of {site} is still in recovery", "it must be promoted first")
        _renew(context, site, epoch, int(ttl.total_seconds() * 1000))
        for each, clock in zip(engines, clocks, strict=True):
            if clock is not None:
                each.guard.grant(site, epoch, clock + timedelta(seconds=ttl.total_seconds() * (1 - MARGIN)))
    for each in engines:
        accepted = partial(_accepts, each, site, epoch)
        wait_until(accepted, seconds=10, what=f"{each.name} to accept a write", every=0.02)
    said = f"{site} accepts writes in epoch {epoch}"
    return Result("already" if status == "already" else "done", said, {"site": site, "epoch": epoch})


def _accepts(store: Engine, site: str, epoch: int) -> bool:
    return store.try_write(site, epoch, name="opened").accepted


def _renew(context: Context, site: str, epoch: int, ttl_ms: int) -> None:
    """As the site's sentinel does, which may do it at the same time: then its renewal is as good as ours."""
    witness = context.clouds.witness()
    for _ in range(5):
        seen = witness.read()
        if seen is None or (seen.lease.site, seen.lease.epoch) != (site, epoch):
            holder = "nobody" if seen is None else f"{seen.lease.site} (epoch {seen.lease.epoch})"
            raise NotFenced(
                f"the writer lease belongs to {holder}, not to {site} (epoch {epoch})", "look at `dr status`"
            )
        try:
            witness.replace(seen, Lease.new(context.plan.system, site, epoch, ttl_ms))
        except ConditionFailed:
            continue
        return
