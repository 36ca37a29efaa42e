"""Workloads survive the loss of a node and the draining of many."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Node, Resource, Rule, count
from ..kernel.checks import each
from ..kernel.context import Stack
from ..kernel.standards import REDUNDANCY
from ..kernel.values import Unknown

WORKLOADS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"


def containers(r: Resource) -> Iterator[Node]:
    yield from r["spec.template.spec.containers"].items()


def labels_of(node: Node) -> set[tuple[str, str | None]]:
    return {(name, node.key(name).text()) for name in node.names()}


def probes(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["spec.template.spec.containers"].present():
        yield "spec.template.spec.containers is absent"

    def look(container: Node) -> Iterator[str]:
        for probe in ("readinessProbe", "livenessProbe"):
            if not container[probe].present():
                yield f"{container.path}.{probe} is absent"

    yield from each(containers(r), look)


def replicas(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["spec.replicas"]
    if node.number() == 0 or r["metadata.annotations"].key("dr/single").flag():
        return  # scaled to nothing on purpose (DR-CAP-005), or allowed to be alone
    target = ctx.facts.node("scaleTargets").key(r["metadata.name"].text() or r.name).number()
    if target is not None:
        # The plan says how many there are; a standby may run fewer until it is needed.
        if ctx.facts.role_of(r) == "active" and (node.number() or 0) < target:
            yield f"spec.replicas is {node.shown()}, the plan runs {target:g} in the active site"
        return
    if (1 if node.raw is None else node.number() or 0) < ctx.number("minReplicas"):
        yield f"spec.replicas is {node.shown()}, needs at least {ctx.number('minReplicas'):g}"


def spread(r: Resource, ctx: Context) -> Iterator[str]:
    pod = r["spec.template.spec"]
    if not pod["topologySpreadConstraints"].present() and not pod["affinity.podAntiAffinity"].present():
        yield "neither topologySpreadConstraints nor podAntiAffinity keeps its pods apart"


def selections(stack: Stack) -> tuple[dict[str, list[set[tuple[str, str | None]]]], Unknown | None]:
    """The labels that the budgets of each namespace select; and why there may be more of them than that."""
    found: dict[str, list[set[tuple[str, str | None]]]] = {}
    undecided: Unknown | None = None
    for budget in stack.of(BUDGET):
        try:
            wanted = labels_of(budget["spec.selector.matchLabels"])
            if wanted:
                found.setdefault(budget["metadata.namespace"].text() or "default", []).append(wanted)
        except Unknown as error:
            undecided = undecided or Unknown(f"{budget.label}.{error.path}")
    return found, undecided


def has_budget(r: Resource, ctx: Context) -> Iterator[str]:
    number = r["spec.replicas"].number()
    if number is None or number < 2:
        return
    labels = labels_of(r["spec.template.metadata.labels"])
    space = r["metadata.namespace"].text() or "default"

    budgets, undecided = ctx.stack.remembered("budgets", lambda: selections(ctx.stack))
    if not any(wanted <= labels for wanted in budgets.get(space, ())):
        if undecided:
            raise undecided
        yield "no PodDisruptionBudget selects its pods"


def budget_allows(r: Resource, ctx: Context) -> Iterator[str]:
    most, least = r["spec.maxUnavailable"], r["spec.minAvailable"]
    if not most.present() and not least.present():
        yield "neither maxUnavailable nor minAvailable is given"
    if most.raw in (0, 0.0, "0", "0%"):
        yield f"spec.maxUnavailable is {most.shown()}: nothing can be drained"
    if least.raw == "100%":
        yield "spec.minAvailable is 100%: nothing can be drained"


RULES = (
    Rule(
        id="DR-K8S-001",
        title="Containers have readiness and liveness probes",
        severity=HIGH,
        types=WORKLOADS,
        checks=(probes,),
        why="Traffic is switched to what says it is ready. A container without a probe says so at once.",
        remedy="Give every container a readinessProbe and a livenessProbe.",
        serves=REDUNDANCY,
        see=("checkov CKV_K8S_8", "checkov CKV_K8S_9", "Azure Policy Kubernetes/ContainerEnforceProbes"),
    ),
    Rule(
        id="DR-K8S-002",
        title="Workloads run more than one pod",
        severity=MEDIUM,
        types=("kubernetes:apps/v1:Deployment",),
        checks=(replicas,),
        thresholds=(count("minReplicas", 2, "pods of a workload that runs"),),
        why="One pod is an outage with every node that is lost or drained.",
        remedy="Raise spec.replicas, or allow one with the annotation dr/single: true.",
        serves=REDUNDANCY,
    ),
    Rule(
        id="DR-K8S-003",
        title="Pods of a workload are kept apart",
        severity=MEDIUM,
        types=WORKLOADS,
        checks=(spread,),
        why="Three pods on one node are lost as one.",
        remedy="Add topologySpreadConstraints over topology.kubernetes.io/zone, or podAntiAffinity.",
        serves=REDUNDANCY,
        see=("Azure Policy Kubernetes/MustHaveAntiAffinityRulesSet",),
    ),
    Rule(
        id="DR-K8S-004",
        title="Workloads have a disruption budget",
        severity=MEDIUM,
        types=WORKLOADS,
        scope="stack",
        checks=(has_budget,),
        why="An upgrade of the nodes takes all pods of a workload at once when nothing forbids it.",
        remedy="Add a PodDisruptionBudget whose selector matches the labels of its pods.",
        serves=REDUNDANCY,
    ),
    Rule(
        id="DR-K8S-005",
        title="Disruption budgets let nodes be drained",
        severity=HIGH,
        types=(BUDGET,),
        checks=(budget_allows,),
        why="A budget of nothing blocks the draining of the failed side, and with it the failback.",
        remedy="Set maxUnavailable to 1 or more, or minAvailable below the number of pods.",
        serves=REDUNDANCY,
        see=("Azure Policy Kubernetes/DisallowedBadPodDisruptionBudgets",),
    ),
)
