"""A failover record knows when to fail over."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Node, Resource, Rule
from ..kernel.checks import each
from ..kernel.context import Stack
from ..kernel.standards import SWITCHING
from ..kernel.values import Unknown

RECORD = "aws:route53/record:Record"
POLICIES = ("failoverRoutingPolicies", "weightedRoutingPolicies", "latencyRoutingPolicies")


def routes(r: Resource) -> bool:
    return any(r[policy].present() for policy in POLICIES)


def health(r: Resource, ctx: Context) -> Iterator[str]:
    if not routes(r) or r["healthCheckId"].present():
        return
    kinds = {(policy["type"].text() or "").upper() for policy in r["failoverRoutingPolicies"].items()}
    if kinds == {"SECONDARY"}:
        return  # the last answer is given whether or not it is healthy: there is nothing else to answer with
    if not any(alias["evaluateTargetHealth"].flag() for alias in r["aliases"].items()):
        yield "healthCheckId is absent, and no alias evaluates its target's health"


def alias_health(r: Resource, ctx: Context) -> Iterator[str]:
    def look(alias: Node) -> Iterator[str]:
        node = alias["evaluateTargetHealth"]
        if node.flag() is not True:
            yield f"{node.path} is {node.shown()}, needs to be true"

    if routes(r) and not r["healthCheckId"].present():
        yield from each(r["aliases"].items(), look)


def kind_of(r: Resource) -> str:
    return next((text.upper() for p in r["failoverRoutingPolicies"].items() if (text := p["type"].text())), "")


def failover_records(stack: Stack) -> tuple[set[tuple[str | None, str]], Unknown | None]:
    """Name and kind of every failover record; and why there may be more of them than that."""
    found: set[tuple[str | None, str]] = set()
    undecided: Unknown | None = None
    for record in stack.of(RECORD):
        try:
            found.add((record["name"].text(), kind_of(record)))
        except Unknown as error:
            undecided = undecided or Unknown(f"{record.label}.{error.path}")
    return found, undecided


def pair(r: Resource, ctx: Context) -> Iterator[str]:
    kind = kind_of(r)
    if not kind:
        return
    wanted = "SECONDARY" if kind == "PRIMARY" else "PRIMARY"

    halves, undecided = ctx.stack.remembered("failover records", lambda: failover_records(ctx.stack))
    if (r["name"].text(), wanted) not in halves:
        if undecided:
            raise undecided
        yield f"there is no {wanted} record of the same name"


RULES = (
    Rule(
        id="DR-DNS-003",
        title="Every failover record has a health check",
        severity=CRITICAL,
        types=(RECORD,),
        checks=(health,),
        why="Route 53 takes a record without a health check for healthy: it answers with the lost region for ever.",
        remedy="Set healthCheckId, or evaluateTargetHealth on an alias.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-004",
        title="Alias records that route evaluate the health of their target",
        severity=HIGH,
        types=(RECORD,),
        checks=(alias_health,),
        why="An alias that does not ask its target is always healthy.",
        remedy="Set evaluateTargetHealth on the alias.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-005",
        title="Failover records come in pairs",
        severity=HIGH,
        types=(RECORD,),
        scope="stack",
        checks=(pair,),
        why="A primary without a secondary has nowhere to fail over to.",
        remedy="Add the record of the other kind with the same name.",
        serves=SWITCHING,
    ),
)
