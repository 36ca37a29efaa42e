"""Databases survive the loss of one zone."""

from ..kernel import HIGH, MEDIUM, Rule
from ..kernel.checks import is_one_of, is_true, unless
from ..kernel.following import is_azure_replica, is_rds_replica
from ..kernel.standards import REDUNDANCY

RULES = (
    Rule(
        id="DR-HAV-001",
        title="RDS instances have a standby in another zone",
        severity=HIGH,
        types=("aws:rds/instance:Instance",),
        checks=(unless(is_rds_replica, is_true("multiAz")),),
        why="The loss of a zone is the most frequent disaster; without a standby it costs a regional failover.",
        remedy="Set multiAz to true.",
        serves=REDUNDANCY,
        see=("checkov CKV_AWS_157", "AWS Config RDS_MULTI_AZ_SUPPORT", "prowler rds_instance_multi_az"),
    ),
    Rule(
        id="DR-HAV-002",
        title="Azure PostgreSQL and MySQL have a standby in another zone",
        severity=HIGH,
        types=("azure-native:dbforpostgresql:Server", "azure-native:dbformysql:Server"),
        checks=(unless(is_azure_replica, is_one_of("highAvailability.mode", "ZoneRedundant")),),
        why="SameZone survives the loss of a machine, not that of a zone.",
        remedy="Set highAvailability.mode to ZoneRedundant.",
        serves=REDUNDANCY,
        see=(
            "Azure Policy 493c215d-2553-4976-bc81-57d2c04fc8c1",
            "prowler postgresql_flexible_server_high_availability_enabled",
        ),
    ),
    Rule(
        id="DR-HAV-003",
        title="ElastiCache fails over between zones",
        severity=MEDIUM,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        checks=(is_true("automaticFailoverEnabled"), is_true("multiAzEnabled")),
        why="Without both, the loss of the primary's zone is an outage of the cache until somebody acts.",
        remedy="Set automaticFailoverEnabled and multiAzEnabled to true.",
        serves=REDUNDANCY,
        see=(
            "prowler elasticache_redis_cluster_automatic_failover_enabled",
            "prowler elasticache_redis_cluster_multi_az_enabled",
        ),
    ),
)
