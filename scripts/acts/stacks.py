"""What a step may let a stack do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.core.errors import EngineFailed

if TYPE_CHECKING:
    from scripts.stacks.changes import Changes


def refuse_destruction(preview: Changes) -> None:
    """Raises EngineFailed for a preview with a delete or a replace in it."""
    if preview.destructive:
        first = preview.destructive[0]
        raise EngineFailed(
            f"stack {preview.stack}: the preview would {first.op} {first.name} ({first.type}), and nothing may be",
            f"`dr preview {preview.stack}` shows it; nothing was updated, so there is time to look",
        )
