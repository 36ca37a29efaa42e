"""What a step may let a stack do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.core.errors import EngineFailed

if TYPE_CHECKING:
    from scripts.stacks.changes import Changes


LOGIN_OF_MACHINES = "ServiceSecret"
"""The component of a login that machines read: another password is another version of it, which takes its place."""


def refuse_destruction(preview: Changes, *, but: str = "") -> None:
    """Raises EngineFailed for a preview with a delete or a replace in it, but in components of the class `but`."""
    wrong = [each for each in preview.destructive if not but or f":{but}$" not in each.urn]
    if wrong:
        first = wrong[0]
        raise EngineFailed(
            f"stack {preview.stack}: the preview would {first.op} {first.name} ({first.type}), and nothing may be",
            f"`dr preview {preview.stack}` shows it; nothing was updated, so there is time to look",
        )
