"""Send the traffic to the target, through what the surviving sites own."""

from __future__ import annotations

from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, lost, target


def switch_traffic(context: Context) -> Result:
    record, site = context.plan.traffic.record, target(context)
    claimed, released = context.clouds.traffic.send_to(site, epoch_to_be(context), lost(context))
    said = f"{site} claims {record}" if claimed else f"the traffic is given back to {site}"
    return Result("done", said, {"claimed": site if claimed else None, "released": released})
