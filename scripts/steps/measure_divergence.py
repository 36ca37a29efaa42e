"""
What the old site accepted and the new one never saw, before the old copy is given up.

The new primary remembers where the histories parted (`dr.marker`, written when the lease was granted). Rows of the
old copy that are younger than that and are missing in the new one, or differ there, exist only in the old copy.
"""

from __future__ import annotations

from dataclasses import asdict

from scripts.acts.forks import fork_of
from scripts.core.errors import Refused
from scripts.core.net import Unreachable
from scripts.engines.postgres.divergence import only_in
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def measure_divergence(context: Context) -> Result:
    """`context.subject` names the database. Raises Refused when the old copy does not answer and nobody gave it up."""
    site, name, topology = target(context), context.subject, context.topology
    old = context.clouds.database(site, name, topology.incarnation(site, name))
    new = context.clouds.database(topology.active_site, name, topology.incarnation(topology.active_site, name))
    if site in topology.isolated:
        said = f"{site} was isolated: what it wrote since is not trusted, and kept as evidence"
        return Result("skipped", said, {"rows": None})
    fork = fork_of(new, site)
    if fork is None:
        return Result("skipped", f"{site} was not left by a failover that this database remembers", {"rows": 0})
    try:
        if old.rows("SELECT pg_is_in_recovery()")[0][0]:
            return Result("skipped", f"{site}'s {name} is a replica: it has no writes of its own", {"rows": 0})
        found = only_in(old, new, fork)
    except Unreachable as error:
        if not context.options.more.get("give_up_old_copy"):
            raise Refused(
                f"{site}'s old {name} does not answer, so what only it holds cannot be counted: {error}",
                "heal it first, or give it up by name: --give-up-old-copy",
            ) from error
        return Result("skipped", f"{site}'s old {name} was given up without a look", {"rows": None})
    rows = sum(each.missing + each.changed for each in found)
    evidence = {"rows": rows, "fork_xid": fork, "tables": [asdict(each) for each in found]}
    said = (
        f"{rows} rows of {name} exist only in {site}'s old copy"
        if rows
        else f"{site}'s old {name} holds nothing of its own"
    )
    context.journal.note("divergence", said, **evidence)
    return Result("done", said, evidence)
