"""Give up the damaged incarnation, and see that its final snapshot is kept where its cloud takes one."""

from __future__ import annotations

from functools import partial

from model.topology import after_backups_settled, after_retirement
from scripts.acts.topologies import restored
from scripts.core.errors import EngineFailed
from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import chosen_stores, target

BOUND_SECONDS = 600


def retire_damaged(context: Context) -> Result:
    """
    The damaged incarnation goes, and nothing follows it any more; its final snapshot is seen to be there. The cold site
    receives the backups of the new one. Raises EngineFailed when more would go, OutcomeUnknown when the snapshot is
    not found.
    """
    plan, site = context.plan, target(context)
    new = after_backups_settled(after_retirement(restored(context), plan, site), plan)
    context.stacks.write_topology(new)
    damaged = [
        context.clouds.store(site, each.name, context.topology.incarnation(site, each.name))
        for each in chosen_stores(context)
    ]
    for each in damaged:
        each.release_followers()
    deleted = []
    stacks = [plan.site(site).stack] if plan.cold is None else [plan.cold.stack, plan.site(site).stack]
    for stack in stacks:
        preview = context.stacks.preview(stack)
        if any(change.op != "delete" for change in preview.destructive):
            raise EngineFailed(f"stack {stack}: the preview would replace something", f"`dr preview {stack}` shows it")
        if preview.real:
            context.stacks.up(stack)
        deleted += [change.name for change in preview.destructive]
    kept = [name for each in damaged if (name := each.final_snapshot()) is not None]
    if kept:
        wait_until(partial(_there, context, kept), seconds=BOUND_SECONDS, what=f"{', '.join(kept)} to be available")
    how = f"and kept as {', '.join(kept)}" if kept else "and its cloud keeps its backups for some days more"
    said = f"the damaged copy in {site} is gone, {how}"
    return Result("done", said, {"deleted": deleted, "kept": kept, "topology": new.to_config()})


def _there(context: Context, snapshots: list[str]) -> bool:
    site = context.clouds.at(target(context))
    found = {point.name for each in chosen_stores(context) for point in site.restore_points(each.name)}
    return found.issuperset(snapshots)
