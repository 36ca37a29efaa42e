"""The rows for what the user wrote in the plan: no check, no row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.runs.runbook import Does, Row
from scripts.steps.run_checks import run_checks
from scripts.steps.run_hook import run_hook

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


_HOOKS = {
    "read_only_on": ("fence", "Put the application into its read-only mode", "read_only_off"),
    "migrate": ("migrate", "Bring the restored databases to the schema that the application expects",
                "roll_back_migration"),
    "read_only_off": ("open", "Let the application accept writes again", "read_only_on"),
    "revoke_api_keys": ("revoke", "Revoke the application's own keys", ""),
    "log_more": ("log", "Have the application write down more of what is done", ""),
}  # fmt: skip


def hooks(plan: Plan, *names: str) -> tuple[Row, ...]:
    """A row for each of these hooks that the plan has, in this order."""
    return tuple(_hook(name) for name in names if name in plan.hooks)


def _hook(name: str) -> Row:
    phase, sentence, undo = _HOOKS[name]
    if not undo:
        return Row(phase, run_hook, sentence, subject=name, why_no_undo="nobody wants it back")
    return Row(phase, run_hook, sentence, subject=name, undo=f"`dr hook {undo}`")
