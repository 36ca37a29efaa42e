"""The rows for what the user wrote in the plan: no check, no row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.runs.runbook import Does, Row
from scripts.steps.run_checks import run_checks

if TYPE_CHECKING:
    from model import Plan
    from model.acceptance import Moment


def checks(plan: Plan, moment: Moment) -> tuple[Row, ...]:
    """At most one row: the checks that the plan has for a moment."""
    if not plan.checks_at(moment):
        return ()
    words = {"before_switch": "before anybody is sent there", "after_restore": "after the restore"}
    sentence = f"See the plan's own checks pass {words.get(moment, 'in the new site')}"
    return (
        Row("check", run_checks, sentence, subject=moment, does=Does.LOOK, why_no_undo="it only looks"),
    )  # fmt: skip
