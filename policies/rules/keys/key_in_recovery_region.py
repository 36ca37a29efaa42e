"""Keys are available where the service must be recovered."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule
from ..kernel.checks import is_true
from ..kernel.resource import region_of_arn
from ..kernel.standards import NIST_KEYS, OTHER_REGION, PCI_KEYS

REPLICA = "aws:kms/replicaKey:ReplicaKey"


def has_replica(r: Resource, ctx: Context) -> Iterator[str]:
    if not ctx.facts.sees_all_sites:
        return  # the replica key is in the stack of the other site
    home = r.region()

    def elsewhere(other: Resource) -> bool:
        return other.region() != home

    if ctx.stack.first_naming((REPLICA,), "primaryKeyArn", r, elsewhere) is None:
        yield "no ReplicaKey of it lies in another region"


def replica_elsewhere(r: Resource, ctx: Context) -> Iterator[str]:
    home = region_of_arn(r["primaryKeyArn"].text())
    if home and home == r.region():
        yield f"the key and its replica are both in {home}"


def own_region(r: Resource, ctx: Context) -> Iterator[str]:
    where = region_of_arn(r["kmsKeyId"].text())
    if where and where != r.region():
        yield f"kmsKeyId names a key in {where}, the resource is in {r.region()}"


RULES = (
    Rule(
        id="DR-KEY-003",
        title="KMS keys can be replicated to the recovery region",
        severity=HIGH,
        types=("aws:kms/key:Key",),
        checks=(is_true("multiRegion"),),
        why=(
            "Data encrypted with a single-region key can be read nowhere else. It cannot be changed later. Prowler's "
            "kms_cmk_not_multi_region asks for the opposite: where keys may not leave a region, waive this rule."
        ),
        remedy="Set multiRegion to true when the key is made.",
        serves=(*OTHER_REGION, NIST_KEYS, PCI_KEYS),
    ),
    Rule(
        id="DR-KEY-004",
        title="KMS keys have a replica in another region",
        severity=HIGH,
        types=("aws:kms/key:Key",),
        scope="stack",
        checks=(has_replica,),
        why="A multi-region key without a replica is still in one region.",
        remedy="Add a kms.ReplicaKey in the recovery region. Give it a policy: that is not shared.",
        serves=(*OTHER_REGION, NIST_KEYS),
    ),
    Rule(
        id="DR-KEY-005",
        title="A replica key lies in another region than its key",
        severity=HIGH,
        types=(REPLICA,),
        checks=(replica_elsewhere,),
        why="A key and its replica in one region are lost together.",
        remedy="Set region of the ReplicaKey to the recovery region.",
        serves=(*OTHER_REGION, NIST_KEYS),
    ),
    Rule(
        id="DR-KEY-006",
        title="What is encrypted uses a key of its own region",
        severity=CRITICAL,
        types=(
            "aws:rds/instance:Instance",
            "aws:rds/cluster:Cluster",
            "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
            "aws:elasticache/replicationGroup:ReplicationGroup",
        ),
        checks=(own_region,),
        why="A replica that needs the lost region's key is as lost as that region.",
        remedy="Set kmsKeyId to a key, or a replica key, of the resource's region.",
        serves=(*OTHER_REGION, NIST_KEYS),
    ),
)
