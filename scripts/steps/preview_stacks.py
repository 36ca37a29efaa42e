"""Every stack that can be asked shows no delete and no replace."""

from __future__ import annotations

from scripts.acts.previews import preview_all
from scripts.runs.runbook import Context, Result


def preview_stacks(context: Context) -> Result:
    """Raises EngineFailed."""
    return preview_all(context)
