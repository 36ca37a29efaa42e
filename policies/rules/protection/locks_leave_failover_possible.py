"""Locks stop deletion, not failover."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import SWITCHING
from .azure_delete_locks import LOCKS


def check(r: Resource, ctx: Context) -> Iterator[str]:
    level = r["level"]
    if (level.text() or "").lower() != "cannotdelete":
        yield f"level is {level.shown()}, needs to be CanNotDelete"


RULE = Rule(
    id="DR-PRO-012",
    title="Locks stop deletion, not failover",
    severity=HIGH,
    types=LOCKS,
    checks=(check,),
    why="A ReadOnly lock refuses promotions, key listing and every other POST: it stops the failover itself.",
    remedy="Use the level CanNotDelete on anything that a failover touches.",
    serves=SWITCHING,
)
