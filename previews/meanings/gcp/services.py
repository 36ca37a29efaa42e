"""
Google Cloud: schedules, zones, streams, caches, nodes, health checks and alarms. Names and defaults as in `properties`.
"""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, ladder, switch
from previews.schedules import CRON
from previews.units import PROTOBUF

_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
_BUCKET = "gcp:storage/bucket:Bucket"
_SCHEDULE = "gcp:spanner/backupSchedule:BackupSchedule"
_REDIS = "gcp:redis/instance:Instance"
_REDIS_CLUSTER = "gcp:redis/cluster:Cluster"
_POOL = "gcp:container/nodePool:NodePool"
_GKE_BACKUP = "gcp:gkebackup/backupPlan:BackupPlan"
_ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
_UPTIME = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
_CHECKS = ("gcp:compute/healthCheck:HealthCheck", "gcp:compute/regionHealthCheck:RegionHealthCheck")
_BACKENDS = ("gcp:compute/backendService:BackendService", "gcp:compute/regionBackendService:RegionBackendService")


def _lasting(kind: str, path: str, label: str, aspect: Aspect = Aspect.RETENTION) -> Meaning:
    return Meaning(kind, path, label, aspect, Better.LONGER, absent="unknown", notation=PROTOBUF)


def _amount(kind: str, path: str, label: str, aspect: Aspect, unit: str = "") -> Meaning:
    return Meaning(kind, path, label, aspect, Better.HIGHER, unit, absent="unknown")


