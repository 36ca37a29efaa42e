"""Have the user's application do what only it can: run one of the plan's hooks where its service runs."""

from __future__ import annotations

from scripts.acts.hooks import run_hook_once
from scripts.core.errors import CheckFailed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def run_hook(context: Context) -> Result:
    """
    `context.subject` names the hook. Done once in a run, also when the program was ended in the middle of it.

    Raises CheckFailed when it does not end well in its time and may stop a run, OutcomeUnknown when its end was not
    seen.
    """
    name, site = context.subject, target(context)
    ended = run_hook_once(context, name)
    if ended.why_not and context.plan.hooks[name].may_stop:
        raise CheckFailed(
            f"the hook {name} in {site} did not do its work: {ended.why_not}",
            f"look at the job {ended.job} in {ended.where}, mend it, then go on with `dr resume`",
        )
    failed = f"the hook {name} FAILED in {site}: {ended.why_not}"
    said = failed if ended.why_not else f"the hook {name} is done in {site}"
    return Result("done", said, {"hook": name, "job": ended.job, "said": ended.said})
