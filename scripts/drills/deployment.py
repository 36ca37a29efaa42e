"""
A version that never comes up is deployed, as all versions are: by the plan, with an update of the site's stack. The one
before it runs again by a rollback, and then the plan is put right.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from model.loading import locate
from model.services.base import ImageService
from scripts.core.errors import Refused
from scripts.core.home import project_dir
from scripts.drills.application import NO_VERSION, one_of_each_kind, wait_until_bad, wait_until_well
from scripts.drills.found import Found
from scripts.drills.stage import as_evidence
from scripts.drills.whole import wait_until_whole
from scripts.rollback import rollback, versions_of
from scripts.runs.runbook import RunOutcome
from scripts.stacks import topology_files
from scripts.stacks.stacks import Stacks

if TYPE_CHECKING:
    from model import Plan
    from scripts.drills.stage import Stage

NO_PROGRAM = ["no-such-program"]
DISASTER = "application_failure"
FROM_THE_STACK = frozenset({"image", "machine_image"})
"""What a service goes back to whose versions are made by its stack."""


def deployed_by_a_stack(plan: Plan) -> list[str]:
    """Of each kind whose versions come from its stack, the first service."""
    return [name for name in one_of_each_kind(plan) if plan.service(name).traits.goes_back_to in FROM_THE_STACK]


def fail(stage: Stage) -> Found:
    """Each of them in turn, under load."""
    found = Found()
    for service in deployed_by_a_stack(stage.plan):
        wait_until_whole(stage)
        wait_until_well(stage, service)
        found.ok &= stage.must_fail(
            f"{service} has no version {NO_VERSION}",
            f"a rollback of {service} to a version that is not kept is refused",
            partial(_roll_back, stage, service, to=NO_VERSION), Refused,
        )  # fmt: skip
        found.ok &= _goes_back(stage, service, found)
    return found


def _goes_back(stage: Stage, service: str, found: Found) -> bool:
    plan = stage.plan
    stack = plan.site(stage.active).stack
    before = _wanted(stage, service)
    try:
        with stage.writing() as workload:
            fault_at = datetime.now(UTC)
            _declare(stage, str(_broken(stage, service)), stack)
            wait_until_bad(stage, service)
            ok = stage.check(
                f"{service} is bad", _wanted(stage, service) != before, f"a bad version of {service} is out"
            )
            detected_at, began = datetime.now(UTC), time.monotonic()
            moments = {"fault_at": fault_at.isoformat(), "detected_at": detected_at.isoformat()}
            outcome = _roll_back(stage, service, **moments)
            found.runs.append(outcome)
            found.fault_at, found.detected_at = found.fault_at or fault_at, found.detected_at or detected_at
            ok &= stage.check(
                f"{service} is back", outcome.error is None and _wanted(stage, service) == before,
                f"{service} runs the version before again {time.monotonic() - began:.1f} s after it was seen to fail",
            )  # fmt: skip
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, fault_at)
            found.evidence |= as_evidence(loss, outage)
            ok &= stage.check("nothing is lost", loss.lost == 0, "every acknowledged write is there", lost=loss.lost)
    finally:
        _declare(stage, stage.plan_path, stack)
    wait_until_well(stage, service)
    return ok & stage.check(
        f"{service} is declared",
        _wanted(stage, service) == before,
        f"the plan is put right, and {service} goes on",
        versions=[str(each) for each in versions_of(stage.plan, stage.active, service)],
    )


def _broken(stage: Stage, service: str) -> Path:
    """The plan of the stage with a program in it that the image does not have."""
    document = yaml.safe_load(locate(stage.plan_path)[0].read_text(encoding="utf-8"))
    known = stage.plan.service(service)
    for each in document["services"]:
        if each["name"] == service:
            each["command"] = NO_PROGRAM
            if isinstance(known, ImageService):
                each["migrate"] = list(known.migrates_by)
    written = stage.folder / "broken.yaml"
    written.write_text(yaml.safe_dump(document), encoding="utf-8")
    return written


def _declare(stage: Stage, plan_path: str, stack: str) -> None:
    """Deploy as a person does: by the plan, and an update of the stack."""
    topology_files.write_plan(stage.plan, project_dir(), plan_path)
    Stacks(stage.plan, journal=stage.journal).up(stack)


def _roll_back(stage: Stage, service: str, *, to: str = "", **more: Any) -> RunOutcome:
    return rollback(
        stage.plan, service, to=to, plan_path=stage.plan_path, approved_by=stage.approvers, disaster=DISASTER, **more
    )


def _wanted(stage: Stage, service: str) -> str:
    """What the version is that is to run now."""
    return next(each.content for each in versions_of(stage.plan, stage.active, service) if each.is_wanted)
