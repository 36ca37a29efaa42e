"""AWS: wire names of pulumi-aws 7; defaults as its documentation gives them."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, StoreKind
from previews.schedules import AWS_SCHEDULE

_RDS = "aws:rds/instance:Instance"
_CLUSTER = "aws:rds/cluster:Cluster"
_TABLE = "aws:dynamodb/table:Table"
_BUCKET = "aws:s3/bucket:Bucket"
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
_PLAN = "aws:backup/plan:Plan"
_RECORD = "aws:route53/record:Record"
_HEALTH = "aws:route53/healthCheck:HealthCheck"
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"

AWS: tuple[Meaning, ...] = (
    # An RDS instance without backups cannot be a source of replicas: absent means 0 days.
    Meaning(_RDS, "backupRetentionPeriod", "backup retention", Aspect.RETENTION, Better.HIGHER, "days", 0),
    Meaning(_RDS, "deletionProtection", "deletion protection", Aspect.DELETION, Better.ON, default=False),
    Meaning(_RDS, "multiAz", "standby in a second zone", Aspect.AVAILABILITY, Better.ON, default=False),
    Meaning(_RDS, "skipFinalSnapshot", "deletion without a final snapshot", Aspect.DELETION, Better.OFF, default=False),
    Meaning(
        _RDS, "deleteAutomatedBackups", "deletion takes the backups too", Aspect.DELETION, Better.OFF, default=True
    ),
    # Removing it calls PromoteReadReplica: it looks like a plain update (provider documentation).
    Meaning(_RDS, "replicateSourceDb", "replication source", Aspect.REPLICA, Better.PROMOTE),
    Meaning(_RDS, "storageEncrypted", "encryption at rest", Aspect.ENCRYPTION, Better.ON, default=False),
    Meaning(_RDS, "kmsKeyId", "encryption key", Aspect.ENCRYPTION, Better.JUDGE),
    Meaning(_RDS, "publiclyAccessible", "reachable from the internet", Aspect.EXPOSURE, Better.OFF, default=False),
    Meaning(_RDS, "region", "region", Aspect.GEO, Better.JUDGE),
    Meaning(_CLUSTER, "backupRetentionPeriod", "backup retention", Aspect.RETENTION, Better.HIGHER, "days", 1),
    Meaning(_CLUSTER, "deletionProtection", "deletion protection", Aspect.DELETION, Better.ON, default=False),
    Meaning(
        _CLUSTER, "skipFinalSnapshot", "deletion without a final snapshot", Aspect.DELETION, Better.OFF, default=False
    ),
    Meaning(
        _CLUSTER, "deleteAutomatedBackups", "deletion takes the backups too", Aspect.DELETION, Better.OFF, default=True
    ),
    Meaning(_CLUSTER, "replicationSourceIdentifier", "replication source", Aspect.REPLICA, Better.PROMOTE),
    # Clearing it removes the cluster from the global database, which detaches and promotes it.
    Meaning(_CLUSTER, "globalClusterIdentifier", "global database membership", Aspect.REPLICA, Better.PROMOTE),
    Meaning(_CLUSTER, "backtrackWindow", "backtrack window", Aspect.RETENTION, Better.HIGHER, "s", 0),
    Meaning(_CLUSTER, "storageEncrypted", "encryption at rest", Aspect.ENCRYPTION, Better.ON, default=False),
    Meaning(_CLUSTER, "kmsKeyId", "encryption key", Aspect.ENCRYPTION, Better.JUDGE),
    Meaning(_CLUSTER, "region", "region", Aspect.GEO, Better.JUDGE),
    Meaning(
        "aws:rds/globalCluster:GlobalCluster",
        "deletionProtection",
        "deletion protection",
        Aspect.DELETION,
        Better.ON,
        default=False,
    ),
    Meaning(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "retentionPeriod",
        "retention of backups in the other region",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        7,
    ),
    *(
        meaning
        for cluster in ("aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster")
        for meaning in (
            Meaning(cluster, "backupRetentionPeriod", "backup retention", Aspect.RETENTION, Better.HIGHER, "days", 1),
            Meaning(cluster, "deletionProtection", "deletion protection", Aspect.DELETION, Better.ON, default=False),
            Meaning(
                cluster,
                "skipFinalSnapshot",
                "deletion without a final snapshot",
                Aspect.DELETION,
                Better.OFF,
                default=False,
            ),
        )
    ),
    Meaning(
        _TABLE, "pointInTimeRecovery.enabled", "point-in-time recovery", Aspect.RETENTION, Better.ON, default=False
    ),
    Meaning(
        _TABLE,
        "pointInTimeRecovery.recoveryPeriodInDays",
        "point-in-time window",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        35,
    ),
    Meaning(_TABLE, "deletionProtectionEnabled", "deletion protection", Aspect.DELETION, Better.ON, default=False),
    Meaning(_TABLE, "replicas[*].regionName", "replica regions", Aspect.REPLICA, Better.MORE),
    Meaning(
        _TABLE, "replicas[*].pointInTimeRecovery", "point-in-time recovery of the replica", Aspect.RETENTION, Better.ON
    ),
    Meaning(_BUCKET, "versioning.enabled", "object versions", Aspect.RETENTION, Better.ON, default=False),
    Meaning(_BUCKET, "forceDestroy", "deletion takes the objects too", Aspect.DELETION, Better.OFF, default=False),
    Meaning(_BUCKET, "objectLockEnabled", "object lock", Aspect.IMMUTABILITY, Better.ON, default=False),
    Meaning(_BUCKET, "region", "region", Aspect.GEO, Better.JUDGE),
    Meaning(
        "aws:s3/bucketVersioning:BucketVersioning",
        "versioningConfiguration.status",
        "object versions",
        Aspect.RETENTION,
        Better.ORDER,
        order=("Disabled", "Suspended", "Enabled"),
    ),
    Meaning(_LOCK, "rule.defaultRetention.days", "object lock period", Aspect.IMMUTABILITY, Better.HIGHER, "days"),
    Meaning(_LOCK, "rule.defaultRetention.years", "object lock period", Aspect.IMMUTABILITY, Better.HIGHER, "years"),
    Meaning(
        _LOCK,
        "rule.defaultRetention.mode",
        "object lock mode",
        Aspect.IMMUTABILITY,
        Better.ORDER,
        order=("GOVERNANCE", "COMPLIANCE"),
    ),
    Meaning(
        _REPLICATION, "rules[*].status", "replication rule", Aspect.GEO, Better.ORDER, order=("Disabled", "Enabled")
    ),
    Meaning(_REPLICATION, "rules[*].destination.bucket", "replication targets", Aspect.GEO, Better.MORE),
    Meaning(
        _REPLICATION,
        "rules[*].destination.replicationTime.time.minutes",
        "replication time limit",
        Aspect.FREQUENCY,
        Better.LOWER,
        "min",
    ),
    # No expiry rule at all keeps everything: absent is the strongest value.
    Meaning(
        _LIFECYCLE,
        "rules[*].noncurrentVersionExpiration.noncurrentDays",
        "old versions kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="strong",
        limits=True,
    ),
    Meaning(
        _LIFECYCLE,
        "rules[*].expiration.days",
        "objects kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="strong",
        limits=True,
    ),
    Meaning(_CACHE, "automaticFailoverEnabled", "automatic failover", Aspect.AVAILABILITY, Better.ON, default=False),
    Meaning(_CACHE, "multiAzEnabled", "standby in a second zone", Aspect.AVAILABILITY, Better.ON, default=False),
    Meaning(_CACHE, "snapshotRetentionLimit", "snapshot retention", Aspect.RETENTION, Better.HIGHER, "days", 0),
    Meaning(_CACHE, "globalReplicationGroupId", "global datastore membership", Aspect.REPLICA, Better.PROMOTE),
    Meaning(
        "aws:efs/backupPolicy:BackupPolicy",
        "backupPolicy.status",
        "file system backups",
        Aspect.RETENTION,
        Better.ORDER,
        order=("DISABLED", "ENABLED"),
    ),
    Meaning(_PLAN, "rules[*].schedule", "backup schedule", Aspect.FREQUENCY, Better.OFTEN, notation=AWS_SCHEDULE),
    Meaning(
        _PLAN,
        "rules[*].lifecycle.deleteAfter",
        "backups kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="strong",
    ),
    Meaning(_PLAN, "rules[*].copyActions[*].destinationVaultArn", "backup copy targets", Aspect.GEO, Better.MORE),
    Meaning(
        _PLAN,
        "rules[*].copyActions[*].lifecycle.deleteAfter",
        "backup copies kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="strong",
    ),
    Meaning(_PLAN, "rules[*].enableContinuousBackup", "continuous backup", Aspect.FREQUENCY, Better.ON, default=False),
    Meaning("aws:backup/selection:Selection", "resources", "resources backed up", Aspect.RETENTION, Better.MORE),
    Meaning(
        "aws:backup/vault:Vault",
        "forceDestroy",
        "deletion takes the backups too",
        Aspect.DELETION,
        Better.OFF,
        default=False,
    ),
    Meaning(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "minRetentionDays",
        "vault lock, shortest retention",
        Aspect.IMMUTABILITY,
        Better.HIGHER,
        "days",
    ),
    Meaning(
        "aws:backup/restoreTestingPlan:RestoreTestingPlan",
        "scheduleExpression",
        "restore test schedule",
        Aspect.DETECTION,
        Better.OFTEN,
        notation=AWS_SCHEDULE,
    ),
    # An alias record has no TTL of its own.
    Meaning(_RECORD, "ttl", "DNS TTL", Aspect.TRAFFIC, Better.LOWER, "s", absent="unknown"),
    Meaning(_RECORD, "healthCheckId", "health check of the record", Aspect.TRAFFIC, Better.PRESENT),
    Meaning(_RECORD, "aliases[*].evaluateTargetHealth", "alias follows target health", Aspect.TRAFFIC, Better.ON),
    Meaning(_RECORD, "weightedRoutingPolicies[*].weight", "traffic weight", Aspect.TRAFFIC, Better.JUDGE),
    Meaning(_RECORD, "failoverRoutingPolicies[*].type", "failover role", Aspect.TRAFFIC, Better.JUDGE),
    # A disabled health check counts as healthy, so that nothing ever fails over.
    Meaning(_HEALTH, "disabled", "health check disabled", Aspect.DETECTION, Better.OFF, default=False),
    Meaning(_HEALTH, "failureThreshold", "failures until unhealthy", Aspect.DETECTION, Better.LOWER, default=3),
    Meaning(_HEALTH, "requestInterval", "health check interval", Aspect.DETECTION, Better.LOWER, "s", 30),
    Meaning(_HEALTH, "invertHealthcheck", "health check inverted", Aspect.TRAFFIC, Better.JUDGE, default=False),
    Meaning(
        "aws:kms/key:Key", "deletionWindowInDays", "key deletion window", Aspect.DELETION, Better.HIGHER, "days", 30
    ),
    Meaning("aws:kms/key:Key", "isEnabled", "key enabled", Aspect.ENCRYPTION, Better.ON, default=True),
    Meaning("aws:kms/key:Key", "multiRegion", "key usable in other regions", Aspect.GEO, Better.ON, default=False),
    Meaning("aws:kms/replicaKey:ReplicaKey", "enabled", "key enabled", Aspect.ENCRYPTION, Better.ON, default=True),
    Meaning("aws:secretsmanager/secret:Secret", "replicas[*].region", "replica regions", Aspect.REPLICA, Better.MORE),
    Meaning(
        "aws:secretsmanager/secret:Secret",
        "recoveryWindowInDays",
        "window to undo a deletion",
        Aspect.DELETION,
        Better.HIGHER,
        "days",
        30,
    ),
    Meaning(
        "aws:ecr/repository:Repository",
        "forceDelete",
        "deletion takes the images too",
        Aspect.DELETION,
        Better.OFF,
        default=False,
    ),
    Meaning(
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        "replicationConfiguration.rules[*].destinations[*].region",
        "image replica regions",
        Aspect.GEO,
        Better.MORE,
    ),
    Meaning(
        "aws:lb/loadBalancer:LoadBalancer",
        "enableDeletionProtection",
        "deletion protection",
        Aspect.DELETION,
        Better.ON,
        default=False,
    ),
    Meaning(
        "aws:lb/targetGroup:TargetGroup",
        "healthCheck.interval",
        "health check interval",
        Aspect.DETECTION,
        Better.LOWER,
        "s",
        30,
    ),
    Meaning("aws:autoscaling/group:Group", "maxSize", "room to grow", Aspect.CAPACITY, Better.HIGHER, "machines"),
    Meaning("aws:autoscaling/group:Group", "minSize", "machines always on", Aspect.CAPACITY, Better.HIGHER, "machines"),
    Meaning(
        "aws:eks/cluster:Cluster",
        "deletionProtection",
        "deletion protection",
        Aspect.DELETION,
        Better.ON,
        default=False,
    ),
    Meaning(
        "aws:eks/nodeGroup:NodeGroup",
        "scalingConfig.maxSize",
        "room to grow",
        Aspect.CAPACITY,
        Better.HIGHER,
        "machines",
    ),
    Meaning(
        "aws:eks/nodeGroup:NodeGroup",
        "scalingConfig.minSize",
        "machines always on",
        Aspect.CAPACITY,
        Better.HIGHER,
        "machines",
    ),
    Meaning(_ALARM, "actionsEnabled", "alarm actions", Aspect.DETECTION, Better.ON, default=True),
    Meaning(_ALARM, "alarmActions", "who an alarm reaches", Aspect.DETECTION, Better.MORE),
    Meaning(_ALARM, "evaluationPeriods", "periods until the alarm", Aspect.DETECTION, Better.LOWER),
    Meaning(
        _ALARM,
        "treatMissingData",
        "silence of the metric counts as",
        Aspect.DETECTION,
        Better.ORDER,
        default="missing",
        order=("notBreaching", "ignore", "missing", "breaching"),
    ),
)

AWS_GUARDS: tuple[Guard, ...] = (
    Guard(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "backups in another region",
        Aspect.GEO,
    ),
    Guard("aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy", "snapshot copy", Aspect.GEO),
    Guard("aws:dynamodb/tableReplica:TableReplica", "table replica", Aspect.REPLICA),
    Guard("aws:s3/bucketVersioning:BucketVersioning", "object versions", Aspect.RETENTION),
    Guard(_REPLICATION, "bucket replication", Aspect.GEO),
    Guard(_LOCK, "object lock", Aspect.IMMUTABILITY),
    Guard("aws:efs/backupPolicy:BackupPolicy", "file system backups", Aspect.RETENTION),
    Guard("aws:efs/replicationConfiguration:ReplicationConfiguration", "file system replication", Aspect.GEO),
    Guard("aws:rds/clusterInstance:ClusterInstance", "instance of the cluster", Aspect.REPLICA),
    Guard("aws:docdb/clusterInstance:ClusterInstance", "instance of the cluster", Aspect.REPLICA),
    Guard("aws:neptune/clusterInstance:ClusterInstance", "instance of the cluster", Aspect.REPLICA),
    Guard(_PLAN, "backup plan", Aspect.RETENTION),
    Guard("aws:backup/selection:Selection", "backup selection", Aspect.RETENTION),
    Guard("aws:backup/vaultLockConfiguration:VaultLockConfiguration", "vault lock", Aspect.IMMUTABILITY),
    Guard("aws:backup/restoreTestingPlan:RestoreTestingPlan", "restore test", Aspect.DETECTION),
    Guard("aws:ecr/replicationConfiguration:ReplicationConfiguration", "image replication", Aspect.GEO),
    Guard("aws:kms/replicaKey:ReplicaKey", "key in another region", Aspect.GEO),
    Guard(_HEALTH, "health check", Aspect.DETECTION),
    Guard(_ALARM, "alarm", Aspect.DETECTION),
)

AWS_STORES: tuple[StoreKind, ...] = (
    StoreKind(_RDS, "database", "deletionProtection", "backupRetentionPeriod"),
    StoreKind(_CLUSTER, "database cluster", "deletionProtection", "backupRetentionPeriod"),
    StoreKind("aws:rds/globalCluster:GlobalCluster", "global database", "deletionProtection"),
    StoreKind("aws:docdb/cluster:Cluster", "database cluster", "deletionProtection", "backupRetentionPeriod"),
    StoreKind("aws:neptune/cluster:Cluster", "database cluster", "deletionProtection", "backupRetentionPeriod"),
    StoreKind(_TABLE, "table", "deletionProtectionEnabled", "pointInTimeRecovery.enabled"),
    StoreKind(_BUCKET, "bucket", "objectLockEnabled", "versioning.enabled"),
    StoreKind(_CACHE, "cache", "", "snapshotRetentionLimit"),
    StoreKind("aws:elasticache/globalReplicationGroup:GlobalReplicationGroup", "global datastore"),
    StoreKind("aws:efs/fileSystem:FileSystem", "file system"),
    StoreKind("aws:ebs/volume:Volume", "volume"),
    StoreKind("aws:backup/vault:Vault", "backup vault"),
    StoreKind("aws:kms/key:Key", "encryption key"),
    StoreKind("aws:secretsmanager/secret:Secret", "secret"),
    StoreKind("aws:ecr/repository:Repository", "image repository"),
    StoreKind("aws:eks/cluster:Cluster", "cluster", "deletionProtection", contains=True),
)
