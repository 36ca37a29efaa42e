"""Declare a replica of the active site, and whose backups the cold site receives: their stacks go side by side."""

from __future__ import annotations

from model.topology import after_backups_switch
from scripts.acts.topologies import protected
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def declare_replica(context: Context) -> Result:
    """Write both at once. Already so counts as done."""
    new = after_backups_switch(protected(context), context.plan)
    paths = context.stacks.write_topology(new)
    said = f"{target(context)} is to hold {new.inventory(target(context))}, following {new.active_site}"
    return Result("done" if paths else "already", said, {"topology": new.to_config()})
