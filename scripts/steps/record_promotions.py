"""A copy that was promoted in vain has a history of its own: the settings must not say that it follows."""

from __future__ import annotations

from model.topology import Topology, after_promotion_in_vain
from scripts.core.errors import DrError
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def record_promotions(context: Context) -> Result:
    """Asks each other site that answers."""
    topology, silent = context.topology, list[str]()
    for site in context.topology.stores:
        if site == target(context) or site in context.clouds.lost:
            continue
        try:
            promoted = _promoted(context, site)
        except DrError:
            silent.append(site)
            continue
        if promoted:
            topology = after_promotion_in_vain(topology, context.plan, site, promoted)
    said = "every copy that answers follows"
    if topology != context.topology:
        said = f"`dr reprotect` has to rebuild {', '.join(_changed(context.topology, topology))}"
        context.stacks.write_topology(topology)
    if silent:
        said += f"; no answer from {', '.join(silent)}"
    return Result("done", said, {"topology": topology.to_config(), "silent": silent})


def _promoted(context: Context, site: str) -> list[str]:
    topology = context.topology
    return [
        store.name
        for store in context.plan.incarnated_stores
        if topology.follows(site, store.name)
        and not context.clouds.engine(site, store.name, topology.incarnation(site, store.name)).position().in_recovery
    ]


def _changed(before: Topology, after: Topology) -> list[str]:
    return [site for site in after.stores if after.stores[site] != before.stores.get(site)]
