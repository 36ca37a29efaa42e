"""Ask the application's own records what was done in the window of a breach, and keep what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scripts.acts.audits import assess
from scripts.probes.acceptance import Place
from scripts.runs.findings import BreachAssessed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

DAY = timedelta(hours=24)


def assess_breach(context: Context) -> Result:
    """The window is that of the operator, else the 24 hours before the run declared the breach."""
    more, plan, site = context.options.more, context.plan, target(context)
    if not plan.audit:
        return Result("skipped", "the plan has no queries for it (audit)")
    until = datetime.fromisoformat(str(more["until"])) if more.get("until") else datetime.now(UTC)
    since = datetime.fromisoformat(str(more["since"])) if more.get("since") else until - DAY
    place = Place(site, context.topology.incarnations(site))
    found = assess(plan, context.clouds, place, (since, until), context.run)
    said = "; ".join(f"{name}: {told}" for name, told in found.said.items())
    evidence = BreachAssessed(since=since, until=until, rows=found.rows, folder=str(found.folder))
    return Result("done", f"{said}; the rows are in {found.folder}", evidence)
