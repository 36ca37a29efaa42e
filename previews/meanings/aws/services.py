"""AWS: warehouses, brokers, streams, file systems, search, domains. Wire names and defaults as in `properties`."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning

_REDSHIFT = "aws:redshift/cluster:Cluster"
_MEMORYDB = "aws:memorydb/cluster:Cluster"
_SEARCH = ("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain")
_DOMAIN = "aws:route53domains/registeredDomain:RegisteredDomain"
_REPLICA = "aws:dynamodb/tableReplica:TableReplica"
# The file systems of FSx, and how many days each keeps automatic backups unless told otherwise.
_FSX = (
    ("aws:fsx/lustreFileSystem:LustreFileSystem", 0),
    ("aws:fsx/ontapFileSystem:OntapFileSystem", 0),
    ("aws:fsx/openZfsFileSystem:OpenZfsFileSystem", 0),
    ("aws:fsx/windowsFileSystem:WindowsFileSystem", 7),
)


def _days(kind: str, path: str, label: str, default: int) -> Meaning:
    return Meaning(kind, path, label, Aspect.RETENTION, Better.HIGHER, "days", default)


def _switch(kind: str, path: str, label: str, aspect: Aspect, *, default: bool = False) -> Meaning:
    return Meaning(kind, path, label, aspect, Better.ON, default=default)


AWS_SERVICES: tuple[Meaning, ...] = (
    _days(_REDSHIFT, "automatedSnapshotRetentionPeriod", "snapshot retention", 1),
    _switch(_REDSHIFT, "multiAz", "standby in a second zone", Aspect.AVAILABILITY),
    Meaning(
        _REDSHIFT, "skipFinalSnapshot", "deletion without a final snapshot", Aspect.DELETION, Better.OFF, default=False
    ),
    _days(_MEMORYDB, "snapshotRetentionLimit", "snapshot retention", 0),
    Meaning(
        _MEMORYDB, "numReplicasPerShard", "replicas of each shard", Aspect.AVAILABILITY, Better.HIGHER, "replicas", 1
    ),
    _days("aws:elasticache/serverlessCache:ServerlessCache", "snapshotRetentionLimit", "snapshot retention", 0),
    _days("aws:elasticache/cluster:Cluster", "snapshotRetentionLimit", "snapshot retention", 0),
    *(_days(kind, "automaticBackupRetentionDays", "backup retention", default) for kind, default in _FSX),
    Meaning(
        "aws:sqs/queue:Queue", "messageRetentionSeconds", "messages kept", Aspect.RETENTION, Better.HIGHER, "s", 345600
    ),
    Meaning("aws:kinesis/stream:Stream", "retentionPeriod", "records kept", Aspect.RETENTION, Better.HIGHER, "h", 24),
    *(
        _switch(kind, "clusterConfig.zoneAwarenessEnabled", "nodes in several zones", Aspect.AVAILABILITY)
        for kind in _SEARCH
    ),
    _switch(_SEARCH[0], "clusterConfig.multiAzWithStandbyEnabled", "standby in a second zone", Aspect.AVAILABILITY),
    Meaning(
        "aws:mq/broker:Broker",
        "deploymentMode",
        "standby in a second zone",
        Aspect.AVAILABILITY,
        Better.ORDER,
        default="SINGLE_INSTANCE",
        order=("SINGLE_INSTANCE", "ACTIVE_STANDBY_MULTI_AZ", "CLUSTER_MULTI_AZ"),
    ),
    Meaning(
        "aws:cognito/userPool:UserPool",
        "deletionProtection",
        "deletion protection",
        Aspect.DELETION,
        Better.ORDER,
        default="INACTIVE",
        order=("INACTIVE", "ACTIVE"),
    ),
    _switch("aws:networkfirewall/firewall:Firewall", "deleteProtection", "deletion protection", Aspect.DELETION),
    _switch(_DOMAIN, "transferLock", "transfer lock of the domain", Aspect.DELETION, default=True),
    _switch(_DOMAIN, "autoRenew", "renewal of the domain", Aspect.DELETION, default=True),
    _switch(_REPLICA, "pointInTimeRecovery", "point-in-time recovery of the replica", Aspect.RETENTION),
    _switch(_REPLICA, "deletionProtectionEnabled", "deletion protection", Aspect.DELETION),
)

AWS_SERVICE_GUARDS: tuple[Guard, ...] = (Guard("aws:redshift/snapshotCopy:SnapshotCopy", "snapshot copy", Aspect.GEO),)
