"""Velero schedules say how long their backups live, and that is long enough."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule, days
from ..kernel.durations import go_minutes
from ..kernel.standards import BACKUP


def check(r: Resource, ctx: Context) -> Iterator[str]:
    ttl, needed = r["spec.template.ttl"], ctx.number("minDays")
    minutes = go_minutes(ttl.text() or "")
    if minutes is None:
        yield f"spec.template.ttl is {ttl.shown()}, needs to be a duration such as 720h0m0s"
    elif minutes < needed * 24 * 60:
        yield f"spec.template.ttl is {ttl.shown()}, needs at least {needed * 24:g}h"


RULE = Rule(
    id="DR-RET-010",
    title="Velero schedules say how long their backups live",
    severity=HIGH,
    types=("kubernetes:velero.io/v1:Schedule",),
    checks=(check,),
    thresholds=(days("minDays", 30, "shortest life of a cluster backup"),),
    why="Backups of a schedule without an expiry follow the server's setting, which nobody who reads the plan can see.",
    remedy="Set spec.template.ttl.",
    serves=BACKUP,
)
