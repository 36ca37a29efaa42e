"""The last rung: delete a service and make it anew as the code says, and touch nothing else of its stack."""

from __future__ import annotations

from scripts.acts.rungs import climb
from scripts.core.errors import EngineFailed
from scripts.probes.declared import resources_for
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service, target


def recreate_service(context: Context) -> Result:
    """
    `context.subject` names the service. What was done to it past its stack is forgotten: its state is brought up to
    what the cloud says first. A preview that would touch anything else ends the rung before anything changes.
    """
    service, managed = context.subject, managed_service(context)
    stack, stacks = context.plan.site(target(context)).stack, context.stacks

    def why_not() -> str | None:
        return None if resources_for(context, stack, managed) else f"nothing of {service} can be made anew by itself"

    def act() -> str:
        urns = resources_for(context, stack, managed)
        stacks.refresh(stack, target=urns)
        preview = stacks.preview(stack, target=urns, replace=urns)
        others = [each for each in preview.real if each.urn not in urns]
        if others:
            raise EngineFailed(
                f"stack {stack}: making {service} anew would {others[0].op} {others[0].name} as well",
                f"`dr preview {stack}` shows what differs; nothing was changed",
            )
        stacks.up(stack, target=urns, replace=urns)
        return f"{service} was deleted and made anew by stack {stack}"

    return climb(context, "recreate", act, why_not_here=why_not)
