"""Let the cold site receive the backups of the active site's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.topology import after_backups_switch
from scripts.acts.stacks import refuse_destruction
from scripts.acts.topologies import protected
from scripts.runs.runbook import Context, Result

if TYPE_CHECKING:
    from model.topology import Topology


def switch_backups(context: Context) -> Result:
    plan = context.plan
    if plan.cold is None or plan.cold.name in context.clouds.lost:
        return Result("skipped", "no cold site can be asked", {})
    new = after_backups_switch(protected(context), plan)
    preview = context.stacks.preview(plan.cold.stack)
    refuse_destruction(preview)
    changes = context.stacks.up(plan.cold.stack) if preview.real else preview
    found = {"backups_of": new.backups_of, "update": changes.to_json()}
    missing = _not_sent(context, new, plan.cold.name)
    if missing:
        said = "; ".join(f"{store}: {reason}" for store, reason in missing.items())
        return Result("done", f"{plan.cold.name} receives no more backups of {said}", {**found, "not_sent": missing})
    said = f"{plan.cold.name} receives the backups of {new.active_site}"
    return Result("done" if preview.real else "already", said, found)


def _not_sent(context: Context, topology: Topology, cold: str) -> dict[str, str]:
    """By store of the active site, why its backups do not arrive at the cold one, where the plan sends them."""
    site = topology.active_site
    found = {}
    for store in context.plan.incarnated_stores:
        if cold in store.copied_to:
            managed = context.clouds.store(site, store.name, topology.incarnation(site, store.name))
            if (reason := managed.why_not_sent(cold)) is not None:
                found[store.name] = reason
    return found
