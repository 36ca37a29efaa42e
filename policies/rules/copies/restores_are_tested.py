"""Restores are tested without anybody asking."""

from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule, Threshold
from ..kernel.standards import GDPR_TESTING, ISO_EXERCISES, NIST_TESTING

TESTING = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
SELECTION = "aws:backup/restoreTestingSelection:RestoreTestingSelection"


def has_selection(plan: Resource, ctx: Context) -> bool:
    return ctx.stack.first_naming((SELECTION,), "restoreTestingPlanName", plan) is not None


def check(r: Resource, ctx: Context) -> Iterator[str]:
    drills = ctx.facts.number("drillsEveryDays")
    if ctx.stack.first((TESTING,), lambda plan: has_selection(plan, ctx)) or (
        drills is not None and drills <= ctx.number("maxDays")
    ):
        return
    yield "the stack has a backup plan and no RestoreTestingPlan with a selection, and the plan no drills often enough"


RULE = Rule(
    id="DR-CPY-006",
    title="Restores of AWS Backup are tested on a schedule",
    severity=MEDIUM,
    types=("aws:backup/plan:Plan",),
    scope="stack",
    checks=(check,),
    reads=(TESTING, SELECTION),
    thresholds=(
        Threshold("maxDays", 100, {"type": "number", "minimum": 0}, "longest time between drills", stricter="lower"),
    ),
    why="A backup that was never restored is a hope.",
    remedy="Add a RestoreTestingPlan with a selection for each kind of resource, or drill every quarter by the plan.",
    serves=(NIST_TESTING, ISO_EXERCISES, GDPR_TESTING),
)
