"""Bring the target's stack in line with what was done by API calls: state first, then a preview, then the update."""

from __future__ import annotations

from scripts.acts.stacks import refuse_destruction
from scripts.probes.declared import urns_of
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def reconcile_stack(context: Context) -> Result:
    """Raises EngineFailed when the preview would delete or replace anything; nothing is updated then."""
    plan, site = context.plan, target(context)
    stack = plan.site(site).stack
    numbers = context.topology.incarnations(site)
    held = [context.clouds.store(site, name, number) for name, number in numbers.items()]
    promoted = urns_of(context, stack, held)
    if promoted:
        context.stacks.refresh(stack, target=promoted)
    preview = context.stacks.preview(stack)
    refuse_destruction(preview)
    changes = context.stacks.up(stack) if preview.real else preview
    said = f"stack {stack} is as declared ({_counted(changes.counts)})"
    return Result("done", said, {"refreshed": promoted, "preview": preview.to_json(), "update": changes.to_json()})


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {op}" for op, number in counts.items()) or "nothing to do"
