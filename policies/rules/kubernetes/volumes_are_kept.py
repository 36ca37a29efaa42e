"""Volumes outlive their claims."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import DELETION


def check(r: Resource, ctx: Context) -> Iterator[str]:
    of_class = r.type.endswith("StorageClass")
    node = r["reclaimPolicy" if of_class else "spec.persistentVolumeReclaimPolicy"]
    # A class takes Delete, a volume that somebody declares takes Retain (Kubernetes docs).
    absent = "delete" if of_class else "retain"
    if (absent if node.raw is None else node.text() or "").lower() != "retain":
        yield f"{node.path} is {node.shown()}, needs to be Retain"


RULE = Rule(
    id="DR-K8S-006",
    title="Volumes outlive their claims",
    severity=HIGH,
    types=("kubernetes:storage.k8s.io/v1:StorageClass", "kubernetes:core/v1:PersistentVolume"),
    checks=(check,),
    why="With Delete, the default of a class, a deleted claim or namespace takes the disk and its data with it.",
    remedy="Set reclaimPolicy (of a volume: spec.persistentVolumeReclaimPolicy) to Retain.",
    serves=DELETION,
)
