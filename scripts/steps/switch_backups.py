"""Let the cold site receive the backups of the active site's database."""

from __future__ import annotations

from model.topology import after_backups_switch
from scripts.acts.stacks import refuse_destruction
from scripts.acts.topologies import protected
from scripts.runs.runbook import Context, Result


def switch_backups(context: Context) -> Result:
    plan = context.plan
    if plan.cold is None or plan.cold.name in context.clouds.lost:
        return Result("skipped", "no cold site can be asked", {})
    new = after_backups_switch(protected(context), plan)
    preview = context.stacks.preview(plan.cold.stack)
    refuse_destruction(preview)
    changes = context.stacks.up(plan.cold.stack) if preview.real else preview
    said = f"{plan.cold.name} receives the backups of {new.active_site}"
    return Result(
        "done" if preview.real else "already", said, {"backups_of": new.backups_of, "update": changes.to_json()}
    )
