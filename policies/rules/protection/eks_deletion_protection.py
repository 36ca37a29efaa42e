"""EKS clusters with volumes refuse to be deleted."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import DELETION

VOLUMES = (
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:apps/v1:StatefulSet",
)
WORKLOAD = "kubernetes:apps/v1:Deployment"
NODES = ("aws:eks/nodeGroup:NodeGroup", "aws:eks/fargateProfile:FargateProfile")


def check(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["deletionProtection"]
    if node.flag() is True:
        return
    if ctx.stack.of(WORKLOAD) and not ctx.stack.of(*VOLUMES):
        return  # what runs in it is in the stack too, and keeps its data elsewhere
    if ctx.facts.role_of(r) == "cold" and not ctx.stack.of(*NODES, *VOLUMES):
        return  # it is kept empty for a site that runs nothing yet, and nothing can run in it
    yield f"deletionProtection is {node.shown()}, needs to be true"


RULE = Rule(
    id="DR-PRO-004",
    title="EKS clusters that hold volumes refuse to be deleted",
    severity=HIGH,
    types=("aws:eks/cluster:Cluster",),
    scope="stack",
    checks=(check,),
    why=(
        "Volumes may go with their cluster. One whose workloads are declared beside it and keep their data elsewhere "
        "can be made again."
    ),
    remedy="Set deletionProtection to true.",
    serves=DELETION,
)
