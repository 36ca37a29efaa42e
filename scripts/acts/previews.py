"""Previews of several stacks side by side, none of which may lose anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from scripts.acts.stacks import refuse_destruction
from scripts.runs.findings import StacksPreviewed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import lost

if TYPE_CHECKING:
    from collections.abc import Set


def preview_all(context: Context, *, without: Set[str] = frozenset()) -> Result:
    """Raises EngineFailed for the first stack that would lose something. Stacks of lost sites are not asked."""
    gone = {context.plan.site(site).stack for site in lost(context)}
    stacks = [stack for stack in context.plan.stacks if stack not in gone | without]
    with ThreadPoolExecutor(max_workers=2) as pool:
        previews = list(pool.map(context.stacks.preview, stacks))
    for preview in previews:
        refuse_destruction(preview)
    busy = [preview.stack for preview in previews if preview.real]
    said = "every preview is clean" if not busy else f"no preview deletes or replaces; {', '.join(busy)} would change"
    shown = [preview.to_json() for preview in previews]
    return Result("done", said, StacksPreviewed(previews=shown, not_asked=sorted(gone)))
