"""The first rung: replace all that runs of a service by the same again."""

from __future__ import annotations

from scripts.acts.rungs import climb
from scripts.clouds.protocol import ServiceFeature
from scripts.runs.findings import ServiceSeen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service


def restart_service(context: Context) -> Result:
    """`context.subject` names the service. The moment of the first look is that of the restart, so it is done once."""
    service, managed = context.subject, managed_service(context)

    def why_not() -> str | None:
        return None if ServiceFeature.RESTART in managed.features else f"{service} cannot be restarted by a call"

    def act() -> str:
        managed.restart(context.need(ServiceSeen).at)
        return f"{service} was restarted"

    return climb(context, "restart", act, why_not_here=why_not)
