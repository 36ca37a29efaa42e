"""Every stack but the target's own, which is brought in line side by side, shows no delete and no replace."""

from __future__ import annotations

from scripts.acts.previews import preview_all
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def preview_other_stacks(context: Context) -> Result:
    """Raises EngineFailed."""
    return preview_all(context, without={context.plan.site(target(context)).stack})
