"""
Build a new incarnation of the site's database, as a replica of the active one, beside the one that was left behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.topology import after_backups_switch, after_release, after_reprotect
from scripts.core.errors import EngineFailed
from scripts.runs.runbook import Context, Result
from scripts.steps.discard_failed import discard_failed
from scripts.steps.targets import target

if TYPE_CHECKING:
    from model.topology import Topology
    from scripts.stacks.changes import Changes


def protected(context: Context) -> Topology:
    """The topology once the new incarnation is declared: worked out from the one that the run began with."""
    topology = context.topology
    if context.options.more.get("declared_clean"):
        topology = after_release(topology, context.plan, target(context))
    present = topology.databases.get(target(context))
    if (
        present is not None
        and present.source == topology.active_site
        and present.source_built == topology.built(topology.active_site)
    ):
        return topology  # it follows the active site already
    return after_reprotect(topology, context.plan, target(context))


def declare_replica(context: Context) -> Result:
    """
    Write both at once, the new incarnation and whose backups the cold site receives: their stacks go side by side.
    """
    new = after_backups_switch(protected(context), context.plan)
    paths = context.stacks.write_topology(new)
    said = f"{target(context)} is to hold incarnation {new.built(target(context))}, a replica of {new.active_site}"
    return Result("done" if paths else "already", said, {"topology": new.to_config()})


def rebuild_replica(context: Context) -> Result:
    """Raises EngineFailed when the preview would delete or replace anything."""
    site, new = target(context), protected(context)
    stack = context.plan.site(site).stack
    discard_failed(context, site, new)
    preview = context.stacks.preview(stack)
    refuse_loss(preview)
    changes = context.stacks.up(stack) if preview.real else preview
    said = f"{site} holds incarnation {new.built(site)}, a replica of {new.active_site}"
    return Result("done" if preview.real else "already", said, {"built": new.built(site), "update": changes.to_json()})


def refuse_loss(preview: Changes) -> None:
    """No preview before the retirement may delete or replace."""
    if preview.destructive:
        first = preview.destructive[0]
        raise EngineFailed(
            f"stack {preview.stack}: the preview would {first.op} {first.name} ({first.type})",
            f"`dr preview {preview.stack}` shows it; the old copy is still there",
        )
