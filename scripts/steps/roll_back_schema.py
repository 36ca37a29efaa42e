"""Take the schema back to what the earlier version of a service expects, by the plan's own hook."""

from __future__ import annotations

from scripts.acts.hooks import ROLL_BACK_MIGRATION, take_schema_back
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def roll_back_schema(context: Context) -> Result:
    """Done once in a run. Raises what `take_schema_back` does."""
    ended = take_schema_back(context)
    said = f"FAILED in {target(context)}: {ended.why_not}" if ended.why_not else f"is done in {target(context)}"
    return Result(
        "done",
        f"the hook {ROLL_BACK_MIGRATION} {said}",
        {"hook": ROLL_BACK_MIGRATION, "job": ended.job, "said": ended.said},
    )
