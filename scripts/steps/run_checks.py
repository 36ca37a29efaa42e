"""Ask what the user of the plan wants to see true at a moment."""

from __future__ import annotations

from dataclasses import asdict

from model.acceptance import MOMENTS, Moment
from scripts.core.errors import BadInput, CheckFailed
from scripts.probes.acceptance import Outcome, Place, ask_all
from scripts.probes.traffic import why_not_served_by
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import incarnations_now, target

MAY_NOT_BE_SERVED: Moment = "before_switch"


def run_checks(context: Context) -> Result:
    """
    `context.subject` names the moment. Every outcome is journalled; one that failed and may not stop a run is said.

    Raises CheckFailed, which names those that may stop a run and failed.
    """
    plan, site = context.plan, target(context)
    moment = next((each for each in MOMENTS if each == context.subject), None)
    if moment is None:
        raise BadInput(f"{context.subject} is no moment of a runbook", "this is a defect in the table")
    checks = plan.checks_at(moment)
    is_served = moment != MAY_NOT_BE_SERVED or why_not_served_by(plan, site) is None
    place = Place(site, incarnations_now(context), is_served=is_served)
    outcomes = ask_all(plan, context.clouds, checks, place)
    for each in outcomes:
        _write_down(context, moment, each)
    failed = [each for each in outcomes if not each.passed]
    if stopping := [each for each in failed if each.may_stop]:
        raise CheckFailed(f"{len(stopping)} of {len(outcomes)} checks of {site} stop the run: {_named(stopping)}")
    said = f"{len(outcomes) - len(failed)} of {len(outcomes)} checks of {site} passed"
    said += f"; FAILED: {_named(failed)}" if failed else ""
    return Result("done", said, {"moment": moment, "checks": [asdict(each) for each in outcomes]})


def _write_down(context: Context, moment: str, outcome: Outcome) -> None:
    """One entry of the journal, as reports show it."""
    status = "passed" if outcome.passed else "failed"
    context.journal.write(
        "probe", outcome.name, str(outcome), phase=moment, status=status, evidence=asdict(outcome) | {"moment": moment}
    )


def _named(outcomes: list[Outcome]) -> str:
    return "; ".join(map(str, outcomes))
