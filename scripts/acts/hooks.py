"""Runs one of the plan's hooks where its service runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.acts.job_names import job_name
from scripts.clouds.protocol import ServiceFeature, need
from scripts.core.errors import Refused
from scripts.runs.targets import target

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.protocol import Cloud
    from scripts.runs.runbook import Context

ROLL_BACK_MIGRATION = "roll_back_migration"
"""The hook that takes the schema back to what an earlier version of its service expects."""


@dataclass(frozen=True)
class HookEnded:
    """How it ended: `why_not` is None when it did its work, `said` what it wrote; `job` in `where` is what ran."""

    job: str
    where: str
    why_not: str | None
    said: str


def run_hook_once(context: Context, name: str) -> HookEnded:
    """Run it at the target of a run; otherwise like `run_hook_at`."""
    return run_hook_at(context.clouds.at(target(context)), context.plan, name, context.run)


def run_hook_at(site: Cloud, plan: Plan, name: str, run: str) -> HookEnded:
    """
    Run it there, once in a run, also when the program was ended in the middle of it. Raises Refused where the service
    runs no commands, OutcomeUnknown when its end was not seen.
    """
    hook = plan.hooks[name]
    seconds = hook.timeout.total_seconds()
    service = site.service(hook.service)
    need(hook.service, "run a command once", able=ServiceFeature.RUN_ONCE in service.features)
    job = job_name(run, name)
    ran = service.run_once(job, hook.command, seconds, login=hook.login)
    return HookEnded(job, service.where, ran.why_not_done(seconds), ran.said)


def takes_schema_back(plan: Plan, service: str) -> bool:
    """Does the plan name a hook that takes the schema of this service back?"""
    hook = plan.hooks.get(ROLL_BACK_MIGRATION)
    return hook is not None and hook.service == service


def take_schema_back(context: Context) -> HookEnded:
    """
    Run that hook. Raises Refused when it does not end well in its time and may stop a run: the data would not survive
    it, and the service goes on with the version that it has. Raises OutcomeUnknown when its end was not seen.
    """
    ended = run_hook_once(context, ROLL_BACK_MIGRATION)
    if ended.why_not and context.plan.hooks[ROLL_BACK_MIGRATION].may_stop:
        raise Refused(
            f"the hook {ROLL_BACK_MIGRATION} in {target(context)} refuses: {ended.why_not}",
            f"the version was not changed; the job {ended.job} in {ended.where} says more: mend the version that runs, "
            "or deploy one that fits the schema",
        )
    return ended
