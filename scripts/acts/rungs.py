"""How a rung of the ladder is climbed: it acts once, the service is looked at, and what came of it is said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from scripts.core.errors import DrError, Interrupted
from scripts.probes.service_health import wait_until_well, why_not_well
from scripts.runs.findings import RungClimbed, ServiceSeen
from scripts.runs.runbook import Result, found_in
from scripts.runs.targets import service_of, target, well_within

if TYPE_CHECKING:
    from scripts.runs.runbook import Context


def helped_by(context: Context) -> str:
    """What made the service well: a rung, or nothing that had to be done; empty while it is not well."""
    for rung in found_in(context.results, RungClimbed):
        if rung.helped:
            return rung.rung
    seen = context.need(ServiceSeen)
    forced = bool(context.options.more.get("from"))
    return "" if seen.why_not is not None or forced else "nothing had to be done"


def climb(
    context: Context,
    rung: str,
    act: Callable[[], str],
    *,
    why_not_here: Callable[[], str | None],
    take_back: Callable[[], str] = lambda: "",
) -> Result:
    """
    Do `act`, which says what it did and may be repeated, and wait until the service is well, in a bounded time.

    Left out where an earlier rung helped, or with the reason that `why_not_here` gives. What goes wrong is why the rung
    did not help: the next one is for that. `take_back` undoes one that did not help, and says so.
    """
    service, site = service_of(context.plan, context.options), target(context)
    if helped := helped_by(context):
        return Result(
            "skipped", f"left out: {helped}" if helped.startswith("nothing") else f"left out: {helped} helped"
        )
    try:
        if reason := why_not_here():
            return Result("skipped", f"left out: {reason}")
        done = act()
        seconds = well_within(context)
        why_not = wait_until_well(partial(why_not_well, context.plan, context.clouds, site, service), seconds=seconds)
        if why_not is None:
            return Result("done", f"{done}, and {service} is well", RungClimbed(rung=rung, helped=True))
        said = f"{done}; after {seconds:g} s {why_not}"
    except Interrupted:
        raise
    except DrError as error:
        said = why_not = f"{rung}: {error.message}"
    try:
        undone = take_back()
    except DrError as error:
        undone = f"it could not be taken back: {error.message}"
    said = "; ".join(filter(None, (said, undone)))
    return Result("done", f"did not help: {said}", RungClimbed(rung=rung, helped=False, why_not=why_not or said))
