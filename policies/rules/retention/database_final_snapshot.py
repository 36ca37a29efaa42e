"""A database that is deleted leaves a last snapshot."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import DELETION


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if r["replicateSourceDb"].present() or r["replicationSourceIdentifier"].present():
        return  # a replica leaves none: RDS refuses the request
    skip = r["skipFinalSnapshot"]
    if (False if skip.raw is None else skip.flag()) is not False:
        yield f"skipFinalSnapshot is {skip.shown()}, needs to be false"
    elif not r["finalSnapshotIdentifier"].present():
        yield "finalSnapshotIdentifier is absent: the deletion would be refused half way, or leave nothing"


RULE = Rule(
    id="DR-RET-016",
    title="A deleted database leaves a last snapshot",
    severity=HIGH,
    types=(
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        "aws:docdb/cluster:Cluster",
        "aws:neptune/cluster:Cluster",
        "aws:redshift/cluster:Cluster",
    ),
    checks=(check,),
    why="A replacement deletes the old database. The last snapshot is the only copy of its final minutes.",
    remedy="Leave skipFinalSnapshot false and give finalSnapshotIdentifier. Replicas are exempt.",
    serves=DELETION,
)
