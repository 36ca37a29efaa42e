"""Keep addresses out at the front door of every site, so that none lets them in after a move."""

from __future__ import annotations

from scripts.acts.firewalls import change_everywhere
from scripts.runs.findings import AddressesBlocked
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def block_addresses(context: Context) -> Result:
    """Raises what the active site's firewall raises; another site that does not answer is named in the report."""
    wanted = [str(each) for each in context.options.more.get("block") or ()]
    if not wanted:
        return Result("skipped", "no address was named")
    not_told = change_everywhere(context.plan, context.clouds, target(context), add=wanted)
    said = f"{', '.join(wanted)} is answered by no front door"
    if not_told:
        said += f" but that of {', '.join(not_told)}, which could not be told"
    return Result("done", said, AddressesBlocked(addresses=wanted, not_told=list(not_told)))