GCP_SERVICES: tuple[Meaning, ...] = (
    Meaning(_SQL, "settings.backupConfiguration.location", "where backups are kept", Aspect.GEO, Better.JUDGE),
    switch(_SQL, "settings.diskAutoresize", "storage that grows by itself", Aspect.CAPACITY, default=True),
    # ASYNC_TURBO has copied every new object to the other region within 15 minutes.
    ladder(_BUCKET, "rpo", "copying to the other region", Aspect.GEO, ("DEFAULT", "ASYNC_TURBO"), default="DEFAULT"),
    Meaning(_BUCKET, "customPlacementConfig.dataLocations", "regions of the objects", Aspect.GEO, Better.MORE),
    Meaning(
        _BUCKET,
        "lifecycleRules[*].condition.age",
        "objects kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="strong",
        limits=True,
    ),
    _amount("gcp:spanner/instance:Instance", "numNodes", "nodes", Aspect.CAPACITY, "nodes"),
    _lasting(_SCHEDULE, "retentionDuration", "backups kept"),
    Meaning(_SCHEDULE, "spec.cronSpec.text", "backup schedule", Aspect.FREQUENCY, Better.OFTEN, notation=CRON),
    ladder(
        "gcp:alloydb/instance:Instance",
        "availabilityType",
        "standby in a second zone",
        Aspect.AVAILABILITY,
        ("ZONAL", "REGIONAL"),
        default="REGIONAL",
    ),
    Meaning("gcp:bigtable/instance:Instance", "clusters[*].zone", "clusters", Aspect.REPLICA, Better.MORE),
    Meaning("gcp:bigtable/table:Table", "automatedBackupPolicy", "automated backups", Aspect.RETENTION, Better.PRESENT),
    Meaning(
        "gcp:bigtable/table:Table",
        "automatedBackupPolicy.retentionPeriod",
        "automated backups kept",
        Aspect.RETENTION,
        Better.JUDGE,
    ),
    _amount(_REDIS, "replicaCount", "cache replicas", Aspect.AVAILABILITY, "replicas"),
    ladder(
        _REDIS,
        "persistenceConfig.rdbSnapshotPeriod",
        "cache snapshot interval",
        Aspect.FREQUENCY,
        ("TWENTY_FOUR_HOURS", "TWELVE_HOURS", "SIX_HOURS", "ONE_HOUR"),
        absent="unknown",
    ),
    ladder(
        _REDIS,
        "transitEncryptionMode",
        "TLS of the cache",
        Aspect.ENCRYPTION,
        ("DISABLED", "SERVER_AUTHENTICATION"),
        default="DISABLED",
    ),
    _amount(_REDIS_CLUSTER, "replicaCount", "replicas of each shard", Aspect.AVAILABILITY, "replicas"),
    switch(_REDIS_CLUSTER, "deletionProtectionEnabled", "deletion protection", Aspect.DELETION),
    ladder(
        "gcp:filestore/instance:Instance",
        "tier",
        "tier of the file system",
        Aspect.AVAILABILITY,
        ("ZONAL", "REGIONAL"),
        absent="unknown",
    ),
    _lasting("gcp:secretmanager/secret:Secret", "versionDestroyTtl", "window to undo a deletion", Aspect.DELETION),
    *(
        Meaning(kind, "nodeLocations", "zones of the machines", Aspect.AVAILABILITY, Better.MORE)
        for kind in ("gcp:container/cluster:Cluster", _POOL)
    ),
    *(
        _amount(_POOL, path, label, Aspect.CAPACITY, "machines")
        for path, label in (
            ("autoscaling.maxNodeCount", "room to grow"),
            ("autoscaling.totalMaxNodeCount", "room to grow"),
            ("autoscaling.minNodeCount", "machines always on"),
            ("nodeCount", "machines"),
        )
    ),
    *(
        switch(_GKE_BACKUP, f"backupConfig.{path}", label, Aspect.RETENTION)
        for path, label in (
            ("includeVolumeData", "volumes in the backup"),
            ("includeSecrets", "secrets in the backup"),
            ("allNamespaces", "all namespaces in the backup"),
        )
    ),
    *(
        Meaning(check, path, label, Aspect.DETECTION, Better.LOWER, unit, default)
        for check in _CHECKS
        for path, label, unit, default in (
            ("checkIntervalSec", "health check interval", "s", 5),
            ("timeoutSec", "health check timeout", "s", 5),
            ("unhealthyThreshold", "failures tolerated", "", 2),
        )
    ),
    *(
        row
        for backend in _BACKENDS
        for row in (
            Meaning(backend, "healthChecks", "health check of the backends", Aspect.DETECTION, Better.PRESENT),
            Meaning(backend, "backends[*].group", "backends", Aspect.TRAFFIC, Better.MORE),
        )
    ),
    ladder(
        "gcp:compute/resourcePolicy:ResourcePolicy",
        "snapshotSchedulePolicy.retentionPolicy.onSourceDiskDelete",
        "snapshots of a deleted disk",
        Aspect.DELETION,
        ("APPLY_RETENTION_POLICY", "KEEP_AUTO_SNAPSHOTS"),
        default="KEEP_AUTO_SNAPSHOTS",
    ),
    *(
        _lasting(f"gcp:pubsub/{kind}", "messageRetentionDuration", "messages kept")
        for kind in ("topic:Topic", "subscription:Subscription")
    ),
    switch(
        "gcp:pubsub/subscription:Subscription", "retainAckedMessages", "messages kept for a replay", Aspect.RETENTION
    ),
    switch(_ALERT, "enabled", "alarm", Aspect.DETECTION, default=True),
    Meaning(_ALERT, "notificationChannels", "who an alarm reaches", Aspect.DETECTION, Better.MORE),
    Meaning(
        _UPTIME, "period", "interval of the probe", Aspect.DETECTION, Better.OFTEN, absent="unknown", notation=PROTOBUF
    ),
    switch(
        "gcp:artifactregistry/repository:Repository",
        "dockerConfig.immutableTags",
        "immutable tags",
        Aspect.IMMUTABILITY,
    ),
    _lasting(
        "gcp:backupdisasterrecovery/backupVault:BackupVault",
        "backupMinimumEnforcedRetentionDuration",
        "vault lock, shortest retention",
        Aspect.IMMUTABILITY,
    ),
    switch(_SQL, "settings.ipConfiguration.requireSsl", "TLS of connections", Aspect.ENCRYPTION),
    ladder(
        _SQL,
        "settings.ipConfiguration.sslMode",
        "TLS of connections",
        Aspect.ENCRYPTION,
        ("ALLOW_UNENCRYPTED_AND_ENCRYPTED", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"),
        default="ALLOW_UNENCRYPTED_AND_ENCRYPTED",
    ),
    Meaning(
        _SQL,
        "settings.ipConfiguration.ipv4Enabled",
        "reachable from the internet",
        Aspect.EXPOSURE,
        Better.OFF,
        default=True,
    ),
    Meaning(
        _SQL, "settings.ipConfiguration.authorizedNetworks[*].value", "who is let in", Aspect.EXPOSURE, Better.CLOSED
    ),
)

GCP_SERVICE_GUARDS: tuple[Guard, ...] = tuple(Guard(check, "health check", Aspect.DETECTION) for check in _CHECKS)
