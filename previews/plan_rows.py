"""What a change of the plan itself does: its own forecast, and what it promises, before and after."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from previews import units
from previews.changes import Direction
from previews.posture import TableRow
from scripts.runbooks.forecasts import forecast

if TYPE_CHECKING:
    from model import Plan
    from model.forecast import ObjectiveForecast


def plan_rows(old: Plan, new: Plan) -> list[TableRow]:
    """A row for each objective whose forecast by the plan's own numbers moves, and for each promise that does."""
    return [*_forecasts(old, new), *_promises(old, new), *_waivers(old, new)]


def _forecasts(old: Plan, new: Plan) -> Iterator[TableRow]:
    earlier = {(each.disaster, each.component): each for each in forecast(old).objectives}
    for each in forecast(new).objectives:
        was = earlier.get((each.disaster, each.component))
        if was is None:
            continue
        yield from _moved("RTO (plan)", each, was.rto_seconds, each.rto_seconds, met=each.rto_met)
        yield from _moved("RPO (plan)", each, was.rpo_seconds, each.rpo_seconds, met=each.rpo_met)


def _moved(
    group: str, each: ObjectiveForecast, before: float | None, after: float | None, *, met: bool
) -> Iterator[TableRow]:
    then, now = (math.inf if value is None else value for value in (before, after))
    if then != now:
        direction = Direction.WEAKER if now > then else Direction.STRONGER
        note = "" if met else "objective missed"
        yield TableRow(group, _label(each.disaster, each.component), _shown(before), _shown(after), direction, note)


def _promises(old: Plan, new: Plan) -> Iterator[TableRow]:
    """Objectives that the plan moves: a looser one is not weaker recovery, but somebody should know."""
    earlier = {(each.disaster, each.component): each for each in old.objectives}
    kept = set()
    for each in new.objectives:
        key = (each.disaster, each.component)
        kept.add(key)
        was = earlier.get(key)
        for what, then, now in (("RTO", was.rto, each.rto), ("RPO", was.rpo, each.rpo)) if was else ():
            if then != now:
                shown = (units.show(then.total_seconds()), units.show(now.total_seconds()))
                yield TableRow(f"{what} objective", _label(*key), *shown, Direction.JUDGE)
    for key in earlier.keys() - kept:
        yield TableRow("Objective", _label(*key), "promised", "no longer in the plan", Direction.WEAKER)
    tiers = {tier.tier: tier.max_downtime.total_seconds() for tier in old.tiers}
    for tier in new.tiers:
        now_seconds = tier.max_downtime.total_seconds()
        if tier.tier in tiers and tiers[tier.tier] != now_seconds:
            shown = (units.show(tiers[tier.tier]), units.show(now_seconds))
            yield TableRow("Longest downtime", f"tier {tier.tier}", *shown, Direction.JUDGE)


def _waivers(old: Plan, new: Plan) -> Iterator[TableRow]:
    known = {(waiver.rule, waiver.resource) for waiver in old.waivers}
    for waiver in new.waivers:
        if (waiver.rule, waiver.resource) not in known:
            until = f"until {waiver.expires.isoformat()}"
            yield TableRow("Rule waived", waiver.rule, "in force", until, Direction.JUDGE, where=waiver.reason)


def _label(disaster: str, component: str | None) -> str:
    return disaster.replace("_", " ") + (f" ({component})" if component else "")


def _shown(seconds: float | None) -> str:
    return "not recoverable" if seconds is None else units.show(seconds)
