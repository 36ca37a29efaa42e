"""The plan's own checks as a drill asks them: before a scenario and after it, in a steady state both times."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from scripts.core.errors import CheckFailed
from scripts.drills.whole import BOUND_SECONDS, wait_while
from scripts.probes.acceptance import Place, ask_all

if TYPE_CHECKING:
    from model.acceptance import Moment
    from scripts.clouds.access import Clouds
    from scripts.drills.stage import Stage


def begin_steady(stage: Stage, scenario: str) -> None:
    """
    Raises CheckFailed where the plan's own checks of a steady state fail: then the scenario would prove nothing.
    ObjectiveMissed where a service does not come to its strength.
    """
    wait_until_strong(stage)
    if not see(stage, f"before {scenario}", "steady_state"):
        raise CheckFailed(f"the plan's own checks fail before {scenario}", "a drill begins in a steady state")


def see(stage: Stage, when: str, *moments: Moment) -> bool:
    """Ask the checks of these moments at the active site, each once; the drill's journal holds what came of them."""
    asked = [check for check in stage.plan.checks if set(check.at) & set(moments)]
    if not asked:
        return True
    clouds, topology = stage.clouds(), stage.topology
    try:
        outcomes = ask_all(stage.plan, clouds, asked, Place(stage.active, topology.incarnations(stage.active)))
    finally:
        clouds.close()
    good = True
    for each in outcomes:
        good &= stage.check(f"{each.name} {when}", each.passed, f"{each} ({when})", own=asdict(each))
    return good


def why_not_strong(stage: Stage, clouds: Clouds) -> str | None:
    """The first service of the active site of which fewer are ready than are wanted, or None."""
    there = clouds.at(stage.active)
    for service in stage.plan.services:
        state = there.service(service.name).state()
        if state is None:
            return f"{service.name} is not deployed in {stage.active}"
        if state.ready < state.wanted:
            return f"{state.ready} of {state.wanted} of {service.name} are ready in {stage.active}"
    return None


def wait_until_strong(stage: Stage) -> None:
    """What was just made needs its time to start. Raises ObjectiveMissed that says what is not ready."""
    wait_while(stage, why_not_strong, seconds=BOUND_SECONDS, what="the services to be ready", every=0.2)
