"""
The caches of the new site begin anew: emptied, because what they hold may be from when the site was active before, and
filled with the newest export where one lies there.

A cache fills itself again, so nothing here stops a move: what went wrong is in what the step says.
"""

from __future__ import annotations

from scripts.acts.caches import begin
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def begin_caches(context: Context) -> Result:
    found = begin(context.plan, context.clouds, target(context), with_export=True)
    evidence = {"caches": {each.store: {"brought": each.brought, "why_not": each.why_not} for each in found}}
    return Result("done", "; ".join(map(str, found)), evidence)
