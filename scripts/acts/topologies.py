"""
Topologies that several steps of a table have in mind: worked out from the one that the run began with, so that a
repeat gives the same.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from model.topology import after_release, after_reprotect, after_restore
from scripts.runs.findings import MomentChosen
from scripts.runs.targets import target

if TYPE_CHECKING:
    from model.topology import Topology
    from scripts.runs.runbook import Context


def protected(context: Context) -> Topology:
    """With a new incarnation in the target that follows the active site."""
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


def restored(context: Context) -> Topology:
    """With a new incarnation of the active site's stores, restored to the chosen moment."""
    chosen = context.need(MomentChosen)
    return after_restore(context.topology, context.plan, chosen.sources, chosen.to_time.astimezone(UTC))
