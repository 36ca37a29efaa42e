"""Lift the protection of the cold site's copies of a damaged store's backups: only then can they be let go."""

from __future__ import annotations

from scripts.acts.stacks import refuse_destruction
from scripts.runs.runbook import Context, Result


def release_backups(context: Context) -> Result:
    """Raises EngineFailed. Skipped where there is no cold site."""
    cold = context.plan.cold
    if cold is None:
        return Result("skipped", "there is no cold site", {})
    refuse_destruction(context.stacks.preview(cold.stack))
    changes = context.stacks.up(cold.stack)  # whatever the preview says: protection is no step in it
    said = f"{cold.name}'s copies of the damaged database's backups may be let go"
    return Result("done", said, {"update": changes.to_json()})
