"""ElastiCache keeps snapshots."""

from ..kernel import MEDIUM, Resource, Rule, days
from ..kernel.checks import at_least, unless
from ..kernel.standards import BACKUP


def without_snapshots(r: Resource) -> bool:
    """Memcached has none, and a member of a replication group takes those of the group."""
    return (r["engine"].text() or "").lower() == "memcached" or r["replicationGroupId"].present()


RULE = Rule(
    id="DR-RET-004",
    title="ElastiCache keeps snapshots",
    severity=MEDIUM,
    types=(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:elasticache/cluster:Cluster",
        "aws:elasticache/serverlessCache:ServerlessCache",
    ),
    checks=(unless(without_snapshots, at_least("snapshotRetentionLimit", "minDays", absent=0)),),
    thresholds=(days("minDays", 7, "shortest retention of cache snapshots"),),
    why="Left out, no snapshot is taken: a lost or poisoned cache starts empty, and the databases behind it feel it.",
    remedy="Set snapshotRetentionLimit.",
    fix={"snapshotRetentionLimit": "$minDays"},
    serves=BACKUP,
    see=(
        "checkov CKV_AWS_134",
        "AWS Config ELASTICACHE_REDIS_CLUSTER_AUTOMATIC_BACKUP_CHECK",
        "prowler elasticache_redis_cluster_backup_enabled",
    ),
    differs=(
        "CKV_AWS_134 asks for any snapshots, this rule for `minDays` of them: what keeps fewer days passes there."
    ),
)
