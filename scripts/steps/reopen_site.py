"""
A site that was isolated is said to be clean again: what the isolation took away by the API comes back by its stack.
"""

from __future__ import annotations

from scripts.acts.stacks import refuse_destruction
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def reopen_site(context: Context) -> Result:
    """Looks only: the update that gives everything back is that of the rebuilding. Raises EngineFailed."""
    site = target(context)
    why, stack = str(context.options.more["declared_clean"]), context.plan.site(site).stack
    said = f"the operator says that {site} is clean: {why}"
    context.journal.write("decision", "declared_clean", said, phase="release", status="released")
    # Its state does not know what was closed and stopped past it.
    changes = context.stacks.refresh(stack)
    refuse_destruction(context.stacks.preview(stack))
    return Result("done", said, {"refresh": changes.to_json()})
