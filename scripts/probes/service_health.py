"""Is one service of a site well: rolled out, at its strength, and answering?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from model.acceptance import HttpCheck
from model.routes import health_paths, service_routes
from scripts.core.errors import DrError
from scripts.probes.acceptance import Place, ask_all
from scripts.probes.web import door_of, get

if TYPE_CHECKING:
    from collections.abc import Callable

    from model import Plan
    from scripts.clouds.access import Clouds

IN_A_ROW = 3
"""So many good looks: what crashes after its start is ready for a moment."""
EVERY_SECONDS = 0.3
ANSWER_SECONDS = 2.0


def why_not_well(plan: Plan, clouds: Clouds, site: str, service: str) -> str | None:
    """
    The first thing that is not well, or None: its state as the cloud says it, its own health at the site's front door,
    and the plan's `http` checks of a steady state on its paths. Raises nothing of ours.
    """
    try:
        state = clouds.at(site).service(service).state()
        if state is None:
            return f"{service} is not deployed in {site}"
        if not state.wanted:
            return f"none of {service} is wanted in {site}"
        if state.ready < state.wanted:
            return f"{state.ready} of {state.wanted} of {service} are ready"
        if not state.settled:
            return f"the last change of {service} is not rolled out"
        return _why_no_good_answer(plan, clouds, site, service, asked=state.wanted)
    except DrError as error:
        return str(error)


def _why_no_good_answer(plan: Plan, clouds: Clouds, site: str, service: str, *, asked: int) -> str | None:
    """Each copy may answer otherwise: ask as often as there are copies."""
    path = health_paths(plan).get(service)
    if path is None:
        return None  # no request reaches it from outside
    door = door_of(plan, clouds.at(site).front_door())
    for _ in range(min(asked, 5)):
        answer = get(door, path, seconds=ANSWER_SECONDS)
        if answer.status != 200:
            return f"{path} answers {answer.status}"
    checks = [each for each in plan.checks if _is_about(plan, each, service)]
    outcomes = ask_all(plan, clouds, checks, Place(site, {}, is_served=False))
    return next((str(each) for each in outcomes if not each.passed), None)


def _is_about(plan: Plan, check: object, service: str) -> bool:
    if not isinstance(check, HttpCheck) or "steady_state" not in check.at:
        return False
    routes = service_routes(plan)
    owner = next(
        (each for each in routes if check.path == each.path or check.path.startswith(f"{each.path}/")),
        next((each for each in routes if each.default), None),
    )
    return owner is not None and owner.service == service


def wait_until_well(
    why_not: Callable[[], str | None], *, seconds: float, clock: Callable[[], float] = time.monotonic
) -> str | None:
    """None when it was well so many times in a row; else, when the time is over, the last reason why it is not."""
    deadline, good = clock() + seconds, 0
    while True:
        reason = why_not()
        good = 0 if reason else good + 1
        if good >= IN_A_ROW:
            return None
        if clock() >= deadline:
            return reason or "it was not well long enough"
        time.sleep(EVERY_SECONDS)
