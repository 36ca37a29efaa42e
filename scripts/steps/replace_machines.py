"""The fourth rung: give up what a service runs on, and make it anew."""

from __future__ import annotations

from scripts.acts.rungs import climb
from scripts.clouds.protocol import ServiceFeature
from scripts.runs.findings import ServiceSeen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service


def replace_machines(context: Context) -> Result:
    """`context.subject` names the service. The moment of the first look is that of the replacement, so it is once."""
    service, managed = context.subject, managed_service(context)

    def why_not() -> str | None:
        return None if ServiceFeature.REPLACE in managed.features else f"a restart replaces all that {service} runs on"

    def act() -> str:
        managed.replace(context.need(ServiceSeen).at)
        return f"what {service} runs on was replaced"

    return climb(context, "replace", act, why_not_here=why_not)
