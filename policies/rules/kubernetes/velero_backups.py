"""Velero makes backups, of what matters, to a place outside the region."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Node, Resource, Rule
from ..kernel.checks import is_false, is_present
from ..kernel.resource import plain_region
from ..kernel.standards import BACKUP, OTHER_REGION

SCHEDULE = "kubernetes:velero.io/v1:Schedule"
LOCATION = "kubernetes:velero.io/v1:BackupStorageLocation"


def names(node: Node) -> set[str]:
    return {text for item in node.items() if (text := item.text())}


def covered(r: Resource, ctx: Context) -> Iterator[str]:
    space = r["metadata.namespace"].text() or "default"

    def takes(schedule: Resource) -> bool:
        if schedule["spec.paused"].flag():
            return False
        included = names(schedule["spec.template.includedNamespaces"])
        excluded = names(schedule["spec.template.excludedNamespaces"])
        return (not included or bool(included & {space, "*"})) and space not in excluded

    if ctx.stack.first((SCHEDULE,), takes) is None:
        yield f"no Velero schedule takes its namespace {r['metadata.namespace'].shown()}"


def volumes(r: Resource, ctx: Context) -> Iterator[str]:
    template = r["spec.template"]
    snapshots = template["snapshotVolumes"]
    file_copies = (template["defaultVolumesToFsBackup"].flag(), template["snapshotMoveData"].flag())
    if snapshots.raw is not None and snapshots.flag() is not True and True not in file_copies:
        yield f"{snapshots.path} is {snapshots.shown()} and no file copy is made: volumes are left out"


def outside(r: Resource, ctx: Context) -> Iterator[str]:
    primary = ctx.facts.primary_region
    node = r["spec.config.region"]
    region = plain_region(node.text())
    if region is None:
        yield "spec.config.region is absent: nobody can tell where the backups lie"
    elif region == primary and not elsewhere(r, ctx):
        yield f"{node.path} is {node.shown()}, the primary region, and no other location lies elsewhere"


def elsewhere(r: Resource, ctx: Context) -> bool:
    def other_region(other: Resource) -> bool:
        where = plain_region(other["spec.config.region"].text())
        return other is not r and where not in (None, ctx.facts.primary_region)

    return ctx.stack.first((LOCATION,), other_region) is not None


RULES = (
    Rule(
        id="DR-K8S-007",
        title="Velero schedules are not paused",
        severity=HIGH,
        types=(SCHEDULE,),
        checks=(is_false("spec.paused"),),
        why="A schedule paused for a restore stays paused, and nothing fails.",
        remedy="Take spec.paused out.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-K8S-008",
        title="Velero backups include volumes",
        severity=HIGH,
        types=(SCHEDULE,),
        checks=(volumes,),
        why="A backup of manifests without volumes restores an empty database.",
        remedy="Leave spec.template.snapshotVolumes on, or set snapshotMoveData or defaultVolumesToFsBackup.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-K8S-009",
        title="Stateful workloads are in a Velero schedule",
        severity=HIGH,
        types=("kubernetes:apps/v1:StatefulSet", "kubernetes:core/v1:PersistentVolumeClaim"),
        scope="stack",
        checks=(covered,),
        why="A namespace that was added later is in no backup until somebody adds it.",
        remedy="Add the namespace to spec.template.includedNamespaces of a schedule.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-K8S-010",
        title="Velero stores its backups outside the primary region",
        severity=CRITICAL,
        types=(LOCATION,),
        scope="stack",
        checks=(outside,),
        needs=("primaryRegion",),
        why="Backups beside the cluster burn with it.",
        remedy="Use a bucket of another region, or add a second BackupStorageLocation there.",
        serves=(*BACKUP, *OTHER_REGION),
    ),
    Rule(
        id="DR-K8S-011",
        title="Velero backup locations name their bucket",
        severity=HIGH,
        types=(LOCATION,),
        checks=(is_present("spec.objectStorage.bucket", "there is nowhere to store to"),),
        why="A location without a bucket is unavailable, and every backup to it fails.",
        remedy="Set spec.objectStorage.bucket.",
        serves=BACKUP,
    ),
)
