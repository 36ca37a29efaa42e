"""
Build a new incarnation of the active site's databases from a point in time, beside the one that is left; later, let
that go.
"""

from __future__ import annotations

from datetime import UTC, datetime

from components.spec.topology import Incarnation, Topology, after_backups_settled, after_retirement
from scripts.core.errors import EngineFailed
from scripts.core.runbook import Context, Result
from scripts.steps.reconcile_stack import refuse_destruction
from scripts.steps.targets import epoch_to_be, target


def restored(context: Context) -> Topology:
    """
    The topology with the new incarnation: worked out from the one that the run began with, so that a repeat gives the
    same.
    """
    site, topology = target(context), context.topology
    chosen = context.results["choose_point_in_time"].evidence
    at = datetime.fromisoformat(chosen["to_time"]).astimezone(UTC)
    old = topology.databases[site]
    numbers = [epoch_to_be(context)]
    for each in topology.databases.values():
        numbers += [built + 1 for built in (each.built, *each.retiring) if built is not None]
    new = Incarnation(
        built=max(numbers),
        restored_from={name: f"{point['source']}@{at:%Y-%m-%dT%H:%M:%SZ}" for name, point in chosen["points"].items()},
        retiring=(*old.retiring, *([old.built] if old.built is not None else [])),
    )
    return topology.model_copy(update={"epoch": epoch_to_be(context), "databases": {**topology.databases, site: new}})


def restore_in_place(context: Context) -> Result:
    """Raises EngineFailed when the preview would delete or replace anything."""
    site, new = target(context), restored(context)
    stack = context.plan.site(site).stack
    context.stacks.write_topology(new)
    preview = context.stacks.preview(stack)
    refuse_destruction(preview)
    changes = context.stacks.up(stack)
    evidence = {"built": new.built(site), "topology": new.to_config(), "update": changes.to_json()}
    return Result("done", f"{site} holds incarnation {new.built(site)}, as it was at the chosen moment", evidence)


def retire_damaged(context: Context) -> Result:
    """The damaged incarnation goes; its final snapshot stays. The cold site receives the backups of the new one."""
    plan, site = context.plan, target(context)
    new = after_backups_settled(after_retirement(restored(context), plan, site), plan)
    context.stacks.write_topology(new)
    deleted = []
    stacks = [plan.site(site).stack] if plan.cold is None else [plan.cold.stack, plan.site(site).stack]
    for stack in stacks:
        preview = context.stacks.preview(stack)
        if any(change.op != "delete" for change in preview.destructive):
            raise EngineFailed(f"stack {stack}: the preview would replace something", f"`dr preview {stack}` shows it")
        if preview.real:
            context.stacks.up(stack)
        deleted += [change.name for change in preview.destructive]
    return Result(
        "done",
        f"the damaged copy in {site} is gone, its final snapshot stays",
        {"deleted": deleted, "topology": new.to_config()},
    )
