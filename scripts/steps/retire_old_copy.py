"""
Give up the incarnation that was left behind: last, when its successor is seen to follow. Its final snapshot stays.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from model.topology import Topology, after_backups_settled, after_backups_switch, after_retirement
from scripts.acts.topologies import protected
from scripts.core.errors import EngineFailed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def _retired(context: Context) -> Topology:
    """The topology that a re-protection ends with."""
    return after_backups_settled(
        after_retirement(after_backups_switch(protected(context), context.plan), context.plan, target(context)),
        context.plan,
    )


def retire_old_copy(context: Context) -> Result:
    """Raises EngineFailed when more would go than what belongs to the retired incarnation."""
    plan, site, new = context.plan, target(context), _retired(context)
    context.stacks.write_topology(new)
    stacks = [plan.site(site).stack]
    if plan.cold is not None and plan.cold.name not in context.clouds.lost and plan.cold.name != site:
        stacks.insert(0, plan.cold.stack)  # copies of its backups first, then what they are copies of
    with ThreadPoolExecutor(max_workers=2) as pool:
        previews = list(pool.map(context.stacks.preview, stacks))
    for preview in previews:
        for change in preview.destructive:
            if change.op != "delete":
                said = f"stack {preview.stack}: the preview would {change.op} {change.name}"
                raise EngineFailed(said, f"`dr preview {preview.stack}` shows it")
    for preview in previews:
        if preview.real:
            context.stacks.up(preview.stack)
    deleted = [change.name for preview in previews for change in preview.destructive]
    said = f"{site}'s old copy is gone, its final snapshot stays" if deleted else f"{site} holds no old copy"
    return Result("done" if deleted else "already", said, {"deleted": deleted, "topology": new.to_config()})
