"""The third rung: run more of a service than the plan says, as one that is only overloaded needs."""

from __future__ import annotations

from scripts.acts.rungs import climb
from scripts.clouds.protocol import ServiceFeature
from scripts.runs.findings import ServiceSeen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service


def scale_service_up(context: Context) -> Result:
    """`context.subject` names the service. Half as many again; what did not help is taken back to what it was."""
    service, managed, seen = context.subject, managed_service(context), context.need(ServiceSeen)
    more = seen.wanted + max(1, seen.wanted // 2)

    def why_not() -> str | None:
        if not context.plan.service(service).traits.scales or ServiceFeature.START not in managed.features:
            return f"{service} does not run in several copies"
        return None if seen.wanted else f"none of {service} was wanted"

    def act() -> str:
        managed.start(more)
        return f"{more} of {service} are wanted instead of {seen.wanted}; write it into the plan where it is to stay"

    def take_back() -> str:
        managed.start(seen.wanted)
        return f"{seen.wanted} are wanted again"

    return climb(context, "scale", act, why_not_here=why_not, take_back=take_back)
