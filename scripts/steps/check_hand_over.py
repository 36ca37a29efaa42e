"""
Would a planned switch go through, what does it end, and how long is nobody served? Logs in to both sides.

Nothing is changed but one row of our own, which the target has to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.step_times import StepTimes
from scripts.acts.arrivals import arrival, named
from scripts.core.errors import DrError, Refused
from scripts.engines.protocol import NoSlot, QueryRefused
from scripts.runs.findings import HandOverChecked
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

if TYPE_CHECKING:
    from scripts.engines.protocol import Engine
    from scripts.engines.seen import Writer


def check_hand_over(context: Context) -> Result:
    """Raises Refused with what is in the way and the command that helps."""
    ends, carried, lost = list[str](), list[str](), list[str]()
    slowest = 0.0
    for each in context.plan.incarnated_stores:
        old, found = _writer(context, each.name)
        if refusal := old.hand_over.why_writer_cannot(found):
            raise named(context.topology.active_site, each.name, refusal)
        copy, seconds = arrival(context, each.name, old)
        slowest = max(slowest, seconds)
        ends += [f"{session} in {context.topology.active_site}" for session in found.transactions if session.endable]
        ends += [f"{reader} in {target(context)}" for reader in copy.readers if reader.endable]
        carried += [f"{transaction}, to be ended in {target(context)}" for transaction in found.prepared]
        carried += [f"asynchronous commits of {who}, flushed before" for who in found.asynchronous]
        lost += [f"the rows of {table} (unlogged)" for table in found.unlogged]
        lost += [f"logical replication slot {slot}" for slot in found.logical_slots]
        if found.unlogged and not context.options.more.get("give_up_unlogged"):
            raise Refused(
                f"no copy has the rows of {', '.join(found.unlogged)} of {each.name}: unlogged tables begin empty in "
                f"{target(context)}",
                "say that they may go: --give-up-unlogged; or keep them: ALTER TABLE ... SET LOGGED",
            )
    promotion = StepTimes(context.plan, {}).of("promote_database")
    bound = context.plan.switchover.hand_over.total_seconds()
    closed = slowest + promotion.typical
    said = (
        f"the service is closed for about {closed:.0f} s: {slowest:.1f} s to hand over (at most {bound:g} s, or it is "
    )
    said += f"opened again) and {promotion.typical:.0f} s to promote ({promotion.source})"
    parts = [said, *(f"will be ended: {session}" for session in ends)]
    parts += [f"goes along: {it}" for it in carried]
    parts += [f"does not go along: {it}" for it in lost]
    seen = HandOverChecked(arrival_seconds=slowest, closed_seconds=closed, ends=ends, carried=carried, lost=lost)
    return Result("done", "; ".join(parts), seen)


def _writer(context: Context, store: str) -> tuple[Engine, Writer]:
    active, topology = context.topology.active_site, context.topology
    try:
        old = context.clouds.engine(active, store, topology.incarnation(active, store))
        return old, old.hand_over.writer()
    except QueryRefused as error:
        raise Refused(f"{active}'s {store} does not let us in: {error}", "look at `dr status`") from error
    except NoSlot as error:
        raise Refused(f"{active}'s {store} has no slot for one more session", error.helps) from error
    except DrError as error:
        raise Refused(
            f"{active}'s {store} does not answer, so it cannot hand over: {error}",
            f"`dr failover --to {target(context)}`, without --planned, is for a site that is lost",
        ) from error
