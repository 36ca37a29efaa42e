"""Stores are encrypted at rest."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.checks import is_true, unless
from ..kernel.following import is_global_secondary, is_rds_replica, rds_source_region
from ..kernel.standards import GDPR_ENCRYPTION, NIST_BACKUP


def database(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["storageEncrypted"]
    if node.raw is None and is_rds_replica(r):
        # A replica in its source's region is as its source is; for one elsewhere the key alone decides.
        source, own = rds_source_region(r), r.region()
        if source and source != own and not r["kmsKeyId"].present():
            yield "kmsKeyId is absent: a replica of another region is encrypted with a key of its own only"
        return
    # Aurora takes true for the first kind of serverless clusters (provider docs), false for all others.
    absent = r.type == "aws:rds/cluster:Cluster" and (r["engineMode"].text() or "").lower() == "serverless"
    if (absent if node.raw is None else node.flag()) is not True:
        yield f"storageEncrypted is {node.shown()}, needs to be true"


def cache(r: Resource, ctx: Context) -> Iterator[str]:
    # Valkey encrypts unless told otherwise, Redis does not (provider docs).
    valkey = (r["engine"].text() or "").lower() == "valkey"
    yield from is_true("atRestEncryptionEnabled", absent=valkey)(r, ctx)


RULES = (
    Rule(
        id="DR-KEY-001",
        title="Databases and their backups are encrypted",
        severity=HIGH,
        types=(
            "aws:rds/instance:Instance",
            "aws:rds/cluster:Cluster",
            "aws:docdb/cluster:Cluster",
            "aws:neptune/cluster:Cluster",
        ),
        checks=(database,),
        why="Backups and replicas inherit it, and it cannot be turned on later: the database would be replaced.",
        remedy="Set storageEncrypted to true when the database is made.",
        serves=(GDPR_ENCRYPTION, NIST_BACKUP),
    ),
    Rule(
        id="DR-KEY-002",
        title="Caches and file systems are encrypted",
        severity=HIGH,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        checks=(unless(is_global_secondary, cache),),
        why="Snapshots of a cache hold what the cache holds: sessions, tokens, personal data.",
        remedy="Set atRestEncryptionEnabled to true when the group is made.",
        serves=(GDPR_ENCRYPTION, NIST_BACKUP),
    ),
)
