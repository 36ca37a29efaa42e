"""A lost region is noticed in time."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Node, Resource, Rule, seconds
from ..kernel.checks import is_false, is_present
from ..kernel.standards import SWITCHING

WHY = "Detection counts against the recovery time: interval times failures is the least it takes."


def too_slow(interval: Node, failures: float | None, ctx: Context, absent: float) -> Iterator[str]:
    """`absent`: the interval that the cloud takes when it is left out."""
    every, allowed = absent if interval.raw is None else interval.number(), ctx.number("maxSeconds")
    if every is None or failures is None:
        yield f"{interval.path} is {interval.shown()} and the number of failures {failures}: detection has no time"
    elif every * failures > allowed:
        yield f"detection takes {every * failures:g} seconds, may take at most {allowed:g}"


def route53(r: Resource, ctx: Context) -> Iterator[str]:
    if (r["type"].text() or "").upper() in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        return  # these ask others
    failures = r["failureThreshold"]
    yield from too_slow(r["requestInterval"], 3 if failures.raw is None else failures.number(), ctx, 30)


def traffic_manager(r: Resource, ctx: Context) -> Iterator[str]:
    failures = r["monitorConfig.toleratedNumberOfFailures"]
    number = 3 if failures.raw is None else failures.number()
    interval = r["monitorConfig.intervalInSeconds"]
    # A profile tolerates that many failures and acts on the next.
    yield from too_slow(interval, None if number is None else number + 1, ctx, 30)


def front_door(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["healthProbeSettings"].present():
        yield "healthProbeSettings is absent: origins are never asked"
        return
    yield from too_slow(r["healthProbeSettings.probeIntervalInSeconds"], 1, ctx, 240)


def asks_others(r: Resource, ctx: Context) -> Iterator[str]:
    """A calculated check is healthy when so many of the others are: none at all is always enough (Route 53 API)."""
    if (r["type"].text() or "").upper() == "CALCULATED" and r["childHealthThreshold"].number() == 0:
        yield "childHealthThreshold is 0: it counts as healthy whatever the others say"


RULES = (
    Rule(
        id="DR-DNS-006",
        title="Route 53 health checks notice a loss in time",
        severity=HIGH,
        types=("aws:route53/healthCheck:HealthCheck",),
        checks=(route53,),
        thresholds=(seconds("maxSeconds", 90, "longest time until a loss is noticed"),),
        why=WHY,
        remedy="Set requestInterval to 10 and failureThreshold to 3.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-007",
        title="Health checks are not disabled",
        severity=CRITICAL,
        types=("aws:route53/healthCheck:HealthCheck",),
        checks=(is_false("disabled"), asks_others),
        why="A disabled health check counts as healthy: nothing will ever fail over.",
        remedy="Take disabled out. To force a failover use invertHealthcheck.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-008",
        title="Traffic Manager notices a loss in time",
        severity=HIGH,
        types=("azure-native:trafficmanager:Profile",),
        checks=(traffic_manager,),
        thresholds=(seconds("maxSeconds", 120, "longest time until a loss is noticed"),),
        why=WHY,
        remedy="Set monitorConfig.intervalInSeconds and toleratedNumberOfFailures (10 and 3, or 30 and 3).",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-009",
        title="Traffic Manager asks a path that knows the service's health",
        severity=HIGH,
        types=("azure-native:trafficmanager:Profile",),
        checks=(is_present("monitorConfig.path", "a port that answers says nothing of the service"),),
        why="A web server in front of a lost database answers happily on its port.",
        remedy="Set monitorConfig.path to the service's readiness path.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-010",
        title="Front Door probes its origins in time",
        severity=HIGH,
        types=("azure-native:cdn:AFDOriginGroup",),
        checks=(front_door,),
        thresholds=(seconds("maxSeconds", 120, "longest time until a loss is noticed"),),
        why=WHY + " The default interval of a probe is 240 seconds.",
        remedy="Give healthProbeSettings a probePath and a probeIntervalInSeconds of 30.",
        serves=SWITCHING,
    ),
)
