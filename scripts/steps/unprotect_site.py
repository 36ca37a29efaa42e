"""Lift the protection of what a cold site built for its time as the active one."""

from __future__ import annotations

from model.topology import after_stand_down
from scripts.core.errors import Refused
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def why_not_stand_down(context: Context) -> str | None:
    """The reason, or None."""
    site = target(context)
    if context.plan.site(site).kind != "cold":
        return f"{site} is not cold by design"
    if context.topology.active_site == site:
        return f"{site} is active"
    return None


def unprotect_site(context: Context) -> Result:
    """Declare the database as retiring, which lifts its protection. Raises Refused."""
    if reason := why_not_stand_down(context):
        raise Refused(reason, "fail back first")
    new = after_stand_down(context.topology, context.plan, target(context))
    context.stacks.write_topology(new)
    changes = context.stacks.up(context.plan.site(target(context)).stack)
    return Result("done", f"{target(context)}'s database is no longer protected", {"update": changes.to_json()})
