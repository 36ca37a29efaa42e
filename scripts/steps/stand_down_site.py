"""A cold site that was active is to be cold again: its database and compute go, its backups stay."""

from __future__ import annotations

from model.topology import after_retirement, after_stand_down
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def stand_down_site(context: Context) -> Result:
    """Let go of it; the final snapshot stays."""
    plan, site = context.plan, target(context)
    new = after_retirement(after_stand_down(context.topology, plan, site), plan, site)
    context.stacks.write_topology(new)
    changes = context.stacks.up(plan.site(site).stack)
    return Result("done", f"{site} is cold again", {"topology": new.to_config(), "update": changes.to_json()})
