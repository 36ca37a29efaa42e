"""
What a restore gave up: whatever the damaged copy holds from after the chosen moment, and how long a time that is.

The damaged copy is closed for writes and still there, so this is counted and not estimated. Writes from between that
moment and the damage that the damage itself deleted are in neither copy, and are part of the span but of no count.
The service is back by now: what cannot be counted is named as unknown and stops nothing.
"""

from __future__ import annotations

from scripts.acts.divergence import compared, nothing_compared
from scripts.engines.comparison import Comparison, Keep, plural
from scripts.runs.findings import Built, CopiesCompared, GivenUp, MomentChosen, WritesStopped
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import chosen_stores, incarnations_now, target

# Transactions that were at work at the chosen moment may be older than the first one that was not restored, and the
# first that the restored copy has made of its own may be younger. Looking at too many rows costs time only.
MARGIN = 1_000_000
BOUND_SECONDS = 300  # for each store


def measure_given_up(context: Context) -> Result:
    """Journals `loss`. `rows` are missing in the restored copy, `changed` are as they were before."""
    found = [_of(context, each.name) for each in chosen_stores(context)]
    tables = [it for each in found for it in each.tables if it["kind"] == "table"]
    rows, changed = (sum(it[what] for it in tables) for what in ("missing", "changed"))
    unknown = [it for each in found for it in each.unknown]
    since, until = context.need(MomentChosen).to_time, context.need(WritesStopped).stopped_at
    span = (until - since).total_seconds()
    said = f"{plural(rows, 'row')} from {span:.1f} s were given up, {changed} are as they were before"
    if unknown:
        said += f"; unknown: {', '.join(each.name for each in unknown)} (`dr divergence show {context.run}` says why)"
    given_up = GivenUp(
        rows=rows, changed=changed, since=since, until=until, tables={each.store: each.tables for each in found},
        unknown=unknown,
    )  # fmt: skip
    loss = {"lost": rows, "span_seconds": span, "since": since, "until": until, "unknown": len(unknown)}
    context.journal.write("measure", "loss", said, phase="measure", evidence=loss)
    return Result("done", said, given_up)


def _of(context: Context, store: str) -> CopiesCompared:
    site = target(context)
    since = context.need(Built).oldest_xids.get(store)
    if since is None:
        return nothing_compared(context, store, "where its history parted from the damaged copy is not known")

    def compare(keep: Keep) -> Comparison:
        damaged = context.clouds.engine(site, store, context.topology.incarnation(site, store))
        new = context.clouds.engine(site, store, incarnations_now(context)[store])
        return damaged.compare(new, since, margin=MARGIN, deletions=False, seconds=BOUND_SECONDS, keep=keep)

    return compared(context, store, compare)
