"""Stand down: a cold site that was activated, and that the service has left, becomes cold again."""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS
from scripts.runs.runbook import Row, Runbook
from scripts.steps import stand_down as steps
from scripts.steps.preview_stacks import preview_stacks


def stand_down(plan: Plan) -> Runbook:
    del plan
    return Runbook("stand_down", (
        Row("prepare", steps.unprotect, "Lift the protection of what the site built for its time as active site",
            undo="declare it protected again"),
        Row("retire", steps.stand_down, "Let go of its database and compute", point_of_no_return=True,
            why_no_undo="its final snapshot stays and can be restored", attempts=2),
        Row("verify", preview_stacks, "See that no stack would delete or replace anything", why_no_undo=LOOKS),
    ))  # fmt: skip
