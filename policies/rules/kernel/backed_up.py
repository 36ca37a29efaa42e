"""Whether AWS Backup takes a resource in: some selection of the stack, and the plan behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .context import Context
from .resource import Resource
from .selections import matches, selects
from .values import Node, Unknown

SELECTION = "aws:backup/selection:Selection"
PLAN = "aws:backup/plan:Plan"


def takes_in(selection: Resource, r: Resource) -> bool:
    """Whether a selection takes `r` in. Raises Unknown when that cannot be said before the update."""
    recorded = selection.property_dependencies or {}

    def refers(prop: str) -> bool:
        return r.urn in recorded.get(prop, ())

    def named(prop: str, entry: Node) -> bool:
        pattern = entry.text()
        if pattern is None:
            if recorded.get(prop):
                return False  # it comes from other resources, which are known
            raise Unknown(entry.path)
        if pattern == "*" or pattern in r.names:
            return True
        arn = r["arn"].text()
        return arn is not None and matches(pattern, arn)

    def tags() -> Mapping[str, str | None]:
        # A provider's default tags are on what it makes, and on its outputs as tagsAll.
        for prop in ("tagsAll", "tags"):
            node = r[prop]
            if node.names():
                return {key: node.key(key).text() for key in node.names()}
        return {}

    return selects(selection.props, tags, named, refers, all_tags="tagsAll" in r.props.names())


def selection_of(r: Resource, ctx: Context, wanted: Callable[[Resource], bool] | None = None) -> Resource | None:
    """The first selection that takes `r` in (and that `wanted` accepts). Raises Unknown like `Stack.first`."""
    return ctx.stack.first((SELECTION,), lambda each: takes_in(each, r) and (wanted is None or wanted(each)))


def plan_of(selection: Resource, ctx: Context) -> Resource | None:
    """The plan of a selection; the only one there is where nothing says which. Raises Unknown."""
    plans = ctx.stack.of(PLAN)
    try:
        found = ctx.stack.target((PLAN,), selection, "planId")
    except Unknown:
        if len(plans) != 1:
            raise
        found = None
    return found or (plans[0] if len(plans) == 1 else None)
