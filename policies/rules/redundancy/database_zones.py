"""Databases survive the loss of one zone."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule
from ..kernel.checks import is_one_of, is_true, unless
from ..kernel.following import is_azure_replica, is_rds_replica
from ..kernel.standards import REDUNDANCY

SQL = "azure-native:sql:Database"
INSTANCE = "azure-native:sql:ManagedInstance"
DOCUMENTS = "azure-native:mongocluster:MongoCluster"
MANAGED_REDIS = "azure-native:redisenterprise:RedisEnterprise"


def zones_come_from_elsewhere(r: Resource) -> bool:
    """A database in a pool lies where its pool does, and a secondary stands for another one; master cannot be set."""
    secondary = "secondary" in (r["createMode"].text() or "").lower()
    return secondary or r["elasticPoolId"].present() or r["databaseName"].text() == "master"


def standby(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type == MANAGED_REDIS:
        yield from is_one_of("highAvailability", "Enabled", absent="Enabled")(r, ctx)
    else:
        yield from is_one_of("properties.highAvailability.targetMode", "ZoneRedundantPreferred")(r, ctx)


def is_document_replica(r: Resource) -> bool:
    return (r["properties.createMode"].text() or "").lower() in ("georeplica", "replica")


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
        id="DR-HAV-019",
        title="DocumentDB clusters and Managed Redis have a standby",
        severity=HIGH,
        types=(DOCUMENTS, MANAGED_REDIS),
        checks=(unless(is_document_replica, standby),),
        why="Without one the loss of a machine, not only that of a zone, is an outage until Azure has built another.",
        remedy="Set properties.highAvailability.targetMode to ZoneRedundantPreferred, or highAvailability to Enabled.",
        serves=REDUNDANCY,
    ),
    Rule(
        id="DR-HAV-020",
        title="Azure SQL is spread over zones",
        severity=MEDIUM,
        types=(SQL, INSTANCE),
        checks=(unless(zones_come_from_elsewhere, is_true("zoneRedundant")),),
        why="Left out, all copies of the database lie in one zone, and their loss costs a failover to another region.",
        remedy="Set zoneRedundant to true, with a tier that has it (General Purpose, Business Critical, Hyperscale).",
        serves=REDUNDANCY,
        see=("checkov CKV_AZURE_229",),
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
