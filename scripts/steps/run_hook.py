"""Have the user's application do what only it can: run one of the plan's hooks where its service runs."""

from __future__ import annotations

from scripts.acts.job_names import job_name
from scripts.clouds.protocol import ServiceFeature, need
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
    hook = context.plan.hooks[name]
    seconds = hook.timeout.total_seconds()
    service = context.clouds.at(site).service(hook.service)
    need(hook.service, "run a command once", able=ServiceFeature.RUN_ONCE in service.features)
    job = job_name(context.run, name)
    ran = service.run_once(job, hook.command, seconds, login=hook.login)
    reason = ran.why_not_done(seconds)
    if reason and hook.may_stop:
        raise CheckFailed(
            f"the hook {name} in {site} did not do its work: {reason}",
            f"look at the job {job} in {service.where}, mend it, then go on with `dr resume`",
        )
    said = f"the hook {name} FAILED in {site}: {reason}" if reason else f"the hook {name} is done in {site}"
    return Result("done", said, {"hook": name, "job": job, "said": ran.said})
