"""Snapshots of Redshift exist in another region."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.resource import plain_region
from ..kernel.standards import BACKUP, OTHER_REGION

COPY = "aws:redshift/snapshotCopy:SnapshotCopy"


def check(r: Resource, ctx: Context) -> Iterator[str]:
    home = r.region()

    def elsewhere(copy: Resource) -> bool:
        return plain_region(copy["destinationRegion"].text()) not in (None, home)

    if ctx.stack.first_naming((COPY,), "clusterIdentifier", r, elsewhere) is None:
        yield "no SnapshotCopy of it leads to another region"


RULE = Rule(
    id="DR-CPY-008",
    title="Redshift snapshots are copied to another region",
    severity=HIGH,
    types=("aws:redshift/cluster:Cluster",),
    scope="stack",
    checks=(check,),
    reads=(COPY,),
    why="A cluster and its snapshots lie in one region, and Redshift has no replica anywhere else.",
    remedy="Add a redshift.SnapshotCopy with the recovery region as destinationRegion.",
    serves=(*BACKUP, *OTHER_REGION),
)
