"""Roll back: an earlier version of one service runs again, because the one that was deployed last is bad."""

from __future__ import annotations

from model import Plan
from scripts.acts.hooks import takes_schema_back
from scripts.runbooks.failover import LOOKS
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.choose_version import choose_version
from scripts.steps.roll_back_schema import roll_back_schema
from scripts.steps.roll_back_service import roll_back_service
from scripts.steps.say_what_is_declared import say_what_is_declared
from scripts.steps.see_service_well import see_service_well


def rollback(plan: Plan, service: str) -> Runbook:
    """For one service."""
    return Runbook("rollback", (
        Row("preflight", choose_version, f"Choose the version of {service} that is to run again", subject=service,
            why_no_undo=LOOKS, does=Does.CHECK),
        *schema(plan, service),
        Row("version", roll_back_service, f"Run that version of {service} again", subject=service, attempts=3,
            undo=f"`dr rollback {service} --to` the version that ran before"),
        Row("verify", see_service_well, f"See {service} rolled out, at its strength, and answering", subject=service,
            why_no_undo=LOOKS, does=Does.SEE_SERVICE),
        Row("report", say_what_is_declared, "Say what the stack still declares, and what to pin", subject=service,
            why_no_undo=LOOKS, does=Does.MEASURE),
    ))  # fmt: skip


def schema(plan: Plan, service: str) -> tuple[Row, ...]:
    """The row for the hook that takes the schema back, where the plan has one for this service."""
    if not takes_schema_back(plan, service):
        return ()
    return (
        Row("migrate", roll_back_schema, "Take the schema back to what the earlier version expects",
            undo="`dr hook migrate`"),
    )  # fmt: skip
