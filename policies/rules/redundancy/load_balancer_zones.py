"""Load balancers are reachable when a zone is lost."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule, count
from ..kernel.places import SUBNETS, zones_used
from ..kernel.standards import REDUNDANCY


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type == "aws:elb/loadBalancer:LoadBalancer":
        number = zones_used(r, ("subnets" if r["subnets"].present() else "availabilityZones",), ctx)
    else:
        # A balancer has either of them; its outputs may show both.
        number = max(zones_used(r, ("subnets",), ctx), zones_used(r, ("subnetMappings",), ctx, "subnetId"))
    if number < ctx.number("minZones"):
        yield f"it lies in {number} zone(s), needs at least {ctx.number('minZones'):g}"


RULE = Rule(
    id="DR-HAV-012",
    title="Load balancers lie in two zones",
    severity=HIGH,
    types=("aws:lb/loadBalancer:LoadBalancer", "aws:elb/loadBalancer:LoadBalancer"),
    scope="stack",
    checks=(check,),
    reads=SUBNETS,
    thresholds=(count("minZones", 2, "zones of a load balancer"),),
    why="A balancer in one zone is lost with it, however many zones its targets lie in.",
    remedy="Name subnets of at least two zones.",
    serves=REDUNDANCY,
    see=(
        "AWS Config ELBV2_MULTIPLE_AZ",
        "AWS Config CLB_MULTIPLE_AZ",
        "prowler elbv2_is_in_multiple_az",
        "prowler elb_is_in_multiple_az",
    ),
)
