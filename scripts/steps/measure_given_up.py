"""
What a restore gave up: the rows that the damaged copy holds from after the chosen moment, and how long a time that is.

The damaged copy is closed for writes and still there, so this is counted and not estimated. Writes from between that
moment and the damage that the damage itself deleted are in neither copy, and are part of the span but of no count.
"""

from __future__ import annotations

from dataclasses import asdict

from scripts.engines.postgres.divergence import only_in
from scripts.runs.findings import Built, GivenUp, MomentChosen, WritesStopped
from scripts.runs.plain import plain
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import incarnations_now, target

# Transactions that were at work at the chosen moment may be older than the first one that was not restored, and the
# first that the restored copy has made of its own may be younger. Looking at too many rows costs time only.
MARGIN = 1_000_000


def measure_given_up(context: Context) -> Result:
    """Journals `loss`. `rows` are missing in the restored copy, `changed` are as they were before."""
    plan, site = context.plan, target(context)
    restored = context.need(Built)
    tables, rows, changed = {}, 0, 0
    for each in plan.incarnated_stores:
        damaged = context.clouds.database(site, each.name, context.topology.incarnation(site, each.name))
        new = context.clouds.database(site, each.name, incarnations_now(context)[each.name])
        own = only_in(damaged, new, restored.oldest_xids[each.name], margin=MARGIN)
        tables[each.name] = [asdict(divergence) for divergence in own]
        rows += sum(divergence.missing for divergence in own)
        changed += sum(divergence.changed for divergence in own)
    since, until = context.need(MomentChosen).to_time, context.need(WritesStopped).stopped_at
    span = (until - since).total_seconds()
    said = f"{rows} rows from {span:.1f} s were given up, {changed} are as they were before"
    found = GivenUp(rows=rows, changed=changed, since=since, until=until, tables=plain(tables))
    loss = {"lost": rows, "span_seconds": span, "since": since, "until": until}
    context.journal.write("measure", "loss", said, phase="measure", evidence=loss)
    return Result("done", said, found)
