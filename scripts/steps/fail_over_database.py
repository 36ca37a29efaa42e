"""
The database's node is gone: let its standby in the same region take its name.

A standby that is not in step lacks acknowledged writes. Then the node itself is started again; if it does not come
back, people are told what another site would lose.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scripts.clouds.protocol import StoreFeature, need
from scripts.core.errors import DatabaseFailed, DrError, OutcomeUnknown, Refused
from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

if TYPE_CHECKING:
    from scripts.clouds.protocol import ManagedStore
    from scripts.engines.protocol import Engine

RESTART_SECONDS = 180  # RDS restarts within a minute or two, more where it has much log to replay


def why_not_fail_over(context: Context) -> str | None:
    """The reason, or None."""
    if context.plan.incarnated_store(context.subject).standby != "same_region":
        return f"{context.subject} has no standby in its region"
    return None


def fail_over_database(context: Context) -> Result:
    """`context.subject` names the database; the target is the active site. Done when a write is accepted."""
    if reason := why_not_fail_over(context):
        raise Refused(reason, "fail over to another site")
    site, name, epoch = target(context), context.subject, context.topology.epoch
    number = context.topology.incarnation(site, name)
    quick = context.clouds.engine(site, name, number).hurried(0.3)
    if not context.options.more.get("seen_down") and quick.try_write(site, epoch).accepted:
        return Result("already", f"{site}'s {name} accepts writes", {})
    managed = context.clouds.store(site, name, number)
    identifier = managed.identifier
    need(identifier, "fail over to a standby", able=StoreFeature.STANDBY in managed.features)
    if reason := managed.why_no_standby():
        return _restarted(context, managed, quick, reason)
    managed.fail_over_in_region()
    wait_until(partial(_accepts, quick, site, epoch), seconds=600, what=f"{identifier} to accept writes", every=0.02)
    return Result("done", f"{identifier} runs on its standby and accepts writes", {"identifier": identifier})


def _restarted(context: Context, managed: ManagedStore, store: Engine, reason: str) -> Result:
    """Without a standby only the node itself has every row. Raises DatabaseFailed with what else there is."""
    site, identifier = target(context), managed.identifier
    context.journal.note("no_standby", f"{reason}: {identifier} itself is started again", identifier=identifier)
    if StoreFeature.RESTART not in managed.features:
        raise _stuck(context, f"{reason}; it cannot be restarted in its cloud")
    managed.restart()
    try:
        accepted = partial(_accepts, store, site, context.topology.epoch)
        wait_until(accepted, seconds=RESTART_SECONDS, what=f"{identifier} to accept writes", every=0.02)
    except OutcomeUnknown as error:
        raise _stuck(context, f"{reason}; after a restart it does not take writes: {error.message}") from error
    said = f"{reason}: {identifier} itself was started again, and accepts writes"
    return Result("done", said, {"identifier": identifier, "restarted": True})


def _stuck(context: Context, said: str) -> DatabaseFailed:
    """With what another site would lose."""
    offers = list[str]()
    for other in context.topology.stores:
        if other == target(context) or not context.topology.follows(other, context.subject):
            continue
        try:
            number = context.topology.incarnation(other, context.subject)
            copy = context.clouds.engine(other, context.subject, number).position()
        except DrError:
            continue
        behind = copy.seconds_behind
        lost = "an unknown number of seconds" if behind is None else f"at most {behind:.0f} s"
        offers.append(f"`dr failover --to {other}` loses {lost} of writes")
    hint = "; ".join(offers) or "no other site has a copy that answers: look at `dr status`"
    return DatabaseFailed(said, f"{hint}; nothing is lost if the node comes back by itself")


def _accepts(store: Engine, site: str, epoch: int) -> bool:
    return store.try_write(site, epoch).accepted
