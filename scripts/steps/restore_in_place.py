"""
Build a new incarnation of the active site's databases from a point in time, beside the one that is left; later, let
that go.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from model import names
from model.topology import Topology, after_backups_settled, after_restore, after_retirement
from scripts.core.errors import EngineFailed
from scripts.core.waiting import wait_until
from scripts.probes.replication import position
from scripts.runs.runbook import Context, Result
from scripts.steps.discard_failed import discard_failed
from scripts.steps.reconcile_stack import refuse_destruction
from scripts.steps.targets import target

BOUND_SECONDS = 600


def restored(context: Context) -> Topology:
    """
    The topology with the new incarnation: worked out from the one that the run began with, so that a repeat gives the
    same.
    """
    chosen = context.results["choose_point_in_time"].evidence
    at = datetime.fromisoformat(chosen["to_time"]).astimezone(UTC)
    sources = {name: point["source"] for name, point in chosen["points"].items()}
    return after_restore(context.topology, context.plan, sources, at)


def restore_in_place(context: Context) -> Result:
    """
    Evidence: what tells later which transactions it lacks. Raises EngineFailed when the preview would delete or replace
    anything.
    """
    site, new = target(context), restored(context)
    stack = context.plan.site(site).stack
    discard_failed(context, site, new)
    context.stacks.write_topology(new)
    preview = context.stacks.preview(stack)
    refuse_destruction(preview)
    changes = context.stacks.up(stack)
    oldest = {
        each.name: position(context.clouds.database(site, each.name, new.built(site))).oldest_xid
        for each in context.plan.incarnated_stores
    }
    evidence = {
        "built": new.built(site),
        "oldest_xid": oldest,
        "topology": new.to_config(),
        "update": changes.to_json(),
    }
    return Result("done", f"{site} holds incarnation {new.built(site)}, as it was at the chosen moment", evidence)


def release_backups(context: Context) -> Result:
    """
    The cold site's copies of the damaged incarnation's backups are no longer protected: only then can they be let go.
    """
    cold = context.plan.cold
    if cold is None:
        return Result("skipped", "there is no cold site", {})
    refuse_destruction(context.stacks.preview(cold.stack))
    changes = context.stacks.up(cold.stack)  # whatever the preview says: protection is no step in it
    said = f"{cold.name}'s copies of the damaged database's backups may be let go"
    return Result("done", said, {"update": changes.to_json()})


def retire_damaged(context: Context) -> Result:
    """
    The damaged incarnation goes; its final snapshot is seen to be there. The cold site receives the backups of the new
    one. Raises EngineFailed when more would go, OutcomeUnknown when the snapshot is not found.
    """
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
    kept = [
        names.final_snapshot(names.database_identifier(plan, site, each.name, context.topology.built(site)))
        for each in plan.incarnated_stores
    ]
    wait_until(partial(_there, context, kept), seconds=BOUND_SECONDS, what=f"{', '.join(kept)} to be available")
    said = f"the damaged copy in {site} is gone, and kept as {', '.join(kept)}"
    return Result("done", said, {"deleted": deleted, "kept": kept, "topology": new.to_config()})


def _there(context: Context, snapshots: list[str]) -> bool:
    site = context.clouds.at(target(context))
    found = {point.name for each in context.plan.incarnated_stores for point in site.restore_points(each.name)}
    return found.issuperset(snapshots)
