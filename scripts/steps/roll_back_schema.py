"""Take the schema back to what the earlier version of a service expects, by the plan's own hook."""

from __future__ import annotations

from scripts.acts.hooks import ROLL_BACK_MIGRATION, run_hook_once
from scripts.core.errors import Refused
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def roll_back_schema(context: Context) -> Result:
    """
    Done once in a run. Raises Refused when the hook does not end well in its time and may stop a run: the data would
    not survive it, and the service goes on with the version that it has. Raises OutcomeUnknown when its end was not
    seen.
    """
    site, ended = target(context), run_hook_once(context, ROLL_BACK_MIGRATION)
    if ended.why_not and context.plan.hooks[ROLL_BACK_MIGRATION].may_stop:
        raise Refused(
            f"the hook {ROLL_BACK_MIGRATION} in {site} refuses: {ended.why_not}",
            f"the version was not changed; the job {ended.job} in {ended.where} says more: mend the version that runs, "
            "or deploy one that fits the schema",
        )
    said = f"FAILED in {site}: {ended.why_not}" if ended.why_not else f"is done in {site}"
    return Result(
        "done",
        f"the hook {ROLL_BACK_MIGRATION} {said}",
        {"hook": ROLL_BACK_MIGRATION, "job": ended.job, "said": ended.said},
    )
