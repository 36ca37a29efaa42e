"""Let the record lead to the active site again, whoever of the others answers."""

from __future__ import annotations

from scripts.core.errors import CloudFailed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import lost, target


def return_traffic(context: Context) -> Result:
    """A site that does not answer keeps its claim: it counts as none, and its sentinel takes it back."""
    site, epoch = target(context), context.topology.epoch
    others = frozenset(each.name for each in context.plan.sites) - {site}
    context.clouds.traffic.send_to(site, epoch, others)
    released, silent = list[str](), sorted(lost(context))
    for other in sorted(others - lost(context)):
        try:
            released += context.clouds.traffic.send_to(site, epoch, others - {other})[1]
        except CloudFailed:
            silent.append(other)
    said = f"{context.plan.traffic.record} is left to {site}"
    if silent:
        said += f"; not asked, or silent: {', '.join(silent)}"
    return Result("done", said, {"released": released, "silent": silent})
