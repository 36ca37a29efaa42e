"""
Google Cloud: wire names as the SDK of pulumi-gcp 10.2 has them; defaults as its documentation gives them.

Only what decides: whether data goes on a replacement or a deletion, what protects it, and what is kept of it. The SDK
is not installed beside this project, so that no test looks the names up again.
"""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, StoreKind
from previews.schedules import CRON
from previews.units import PROTOBUF, SHORT

_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
_BUCKET = "gcp:storage/bucket:Bucket"
_SPANNER = "gcp:spanner/database:Database"
_FIRESTORE = "gcp:firestore/database:Database"
_ALLOY = "gcp:alloydb/cluster:Cluster"
_BIGTABLE = "gcp:bigtable/instance:Instance"
_CLUSTER = "gcp:container/cluster:Cluster"
_KEY = "gcp:kms/cryptoKey:CryptoKey"
_GKE_PLAN = "gcp:gkebackup/backupPlan:BackupPlan"
_SNAPSHOTS = "gcp:compute/resourcePolicy:ResourcePolicy"


def _switch(kind: str, path: str, label: str, aspect: Aspect, *, default: bool) -> Meaning:
    return Meaning(kind, path, label, aspect, Better.ON, default=default)


GCP: tuple[Meaning, ...] = (
    _switch(_SQL, "settings.backupConfiguration.enabled", "automated backups", Aspect.RETENTION, default=False),
    _switch(
        _SQL,
        "settings.backupConfiguration.pointInTimeRecoveryEnabled",
        "point-in-time recovery",
        Aspect.RETENTION,
        default=False,
    ),
    Meaning(
        _SQL,
        "settings.backupConfiguration.backupRetentionSettings.retainedBackups",
        "backups kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "backups",
        7,
    ),
    Meaning(
        _SQL,
        "settings.backupConfiguration.transactionLogRetentionDays",
        "point-in-time window",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        7,
    ),
    Meaning(
        _SQL,
        "settings.availabilityType",
        "standby in a second zone",
        Aspect.AVAILABILITY,
        Better.ORDER,
        default="ZONAL",
        order=("ZONAL", "REGIONAL"),
    ),
    _switch(_SQL, "deletionProtection", "deletion protection of the provider", Aspect.DELETION, default=True),
    _switch(_SQL, "settings.deletionProtectionEnabled", "deletion protection", Aspect.DELETION, default=False),
    # Removing it promotes the replica.
    Meaning(_SQL, "masterInstanceName", "replication source", Aspect.REPLICA, Better.PROMOTE),
    Meaning(_SQL, "region", "region", Aspect.GEO, Better.JUDGE),
    _switch(_BUCKET, "versioning.enabled", "object versions", Aspect.RETENTION, default=False),
    Meaning(_BUCKET, "forceDestroy", "deletion takes the objects too", Aspect.DELETION, Better.OFF, default=False),
    Meaning(
        _BUCKET, "retentionPolicy.retentionPeriod", "retention of objects", Aspect.IMMUTABILITY, Better.HIGHER, "s"
    ),
    _switch(_BUCKET, "retentionPolicy.isLocked", "retention locked", Aspect.IMMUTABILITY, default=False),
    Meaning(
        _BUCKET,
        "softDeletePolicy.retentionDurationSeconds",
        "deleted objects kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "s",
        604800,
    ),
    Meaning(_BUCKET, "location", "location", Aspect.GEO, Better.JUDGE),
    Meaning(
        _SPANNER,
        "versionRetentionPeriod",
        "point-in-time window",
        Aspect.RETENTION,
        Better.LONGER,
        default="1h",
        notation=SHORT,
    ),
    _switch(_SPANNER, "deletionProtection", "deletion protection of the provider", Aspect.DELETION, default=True),
    _switch(_SPANNER, "enableDropProtection", "drop protection", Aspect.DELETION, default=False),
    Meaning("gcp:spanner/instance:Instance", "config", "instance configuration", Aspect.GEO, Better.JUDGE),
    Meaning(
        "gcp:spanner/instance:Instance",
        "forceDestroy",
        "deletion takes the backups too",
        Aspect.DELETION,
        Better.OFF,
        default=False,
    ),
    Meaning(
        _FIRESTORE,
        "pointInTimeRecoveryEnablement",
        "point-in-time recovery",
        Aspect.RETENTION,
        Better.ORDER,
        default="POINT_IN_TIME_RECOVERY_DISABLED",
        order=("POINT_IN_TIME_RECOVERY_DISABLED", "POINT_IN_TIME_RECOVERY_ENABLED"),
    ),
    Meaning(
        _FIRESTORE,
        "deleteProtectionState",
        "deletion protection",
        Aspect.DELETION,
        Better.ORDER,
        default="DELETE_PROTECTION_DISABLED",
        order=("DELETE_PROTECTION_DISABLED", "DELETE_PROTECTION_ENABLED"),
    ),
    Meaning(
        "gcp:firestore/backupSchedule:BackupSchedule",
        "retention",
        "backups kept",
        Aspect.RETENTION,
        Better.LONGER,
        notation=PROTOBUF,
    ),
    _switch(_ALLOY, "deletionProtection", "deletion protection of the provider", Aspect.DELETION, default=True),
    _switch(_ALLOY, "continuousBackupConfig.enabled", "continuous backup", Aspect.RETENTION, default=True),
    Meaning(
        _ALLOY,
        "continuousBackupConfig.recoveryWindowDays",
        "point-in-time window",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        14,
    ),
    _switch(_ALLOY, "automatedBackupPolicy.enabled", "automated backups", Aspect.RETENTION, default=True),
    Meaning(
        _ALLOY,
        "automatedBackupPolicy.timeBasedRetention.retentionPeriod",
        "backups kept",
        Aspect.RETENTION,
        Better.LONGER,
        absent="unknown",
        notation=PROTOBUF,
    ),
    Meaning(_ALLOY, "secondaryConfig.primaryClusterName", "replication source", Aspect.REPLICA, Better.PROMOTE),
    _switch(
        "gcp:bigtable/instance:Instance", "deletionProtection", "deletion protection", Aspect.DELETION, default=True
    ),
    Meaning(
        "gcp:bigtable/table:Table",
        "deletionProtection",
        "deletion protection",
        Aspect.DELETION,
        Better.ORDER,
        default="UNPROTECTED",
        order=("UNPROTECTED", "PROTECTED"),
    ),
    Meaning(
        "gcp:bigquery/dataset:Dataset",
        "deleteContentsOnDestroy",
        "deletion takes the tables too",
        Aspect.DELETION,
        Better.OFF,
        default=False,
    ),
    Meaning(
        "gcp:bigquery/dataset:Dataset",
        "maxTimeTravelHours",
        "time travel",
        Aspect.RETENTION,
        Better.HIGHER,
        "h",
        168,
    ),
    _switch("gcp:bigquery/table:Table", "deletionProtection", "deletion protection", Aspect.DELETION, default=True),
    _switch(
        "gcp:filestore/instance:Instance",
        "deletionProtectionEnabled",
        "deletion protection",
        Aspect.DELETION,
        default=False,
    ),
    Meaning(
        "gcp:redis/instance:Instance",
        "tier",
        "standby in a second zone",
        Aspect.AVAILABILITY,
        Better.ORDER,
        default="BASIC",
        order=("BASIC", "STANDARD_HA"),
    ),
    Meaning(
        "gcp:redis/instance:Instance",
        "persistenceConfig.persistenceMode",
        "snapshots",
        Aspect.RETENTION,
        Better.ORDER,
        default="DISABLED",
        order=("DISABLED", "RDB"),
    ),
    Meaning(
        _KEY,
        "destroyScheduledDuration",
        "key deletion window",
        Aspect.DELETION,
        Better.LONGER,
        default="2592000s",
        notation=PROTOBUF,
    ),
    Meaning(
        "gcp:secretmanager/secret:Secret",
        "replication.userManaged.replicas[*].location",
        "replica regions",
        Aspect.REPLICA,
        Better.MORE,
        absent="strong",
    ),
    _switch(
        "gcp:container/cluster:Cluster", "deletionProtection", "deletion protection", Aspect.DELETION, default=True
    ),
    Meaning(_GKE_PLAN, "backupSchedule.cronSchedule", "backup schedule", Aspect.FREQUENCY, Better.OFTEN, notation=CRON),
    Meaning(_GKE_PLAN, "backupSchedule.paused", "backup schedule paused", Aspect.FREQUENCY, Better.OFF, default=False),
    Meaning(_GKE_PLAN, "deactivated", "backup plan deactivated", Aspect.FREQUENCY, Better.OFF, default=False),
    Meaning(
        _GKE_PLAN,
        "retentionPolicy.backupRetainDays",
        "backups kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="strong",
    ),
    Meaning(
        _GKE_PLAN,
        "retentionPolicy.backupDeleteLockDays",
        "backups locked",
        Aspect.IMMUTABILITY,
        Better.HIGHER,
        "days",
        0,
    ),
    Meaning(
        _SNAPSHOTS,
        "snapshotSchedulePolicy.retentionPolicy.maxRetentionDays",
        "snapshots kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="unknown",
    ),
    Meaning("gcp:dns/recordSet:RecordSet", "ttl", "DNS TTL", Aspect.TRAFFIC, Better.LOWER, "s", absent="unknown"),
)

