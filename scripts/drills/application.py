"""A service of each kind fails while its site and its stores are well; the ladder is climbed until a rung helps."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts.core.errors import Refused
from scripts.core.waiting import wait_until
from scripts.drills.found import Found
from scripts.drills.whole import wait_until_whole
from scripts.probes.service_health import why_not_well
from scripts.recover import recover
from scripts.rollback import rollback
from scripts.runs.findings import RungClimbed

if TYPE_CHECKING:
    from model import Plan
    from scripts.drills.stage import Stage

LONGEST_SECONDS = 120.0
NO_VERSION = "0"


def one_of_each_kind(plan: Plan) -> list[str]:
    """The services that fail: the first of each kind."""
    return list({each.kind: each.name for each in reversed(plan.services)}.values())[::-1]


def fail(stage: Stage) -> Found:
    """What runs of a service crashes at each start, whoever starts it, until something else runs in its place."""
    found = Found()
    for service in one_of_each_kind(stage.plan):
        wait_until_whole(stage)
        wait_until_well(stage, service)
        found.ok &= stage.must_fail(
            f"{service} has no version {NO_VERSION}",
            f"a rollback of {service} to a version that is not kept is refused",
            partial(rollback, stage.plan, service, to=NO_VERSION, plan_path=stage.plan_path), Refused,
        )  # fmt: skip
        found.ok &= _recovers(stage, service, found)
    return found


def _recovers(stage: Stage, service: str, found: Found) -> bool:
    fault_at = datetime.now(UTC)
    stage.world.break_("crash", region=stage.plan.site(stage.active).region, name=service)
    wait_until_bad(stage, service)
    detected_at, began = datetime.now(UTC), time.monotonic()
    moments: dict[str, Any] = {"fault_at": fault_at.isoformat(), "detected_at": detected_at.isoformat()}
    outcome = recover(stage.plan, service, plan_path=stage.plan_path, **moments)
    stage.world.heal("crash")
    if outcome.run:
        found.runs.append(outcome)
    # A cloud that replaces what fails may have been quicker than the first look.
    helped = next((each.rung for each in outcome.found(RungClimbed) if each.helped), "nothing that was done")
    seconds = time.monotonic() - began
    found.fault_at, found.detected_at = found.fault_at or fault_at, found.detected_at or detected_at
    return stage.check(
        f"{service} is well", outcome.error is None and is_well(stage, service),
        f"{service} is well {seconds:.1f} s after it was seen to fail; what helped: {helped}", rung=helped,
    )  # fmt: skip


def wait_until_well(stage: Stage, service: str) -> None:
    wait_until(partial(is_well, stage, service), seconds=LONGEST_SECONDS, what=f"{service} to be well")


def wait_until_bad(stage: Stage, service: str) -> None:
    wait_until(lambda: not is_well(stage, service), seconds=LONGEST_SECONDS, what=f"{service} to fail", every=0.1)


def is_well(stage: Stage, service: str) -> bool:
    """Is it rolled out, at its strength, and answering?"""
    clouds = stage.clouds()
    try:
        return why_not_well(stage.plan, clouds, stage.active, service) is None
    finally:
        clouds.close()
