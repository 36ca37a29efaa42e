"""Kubernetes nodes are spread over zones."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule, count
from ..kernel.checks import each
from ..kernel.places import SUBNETS, zones_used
from ..kernel.standards import REDUNDANCY


def pools(r: Resource, ctx: Context) -> Iterator[str]:
    needed = ctx.number("minZones")

    def look(pool: Node) -> Iterator[str]:
        zones = pool["availabilityZones"]
        number = len({zone.text() for zone in zones.items()} - {None})
        if number < needed:
            yield f"{zones.path} names {number} zone(s), needs at least {needed:g}"

    if r.type.endswith(":AgentPool"):
        yield from look(r.props)
    elif not r["agentPoolProfiles"].present():
        yield "agentPoolProfiles is absent"
    else:
        yield from each(r["agentPoolProfiles"].items(), look)


def subnets(r: Resource, ctx: Context) -> Iterator[str]:
    prop = "vpcConfig.subnetIds" if r.type.startswith("aws:eks") else "vpcZoneIdentifiers"
    if not r.type.startswith("aws:eks") and not r[prop].present():
        prop = "availabilityZones"
    number = zones_used(r, (prop,), ctx)
    if number < ctx.number("minZones"):
        yield f"{prop} leads to {number} zone(s), needs at least {ctx.number('minZones'):g}"


RULES = (
    Rule(
        id="DR-HAV-004",
        title="AKS nodes are spread over zones",
        severity=HIGH,
        types=("azure-native:containerservice:ManagedCluster", "azure-native:containerservice:AgentPool"),
        checks=(pools,),
        thresholds=(count("minZones", 2, "zones that a pool uses"),),
        why="A pool in one zone is lost with it. The zones of a pool cannot be changed later.",
        remedy="Give every pool availabilityZones when it is made.",
        serves=REDUNDANCY,
        see=("Azure Policy 2dec5f47-bc40-40d1-8c7d-a39d9d6808d1",),
    ),
    Rule(
        id="DR-HAV-005",
        title="EKS clusters and scaling groups are spread over zones",
        severity=HIGH,
        types=("aws:eks/cluster:Cluster", "aws:autoscaling/group:Group"),
        scope="stack",
        reads=SUBNETS,
        checks=(subnets,),
        thresholds=(count("minZones", 2, "subnets or zones that are used"),),
        why="A group in one zone cannot start machines when it is lost or full; two subnets may lie in one zone.",
        remedy="Name subnets of at least two zones.",
        serves=REDUNDANCY,
    ),
)
