"""Clients follow a change of address within the recovery time."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule, count, seconds
from ..kernel.standards import SWITCHING

THRESHOLDS = (
    seconds("maxSeconds", 60, "longest time to live", fact="dnsTtlSeconds"),
    count("shareOfRto", 0.1, "largest part of the recovery time that the time to live may take"),
)
WHY = "Until the old answer runs out, clients go on asking the lost region. It counts against the recovery time."


def problem(ttl: Node, ctx: Context) -> Iterator[str]:
    allowed = ctx.number("maxSeconds")
    rto = ctx.facts.number("rtoMinutes")
    if rto is not None:
        allowed = min(allowed, rto * 60 * ctx.number("shareOfRto"))
    number = ttl.number()
    if number is None or number > allowed:
        yield f"{ttl.path} is {ttl.shown()}, may be at most {allowed:g} seconds"


def record(r: Resource, ctx: Context) -> Iterator[str]:
    kind = (r["type"].text() or "").upper()
    if kind in ("NS", "SOA", "MX", "TXT", "CAA", "SRV", "PTR") or r["aliases"].present():
        return  # not followed by clients of the service, or without a time of its own
    yield from problem(r["ttl"], ctx)


def profile(r: Resource, ctx: Context) -> Iterator[str]:
    yield from problem(r["dnsConfig.ttl"], ctx)


RULES = (
    Rule(
        id="DR-DNS-001",
        title="DNS records of the service have a short time to live",
        severity=HIGH,
        types=("aws:route53/record:Record",),
        checks=(record,),
        thresholds=THRESHOLDS,
        why=WHY,
        remedy="Set ttl to 60 or less.",
        fix={"ttl": "$maxSeconds"},
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-002",
        title="Traffic Manager answers with a short time to live",
        severity=HIGH,
        types=("azure-native:trafficmanager:Profile",),
        checks=(profile,),
        thresholds=THRESHOLDS,
        why=WHY,
        remedy="Set dnsConfig.ttl to 60 or less.",
        fix={"dnsConfig.ttl": "$maxSeconds"},
        serves=SWITCHING,
    ),
)
