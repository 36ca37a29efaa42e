"""A warm site can take the whole load."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Node, Resource, Rule, count
from ..kernel.checks import each
from ..kernel.standards import NIST_ALTERNATE_SITE, NIST_PLAN, SWITCHING


def needed(ctx: Context) -> float:
    return ctx.number("minNodes")


def node_group(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["scalingConfig.maxSize"]
    if (node.number() or 0) < needed(ctx):
        yield f"{node.path} is {node.shown()}, needs at least {needed(ctx):g}"


def scaling_group(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["maxSize"]
    if (node.number() or 0) < needed(ctx):
        yield f"maxSize is {node.shown()}, needs at least {needed(ctx):g}"
    if "Launch" in {process.text() for process in r["suspendedProcesses"].items()}:
        yield "suspendedProcesses names Launch: the group cannot start machines"


def pools(r: Resource, ctx: Context) -> Iterator[str]:
    def look(pool: Node) -> Iterator[str]:
        auto = pool["enableAutoScaling"].flag()
        node = pool["maxCount"] if auto else pool["count"]
        if (node.number() or 0) < needed(ctx):
            yield f"{node.path} is {node.shown()}, needs at least {needed(ctx):g}"

    if r.type.endswith(":AgentPool"):
        yield from look(r.props)
    else:
        yield from each(r["agentPoolProfiles"].items(), look)


def planned(r: Resource, ctx: Context) -> float | None:
    """How many pods of a workload the active site runs, by the plan."""
    return ctx.facts.node("scaleTargets").key(r["metadata.name"].text() or r.name).number()


def quotas(r: Resource, ctx: Context) -> Iterator[str]:
    given = ctx.facts.node("quotas")
    for region in sorted(ctx.facts.regions("recoveryRegions")):
        if not any(name.replace(" ", "").lower() == region and given.key(name).present() for name in given.names()):
            yield f"no quota is declared for {region}"


def scaled_down(r: Resource, ctx: Context) -> Iterator[str]:
    replicas = r["spec.replicas"]
    if replicas.number() != 0:
        return

    annotation = r["metadata.annotations"].key("dr/scale-to")
    if (annotation.number() or 0) >= 1 or planned(r, ctx):
        return
    if ctx.stack.first_naming(SCALERS, "spec.scaleTargetRef.name", r) is None:
        yield "spec.replicas is 0 and neither an autoscaler, dr/scale-to nor the plan says how many it needs"


SCALERS = (
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
)
NODES = (count("minNodes", 3, "nodes that a site must be able to run", fact="neededNodes"),)
WHY = "A standby that cannot grow serves the first minute of a failover. Limits are found on the day they are hit."

RULES = (
    Rule(
        id="DR-CAP-001",
        title="EKS node groups can grow",
        severity=HIGH,
        types=("aws:eks/nodeGroup:NodeGroup",),
        checks=(node_group,),
        thresholds=NODES,
        why=WHY,
        remedy="Raise scalingConfig.maxSize to what the whole load needs.",
        serves=(NIST_ALTERNATE_SITE,),
    ),
    Rule(
        id="DR-CAP-002",
        title="Scaling groups can grow",
        severity=HIGH,
        types=("aws:autoscaling/group:Group",),
        checks=(scaling_group,),
        thresholds=NODES,
        why=WHY,
        remedy="Raise maxSize, and do not suspend Launch.",
        serves=(NIST_ALTERNATE_SITE,),
    ),
    Rule(
        id="DR-CAP-003",
        title="AKS pools can grow",
        severity=HIGH,
        types=("azure-native:containerservice:ManagedCluster", "azure-native:containerservice:AgentPool"),
        checks=(pools,),
        thresholds=NODES,
        why=WHY,
        remedy="Set enableAutoScaling and a maxCount that carries the whole load.",
        serves=(NIST_ALTERNATE_SITE,),
    ),
    Rule(
        id="DR-CAP-004",
        title="Quotas of the recovery regions are agreed and written down",
        severity=MEDIUM,
        types=(),
        scope="stack",
        checks=(quotas,),
        needs=("recoveryRegions", "quotas"),
        why="In a regional outage everybody moves to the same neighbour, and nobody answers quota requests.",
        remedy="Declare quotas for each recovery region in the plan, after the cloud has granted them.",
        serves=(NIST_ALTERNATE_SITE, NIST_PLAN),
    ),
    Rule(
        id="DR-CAP-005",
        title="What is scaled to nothing says how it comes back",
        severity=HIGH,
        types=("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"),
        scope="stack",
        checks=(scaled_down,),
        why="Replicas 0 without a number to grow to is a service that nobody starts.",
        remedy="Add an autoscaler, the annotation dr/scale-to, or a scale target in the plan.",
        serves=SWITCHING,
    ),
)
