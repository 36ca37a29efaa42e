"""Write who is active into the settings of every stack: files only, so no lost region is asked."""

from __future__ import annotations

from model.topology import after_failover
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def record_topology(context: Context) -> Result:
    new = after_failover(context.topology, context.plan, target(context))
    if context.stacks.read_topology() == new:
        return Result("already", f"the settings say {new.active_site}, epoch {new.epoch}", new.to_config())
    paths = context.stacks.write_topology(new)
    said = f"{new.active_site} is active in epoch {new.epoch}, in {len(paths)} settings files"
    return Result("done", said, {"topology": new.to_config(), "files": [path.name for path in paths]})
