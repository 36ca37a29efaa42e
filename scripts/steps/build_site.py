"""
Activate a cold site: its database is restored from the chosen backup and its services are started, by the site's own
stack.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from model.topology import after_cold_activation, after_isolation
from scripts.runs.runbook import Context, Result
from scripts.steps.choose_restore_point import at_stake, next_restore_point
from scripts.steps.discard_failed import discard_failed
from scripts.steps.reconcile_stack import refuse_destruction
from scripts.steps.targets import isolated, target


def build_site(context: Context) -> Result:
    """
    Evidence: the incarnation that was built. The topology is written first, so that the program declares the site
    active.
    """
    plan, site = context.plan, target(context)
    chosen = context.results.get("choose_restore_point") or context.results["choose_clean_point"]
    sources = {name: point["source"] for name, point in chosen.evidence["points"].items()}
    failed = discard_failed(context, site, after_cold_activation(context.topology, plan, site, sources))
    evidence: dict[str, Any] = {}
    if "choose_restore_point" in context.results:
        others = {name: point for name in failed if (point := next_restore_point(context, name)) is not None}
        sources |= {name: point.declared for name, point in others.items()}
        evidence = at_stake(context, others) if others else {}
    new = after_cold_activation(context.topology, plan, site, sources)
    if "clean_before" in chosen.evidence:
        clean = datetime.fromisoformat(chosen.evidence["clean_before"])
        new = after_isolation(new, plan, isolated(context), clean)
    context.stacks.write_topology(new)
    stack = plan.site(site).stack
    preview = context.stacks.preview(stack)
    refuse_destruction(preview)
    changes = context.stacks.up(stack)
    said = f"{site} holds incarnation {new.built(site)}, restored from {', '.join(sources.values())}, and its services"
    evidence |= {"built": new.built(site), "restored_from": sources, "topology": new.to_config()}
    return Result("done", said, {**evidence, "update": changes.to_json()})
