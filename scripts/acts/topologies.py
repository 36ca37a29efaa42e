"""
Topologies that several steps of a table have in mind: worked out from the one that the run began with, so that a
repeat gives the same.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from model.topology import after_release, after_reprotect, after_restore
from scripts.runs.findings import MomentChosen
from scripts.runs.targets import chosen_stores, target

if TYPE_CHECKING:
    from model.topology import Topology
    from scripts.runs.runbook import Context


def protected(context: Context) -> Topology:
    """With a new incarnation in the target of each store of the run that does not follow the active site's."""
    topology = context.topology
    if context.options.more.get("declared_clean"):
        topology = after_release(topology, context.plan, target(context))
    chosen = {each.name for each in chosen_stores(context)}
    behind = [name for name in topology.not_following(context.plan, target(context)) if name in chosen]
    return after_reprotect(topology, context.plan, target(context), behind)  # the others follow already


def restored(context: Context) -> Topology:
    """With a new incarnation of the active site's stores, restored to the chosen moment."""
    chosen = context.need(MomentChosen)
    return after_restore(context.topology, context.plan, chosen.sources, chosen.to_time.astimezone(UTC))
