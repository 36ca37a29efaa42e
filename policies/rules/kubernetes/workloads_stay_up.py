"""Workloads survive the loss of a node and the draining of many."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..kernel import HIGH, MEDIUM, Context, Node, Resource, Rule, count
from ..kernel.checks import each
from ..kernel.context import Stack
from ..kernel.selectors import Selects, labels_of, selector
from ..kernel.spellings import api_version
from ..kernel.standards import REDUNDANCY
from ..kernel.values import Unknown

WORKLOADS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
SETS = ("kubernetes:apps/v1:DaemonSet", "kubernetes:apps/v1:ReplicaSet")
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
SCALERS = ("kubernetes:autoscaling/v2:HorizontalPodAutoscaler",)
POD = "kubernetes:core/v1:Pod"
ALONE = (POD, "kubernetes:core/v1:ReplicationController")
HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
# Commands that succeed whatever state their container is in.
SUCCEEDS = re.compile(r"(?:(?:/usr)?/bin/)?true|:|exit 0|(?:(?:/usr)?/bin/)?echo(?: [^;&|`$<>]*)?")
SHELLS = ("sh", "bash", "ash", "dash")


def containers(r: Resource) -> Iterator[Node]:
    yield from r[f"{pod_path(r)}.containers"].items()


def pod_path(r: Resource) -> str:
    return "spec" if r.type == POD else "spec.template.spec"


def probes(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type == POD and r["spec.restartPolicy"].text() in ("Never", "OnFailure"):
        return  # runs to its end, as the pod of a job does
    if not r[f"{pod_path(r)}.containers"].present():
        yield f"{pod_path(r)}.containers is absent"

    def look(container: Node) -> Iterator[str]:
        for name in ("readinessProbe", "livenessProbe"):
            probe = container[name]
            if not probe.present():
                yield f"{probe.path} is absent"
            elif not any(isinstance(probe[handler].raw, Mapping) for handler in HANDLERS):
                yield f"{probe.path} asks nothing: it has none of {', '.join(HANDLERS)}"
            elif always_succeeds(probe["exec.command"]):
                yield f"{probe.path} asks nothing: its command always succeeds"

    yield from each(containers(r), look)


def always_succeeds(command: Node) -> bool:
    words = [word.text() or "" for word in command.items()]
    if len(words) == 3 and words[0].rpartition("/")[2] in SHELLS and words[1].startswith("-"):
        words = words[2:]
    return bool(words) and SUCCEEDS.fullmatch(" ".join(words).strip()) is not None


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
    scaler = ctx.stack.first_naming(SCALERS, "spec.scaleTargetRef.name", r)
    if scaler is not None:
        # It overrides what the workload says, which is best left out beside it (Kubernetes documentation).
        least = scaler["spec.minReplicas"]
        if (1 if least.raw is None else least.number() or 0) < ctx.number("minReplicas"):
            needed = f"{ctx.number('minReplicas'):g}"
            yield f"spec.minReplicas of {scaler.label} is {least.shown()}, needs at least {needed}"
        return
    if (1 if node.raw is None else node.number() or 0) < ctx.number("minReplicas"):
        yield f"spec.replicas is {node.shown()}, needs at least {ctx.number('minReplicas'):g}"


def spread(r: Resource, ctx: Context) -> Iterator[str]:
    pod = r["spec.template.spec"]
    labels = labels_of(r["spec.template.metadata.labels"])
    own = [constraint["labelSelector"] for constraint in pod["topologySpreadConstraints"].items()]
    terms = pod["affinity.podAntiAffinity"]
    own += [term["labelSelector"] for term in terms["requiredDuringSchedulingIgnoredDuringExecution"].items()]
    preferred = terms["preferredDuringSchedulingIgnoredDuringExecution"].items()
    own += [term["podAffinityTerm.labelSelector"] for term in preferred]
    if not own:
        yield "neither topologySpreadConstraints nor podAntiAffinity keeps its pods apart"
    elif labels and not any(selects(labels) for node in own if (selects := selector(node))):
        yield "what keeps pods apart selects other pods than its own"


@dataclass(frozen=True)
class Budget:
    resource: Resource
    selects: Selects


def budgets(stack: Stack) -> tuple[dict[str, list[Budget]], Unknown | None]:
    """The budgets of each namespace with what they select; and why there may be more of them than that."""
    found: dict[str, list[Budget]] = {}
    undecided: Unknown | None = None
    for budget in stack.of(BUDGET):
        try:
            selects = selector_of(budget)
            if selects:
                found.setdefault(budget["metadata.namespace"].text() or "default", []).append(Budget(budget, selects))
        except Unknown as error:
            undecided = undecided or Unknown(f"{budget.label}.{error.path}")
    return found, undecided


def selector_of(budget: Resource) -> Selects | None:
    # An empty selector selects all pods of the namespace in policy/v1, and none in policy/v1beta1.
    return selector(budget["spec.selector"], empty_selects_all=api_version(budget.token) != "v1beta1")


def has_budget(r: Resource, ctx: Context) -> Iterator[str]:
    number = r["spec.replicas"].number()
    if number is None or number < 2:
        return
    labels = labels_of(r["spec.template.metadata.labels"])
    space = r["metadata.namespace"].text() or "default"

    known, undecided = ctx.stack.remembered("budgets", lambda: budgets(ctx.stack))
    if not any(budget.selects(labels) for budget in known.get(space, ())):
        if undecided:
            raise undecided
        yield "no PodDisruptionBudget selects its pods"


def budget_allows(r: Resource, ctx: Context) -> Iterator[str]:
    most, least = r["spec.maxUnavailable"], r["spec.minAvailable"]
    if not most.present() and not least.present():
        yield "neither maxUnavailable nor minAvailable is given"
    if most.raw in (0, 0.0, "0", "0%"):
        yield f"spec.maxUnavailable is {most.shown()}: nothing can be drained"
    if most.raw == "100%":
        yield "spec.maxUnavailable is 100%: all pods may be evicted at once"
    if least.raw in (0, 0.0, "0", "0%"):
        yield f"spec.minAvailable is {least.shown()}: all pods may be evicted at once"
    elif least.raw == "100%":
        yield "spec.minAvailable is 100%: nothing can be drained"
    elif least.present():
        yield from drainable(r, least, ctx)


def by_namespace(stack: Stack) -> dict[str, list[Resource]]:
    """The workloads of each namespace; those whose namespace is not known yet under an empty name."""
    found: dict[str, list[Resource]] = {}
    for workload in stack.of(*WORKLOADS, "kubernetes:apps/v1:ReplicaSet"):
        try:
            space = workload["metadata.namespace"].text() or "default"
        except Unknown:
            space = ""
        found.setdefault(space, []).append(workload)
    return found


def drainable(budget: Resource, least: Node, ctx: Context) -> Iterator[str]:
    """Whether the workloads that a budget selects run more pods than it keeps."""
    selects = selector_of(budget)
    space = budget["metadata.namespace"].text() or "default"

    def look(workload: Resource) -> Iterator[str]:
        if (workload["metadata.namespace"].text() or "default") != space:
            return
        if selects is None or not selects(labels_of(workload["spec.template.metadata.labels"])):
            return
        pods = running(workload, ctx)
        text = least.text() or ""
        kept = least.number()
        if kept is None and text.endswith("%") and text[:-1].isdigit():
            kept = math.ceil(pods * int(text[:-1]) / 100)  # Kubernetes rounds up
        if pods and kept is not None and kept >= pods:
            yield f"spec.minAvailable is {least.shown()} and {workload.label} runs {pods:g}: nothing can be drained"

    unknown: Unknown | None = None
    known: dict[str, list[Resource]] = ctx.stack.remembered("workloads", lambda: by_namespace(ctx.stack))
    for workload in (*known.get(space, ()), *known.get("", ())):
        try:
            yield from look(workload)
        except Unknown as error:
            unknown = unknown or Unknown(f"{workload.label}.{error.path}")
    if unknown:
        raise unknown


def running(workload: Resource, ctx: Context) -> float:
    """How many pods a workload runs at least: what it says, what its autoscaler or the plan says, else one."""
    scaler = ctx.stack.first_naming(SCALERS, "spec.scaleTargetRef.name", workload)
    if scaler is not None:
        least = scaler["spec.minReplicas"]
        return 1 if least.raw is None else least.number() or 0
    node = workload["spec.replicas"]
    target = ctx.facts.node("scaleTargets").key(workload["metadata.name"].text() or workload.name).number()
    return max(1 if node.raw is None else node.number() or 0, target or 0)


RULES = (
    Rule(
        id="DR-K8S-001",
        title="Containers have readiness and liveness probes",
        severity=HIGH,
        types=(*WORKLOADS, *SETS, *ALONE),
        checks=(probes,),
        why="Traffic is switched to what says it is ready. A container without a probe says so at once.",
        remedy="Give every container a readinessProbe and a livenessProbe.",
        serves=REDUNDANCY,
        see=("checkov CKV_K8S_8", "checkov CKV_K8S_9", "Azure Policy Kubernetes/ContainerEnforceProbes"),
        differs="CKV_K8S_8 and 9 take a probe that asks nothing; this rule wants one that asks something.",
    ),
    Rule(
        id="DR-K8S-002",
        title="Workloads run more than one pod",
        severity=MEDIUM,
        types=("kubernetes:apps/v1:Deployment",),
        scope="stack",
        checks=(replicas,),
        reads=SCALERS,
        thresholds=(count("minReplicas", 2, "pods of a workload that runs"),),
        why="One pod is an outage with every node that is lost or drained.",
        remedy="Raise spec.replicas or its autoscaler's minReplicas, or allow one with the annotation dr/single: true.",
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
        title="Disruption budgets let nodes be drained and keep some pod",
        severity=HIGH,
        types=(BUDGET,),
        scope="stack",
        checks=(budget_allows,),
        reads=(*WORKLOADS, *SCALERS),
        why=(
            "A budget of nothing blocks the draining of the failed side, and with it the failback; one of everything "
            "protects no pod."
        ),
        remedy="Set maxUnavailable to 1 or a part of the pods, or minAvailable to 1 or more but not all.",
        serves=REDUNDANCY,
        see=("Azure Policy Kubernetes/DisallowedBadPodDisruptionBudgets",),
    ),
)
