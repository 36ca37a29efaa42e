"""The plan's own checks as a drill asks them: before a scenario and after it, in a steady state both times."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from scripts.core.errors import CheckFailed
from scripts.probes.acceptance import Place, ask_all

if TYPE_CHECKING:
    from model.acceptance import Moment
    from scripts.drills.stage import Stage


def begin_steady(stage: Stage, scenario: str) -> None:
    """Raises CheckFailed where the plan's own checks of a steady state fail: then the scenario would prove nothing."""
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
