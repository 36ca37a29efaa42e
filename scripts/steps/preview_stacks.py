"""Every stack that can be asked shows no delete and no replace."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from scripts.runs.runbook import Context, Result
from scripts.steps.reconcile_stack import refuse_destruction
from scripts.steps.targets import lost, target


def preview_stacks(context: Context) -> Result:
    """Raises EngineFailed for the first stack that would lose something. Stacks of lost sites are not asked."""
    return _preview(context, frozenset())


def preview_other_stacks(context: Context) -> Result:
    """The same without the target's own stack, which is brought in line side by side."""
    return _preview(context, frozenset({context.plan.site(target(context)).stack}))


def _preview(context: Context, without: frozenset[str]) -> Result:
    gone = {context.plan.site(site).stack for site in lost(context)}
    stacks = [stack for stack in context.plan.stacks if stack not in gone | without]
    with ThreadPoolExecutor(max_workers=2) as pool:
        previews = list(pool.map(context.stacks.preview, stacks))
    for preview in previews:
        refuse_destruction(preview)
    busy = [preview.stack for preview in previews if preview.real]
    said = "every preview is clean" if not busy else f"no preview deletes or replaces; {', '.join(busy)} would change"
    return Result("done", said, {"previews": [preview.to_json() for preview in previews], "not_asked": sorted(gone)})