GCP_GUARDS: tuple[Guard, ...] = (
    Guard("gcp:firestore/backupSchedule:BackupSchedule", "backup schedule", Aspect.RETENTION),
    Guard("gcp:spanner/backupSchedule:BackupSchedule", "backup schedule", Aspect.RETENTION),
    Guard("gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment", "disk snapshots", Aspect.RETENTION),
    Guard(
        "gcp:compute/regionDiskResourcePolicyAttachment:RegionDiskResourcePolicyAttachment",
        "disk snapshots",
        Aspect.RETENTION,
    ),
    Guard(_GKE_PLAN, "backup plan", Aspect.RETENTION),
    Guard("gcp:monitoring/alertPolicy:AlertPolicy", "alarm", Aspect.DETECTION),
    Guard("gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", "health check", Aspect.DETECTION),
    Guard("gcp:resourcemanager/lien:Lien", "lien on the project", Aspect.DELETION),
)

GCP_STORES: tuple[StoreKind, ...] = (
    StoreKind(_SQL, "database", "settings.deletionProtectionEnabled", "settings.backupConfiguration.enabled"),
    StoreKind("gcp:sql/database:Database", "database"),
    StoreKind(_BUCKET, "bucket", "retentionPolicy.isLocked", "versioning.enabled"),
    StoreKind("gcp:spanner/instance:Instance", "database cluster", contains=True),
    StoreKind(_SPANNER, "database", "enableDropProtection", "versionRetentionPeriod"),
    StoreKind(_FIRESTORE, "database", "deleteProtectionState", "pointInTimeRecoveryEnablement"),
    StoreKind(_ALLOY, "database cluster", "", "continuousBackupConfig.enabled", contains=True),
    StoreKind("gcp:bigtable/instance:Instance", "database", "deletionProtection", contains=True),
    StoreKind("gcp:bigtable/table:Table", "table", "deletionProtection"),
    StoreKind("gcp:bigquery/dataset:Dataset", "data warehouse"),
    StoreKind("gcp:bigquery/table:Table", "table", "deletionProtection"),
    StoreKind("gcp:filestore/instance:Instance", "file system", "deletionProtectionEnabled"),
    StoreKind("gcp:redis/instance:Instance", "cache", "", "persistenceConfig.persistenceMode"),
    StoreKind("gcp:compute/disk:Disk", "disk"),
    StoreKind("gcp:compute/regionDisk:RegionDisk", "disk"),
    StoreKind("gcp:kms/cryptoKey:CryptoKey", "encryption key"),
    StoreKind("gcp:kms/keyRing:KeyRing", "encryption key"),
    StoreKind("gcp:secretmanager/secret:Secret", "secret"),
    StoreKind("gcp:artifactregistry/repository:Repository", "image registry"),
    StoreKind("gcp:container/cluster:Cluster", "cluster", "deletionProtection", contains=True),
    StoreKind("gcp:backupdisasterrecovery/backupVault:BackupVault", "backup vault"),
)
