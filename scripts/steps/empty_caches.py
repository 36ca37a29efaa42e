"""
The databases went back to a moment before: the caches are emptied of what is of later, so that nobody reads what was
given up.
"""

from __future__ import annotations

from scripts.acts.caches import begin
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def empty_caches(context: Context) -> Result:
    """A cache that could not be emptied is named: it may show what was given up, until its entries run out."""
    found = begin(context.plan, context.clouds, target(context), with_export=False)
    evidence = {"caches": {each.store: {"why_not": each.why_not} for each in found}}
    return Result("done", "; ".join(map(str, found)), evidence)
