"""Runs one of the plan's hooks where its service runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.acts.job_names import job_name
from scripts.clouds.protocol import ServiceFeature, need
from scripts.runs.targets import target

if TYPE_CHECKING:
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
    """
    Run it at the target, once in a run, also when the program was ended in the middle of it. Raises Refused where the
    service runs no commands, OutcomeUnknown when its end was not seen.
    """
    hook = context.plan.hooks[name]
    seconds = hook.timeout.total_seconds()
    service = context.clouds.at(target(context)).service(hook.service)
    need(hook.service, "run a command once", able=ServiceFeature.RUN_ONCE in service.features)
    job = job_name(context.run, name)
    ran = service.run_once(job, hook.command, seconds, login=hook.login)
    return HookEnded(job, service.where, ran.why_not_done(seconds), ran.said)
