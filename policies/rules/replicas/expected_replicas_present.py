"""The stack holds the replicas that the plan promises."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule
from ..kernel.standards import OTHER_REGION
from ..kernel.values import Unknown, printable
from .replica_in_another_region import SOURCES


def is_replica(r: Resource) -> bool:
    try:
        return r[SOURCES[r.type]].present() or r["globalClusterIdentifier"].present()
    except Unknown:
        return True  # a source that is not known yet is a source


def check(r: Resource, ctx: Context) -> Iterator[str]:
    stack = ctx.stack
    databases = [token for token in SOURCES if not token.endswith("LinkedServer")]
    present = {
        "database": sum(1 for other in stack.of(*databases) if is_replica(other)),
        "objects": len(stack.of("aws:s3/bucket:Bucket", "azure-native:storage:StorageAccount")),
        "cache": len(stack.of("aws:elasticache/replicationGroup:ReplicationGroup", "azure-native:redis:Redis")),
        "key": len(stack.of("aws:kms/replicaKey:ReplicaKey")),
    }
    expected = ctx.facts.node("expectedReplicas")
    for kind in expected.names():
        wanted = expected.key(kind).number() or 0
        if present.get(kind, 0) < wanted:
            yield f"{wanted:g} {printable(kind)} replica(s) are promised, {present.get(kind, 0)} are there"


RULE = Rule(
    id="DR-REP-004",
    title="The stack holds the replicas that the plan promises",
    severity=CRITICAL,
    types=(),
    scope="stack",
    checks=(check,),
    needs=("expectedReplicas",),
    why="A standby that was removed is noticed on the day it is needed. The plan says how many there must be.",
    remedy="Put the replica back, or change the plan and let its readers see what that does to the objectives.",
    serves=OTHER_REGION,
)
