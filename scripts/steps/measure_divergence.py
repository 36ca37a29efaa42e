"""
What the old site accepted and the new one never saw, counted before the old copy is given up.

The new primary remembers where the histories parted (`dr_guard.marker`, written when the lease was granted). What the
old copy holds from after that, and the new one does not, exists only in the old copy. It is kept beside the journal,
so that a person can look at it: `dr divergence show`.
"""

from __future__ import annotations

from scripts.acts.divergence import compared, nothing_compared
from scripts.acts.forks import fork_of
from scripts.core.errors import ServiceFailed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

BOUND_SECONDS = 1800


def measure_divergence(context: Context) -> Result:
    """`context.subject` names the store. What cannot be counted is named as unknown; nothing is raised for it."""
    site, name, topology = target(context), context.subject, context.topology
    if site in topology.isolated:
        said = f"{site} was isolated: what it wrote since is not trusted, and kept as evidence"
        return Result("skipped", said, {"rows": None})
    new = context.clouds.engine(topology.active_site, name, topology.incarnation(topology.active_site, name))
    fork = fork_of(new, site)
    if fork is None:
        return Result("skipped", f"{site} was not left by a failover that this database remembers", {"rows": 0})
    whose = f"{site}'s old {name}"
    try:
        old = context.clouds.engine(site, name, topology.incarnation(site, name))
        if old.position().in_recovery:
            return Result("skipped", f"{site}'s {name} is a replica: it has no writes of its own", {"rows": 0})
    except ServiceFailed as error:
        found = nothing_compared(context, name, f"it cannot be looked into: {error}")
        return Result("done", f"{whose} cannot be looked into: {error}", found)
    found = compared(context, name, lambda keep: old.compare(new, fork, seconds=BOUND_SECONDS, keep=keep))
    said = f"only {whose} holds {found.said}" if found.differences else f"{whose} holds nothing of its own"
    if found.unknown:
        said += f"; unknown: {', '.join(each.name for each in found.unknown)}"
    context.journal.note("divergence", said, **found.model_dump(mode="json"))
    return Result("done", said, found)
