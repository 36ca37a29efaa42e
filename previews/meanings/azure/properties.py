"""Azure: wire names of pulumi-azure-native 3; defaults as the resource providers document them."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, StoreKind
from previews.units import ISO

_POSTGRES = "azure-native:dbforpostgresql:Server"
_MYSQL = "azure-native:dbformysql:Server"
_SQL = "azure-native:sql:Database"
_COSMOS = "azure-native:cosmosdb:DatabaseAccount"
_REDIS = "azure-native:redis:Redis"
_VAULT = "azure-native:keyvault:Vault"
_ACCOUNT = "azure-native:storage:StorageAccount"
_BLOBS = "azure-native:storage:BlobServiceProperties"
_BACKUP_VAULT = "azure-native:dataprotection:BackupVault"
_RECOVERY_VAULT = "azure-native:recoveryservices:Vault"
_REGISTRY = "azure-native:containerregistry:Registry"
_PROFILE = "azure-native:trafficmanager:Profile"
_ENDPOINT = "azure-native:trafficmanager:Endpoint"
_POOL = "azure-native:containerservice:AgentPool"

_SWITCH = ("Disabled", "Enabled")
_ROUTES = (
    "azure-native:cdn:AFDOrigin",
    "azure-native:cdn:AFDEndpoint",
    "azure-native:cdn:Route",
)
_LOCKS = (
    "azure-native:authorization:ManagementLockByScope",
    "azure-native:authorization:ManagementLockAtResourceGroupLevel",
    "azure-native:authorization:ManagementLockAtResourceLevel",
    "azure-native:authorization:ManagementLockAtSubscriptionLevel",
)

AZURE: tuple[Meaning, ...] = (
    *(
        meaning
        for server in (_POSTGRES, _MYSQL)
        for meaning in (
            Meaning(
                server, "backup.backupRetentionDays", "backup retention", Aspect.RETENTION, Better.HIGHER, "days", 7
            ),
            # Create-only in the service but nested, so that a preview says update and the service then refuses.
            Meaning(
                server,
                "backup.geoRedundantBackup",
                "geo-redundant backup",
                Aspect.GEO,
                Better.ORDER,
                default="Disabled",
                order=_SWITCH,
            ),
            Meaning(
                server,
                "highAvailability.mode",
                "high availability",
                Aspect.AVAILABILITY,
                Better.ORDER,
                default="Disabled",
                order=("Disabled", "SameZone", "ZoneRedundant"),
            ),
            Meaning(server, "sourceServerResourceId", "replication source", Aspect.REPLICA, Better.PROMOTE),
            Meaning(server, "location", "region", Aspect.GEO, Better.JUDGE),
            Meaning(server, "replicationRole", "replication role", Aspect.REPLICA, Better.JUDGE),
        )
    ),
    # A write-only command: setting it promotes the replica.
    Meaning(_POSTGRES, "replica.promoteMode", "promotion command", Aspect.REPLICA, Better.JUDGE),
    Meaning(
        _SQL,
        "requestedBackupStorageRedundancy",
        "backup redundancy",
        Aspect.GEO,
        Better.ORDER,
        default="Geo",
        order=("Local", "Zone", "Geo", "GeoZone"),
    ),
    Meaning(_SQL, "zoneRedundant", "zone redundancy", Aspect.AVAILABILITY, Better.ON, default=False),
    Meaning(
        "azure-native:sql:BackupShortTermRetentionPolicy",
        "retentionDays",
        "backup retention",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        7,
    ),
    Meaning(
        "azure-native:sql:LongTermRetentionPolicy",
        "weeklyRetention",
        "weekly backups kept",
        Aspect.RETENTION,
        Better.LONGER,
        notation=ISO,
    ),
    Meaning(
        "azure-native:sql:FailoverGroup",
        "readWriteEndpoint.failoverPolicy",
        "failover policy",
        Aspect.AVAILABILITY,
        Better.ORDER,
        order=("Manual", "Automatic"),
    ),
    Meaning(_COSMOS, "locations[*].locationName", "replica regions", Aspect.REPLICA, Better.MORE),
    Meaning(_COSMOS, "locations[*].isZoneRedundant", "zone redundancy", Aspect.AVAILABILITY, Better.ON, default=False),
    Meaning(_COSMOS, "locations[*].failoverPriority", "failover priority", Aspect.TRAFFIC, Better.JUDGE),
    Meaning(_COSMOS, "enableAutomaticFailover", "automatic failover", Aspect.AVAILABILITY, Better.ON, default=False),
    Meaning(
        _COSMOS,
        "enableMultipleWriteLocations",
        "writes in several regions",
        Aspect.AVAILABILITY,
        Better.ON,
        default=False,
    ),
    Meaning(
        _COSMOS,
        "backupPolicy.type",
        "backup mode",
        Aspect.RETENTION,
        Better.ORDER,
        default="Periodic",
        order=("Periodic", "Continuous"),
    ),
    Meaning(
        _COSMOS,
        "backupPolicy.continuousModeProperties.tier",
        "point-in-time window",
        Aspect.RETENTION,
        Better.ORDER,
        order=("Continuous7Days", "Continuous30Days"),
        absent="unknown",
    ),
    Meaning(
        _COSMOS,
        "backupPolicy.periodicModeProperties.backupIntervalInMinutes",
        "backup interval",
        Aspect.FREQUENCY,
        Better.LOWER,
        "min",
        240,
    ),
    Meaning(
        _COSMOS,
        "backupPolicy.periodicModeProperties.backupRetentionIntervalInHours",
        "backup retention",
        Aspect.RETENTION,
        Better.HIGHER,
        "h",
        8,
    ),
    Meaning(
        _COSMOS,
        "backupPolicy.periodicModeProperties.backupStorageRedundancy",
        "backup redundancy",
        Aspect.GEO,
        Better.ORDER,
        default="Geo",
        order=("Local", "Zone", "Geo"),
    ),
    Meaning(
        _REDIS, "redisConfiguration.rdbBackupEnabled", "cache snapshots", Aspect.RETENTION, Better.ON, default=False
    ),
    Meaning(
        _REDIS,
        "redisConfiguration.rdbBackupFrequency",
        "cache snapshot interval",
        Aspect.FREQUENCY,
        Better.LOWER,
        "min",
    ),
    Meaning(
        _REDIS, "redisConfiguration.aofBackupEnabled", "cache append log", Aspect.RETENTION, Better.ON, default=False
    ),
    Meaning(_REDIS, "replicasPerPrimary", "cache replicas", Aspect.AVAILABILITY, Better.HIGHER, "replicas", 1),
    Meaning(_VAULT, "properties.enablePurgeProtection", "purge protection", Aspect.DELETION, Better.ON, default=False),
    Meaning(_VAULT, "properties.enableSoftDelete", "soft delete", Aspect.DELETION, Better.ON, default=True),
    Meaning(
        _VAULT,
        "properties.softDeleteRetentionInDays",
        "window to undo a deletion",
        Aspect.DELETION,
        Better.HIGHER,
        "days",
        90,
    ),
    Meaning(
        _ACCOUNT,
        "sku.name",
        "storage redundancy",
        Aspect.GEO,
        Better.ORDER,
        order=(
            "Standard_LRS",
            "Standard_ZRS",
            "Standard_GRS",
            "Standard_RAGRS",
            "Standard_GZRS",
            "Standard_RAGZRS",
        ),
    ),
    Meaning(_ACCOUNT, "location", "region", Aspect.GEO, Better.JUDGE),
    Meaning(
        _ACCOUNT,
        "immutableStorageWithVersioning.enabled",
        "object immutability",
        Aspect.IMMUTABILITY,
        Better.ON,
        default=False,
    ),
    Meaning(_BLOBS, "isVersioningEnabled", "object versions", Aspect.RETENTION, Better.ON, default=False),
    Meaning(_BLOBS, "changeFeed.enabled", "change feed", Aspect.RETENTION, Better.ON, default=False),
    Meaning(
        _BLOBS, "deleteRetentionPolicy.enabled", "soft delete of objects", Aspect.DELETION, Better.ON, default=False
    ),
    Meaning(_BLOBS, "deleteRetentionPolicy.days", "deleted objects kept", Aspect.RETENTION, Better.HIGHER, "days"),
    Meaning(
        _BLOBS,
        "containerDeleteRetentionPolicy.enabled",
        "soft delete of containers",
        Aspect.DELETION,
        Better.ON,
        default=False,
    ),
    Meaning(
        _BLOBS,
        "containerDeleteRetentionPolicy.days",
        "deleted containers kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
    ),
    Meaning(
        _BLOBS, "restorePolicy.enabled", "point-in-time restore of objects", Aspect.RETENTION, Better.ON, default=False
    ),
    Meaning(_BLOBS, "restorePolicy.days", "point-in-time window of objects", Aspect.RETENTION, Better.HIGHER, "days"),
    Meaning(
        "azure-native:storage:BlobContainerImmutabilityPolicy",
        "immutabilityPeriodSinceCreationInDays",
        "immutability period",
        Aspect.IMMUTABILITY,
        Better.HIGHER,
        "days",
    ),
    Meaning(
        _BACKUP_VAULT,
        "properties.storageSettings[*].type",
        "backup redundancy",
        Aspect.GEO,
        Better.ORDER,
        order=("LocallyRedundant", "ZoneRedundant", "GeoRedundant"),
    ),
    Meaning(
        _BACKUP_VAULT,
        "properties.securitySettings.immutabilitySettings.state",
        "vault immutability",
        Aspect.IMMUTABILITY,
        Better.ORDER,
        default="Disabled",
        order=("Disabled", "Unlocked", "Locked"),
    ),
    Meaning(
        _BACKUP_VAULT,
        "properties.securitySettings.softDeleteSettings.state",
        "soft delete of backups",
        Aspect.DELETION,
        Better.ORDER,
        default="On",
        order=("Off", "On", "AlwaysOn"),
    ),
    Meaning(
        _BACKUP_VAULT,
        "properties.securitySettings.softDeleteSettings.retentionDurationInDays",
        "deleted backups kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        14,
    ),
    Meaning(
        _BACKUP_VAULT,
        "properties.featureSettings.crossRegionRestoreSettings.state",
        "restore in the other region",
        Aspect.GEO,
        Better.ORDER,
        default="Disabled",
        order=_SWITCH,
    ),
    Meaning(
        _RECOVERY_VAULT,
        "properties.redundancySettings.standardTierStorageRedundancy",
        "backup redundancy",
        Aspect.GEO,
        Better.ORDER,
        default="GeoRedundant",
        order=("LocallyRedundant", "ZoneRedundant", "GeoRedundant"),
    ),
    Meaning(
        _RECOVERY_VAULT,
        "properties.redundancySettings.crossRegionRestore",
        "restore in the other region",
        Aspect.GEO,
        Better.ORDER,
        default="Disabled",
        order=_SWITCH,
    ),
    Meaning(
        _RECOVERY_VAULT,
        "properties.securitySettings.immutabilitySettings.state",
        "vault immutability",
        Aspect.IMMUTABILITY,
        Better.ORDER,
        default="Disabled",
        order=("Disabled", "Unlocked", "Locked"),
    ),
    Meaning(
        _RECOVERY_VAULT,
        "properties.securitySettings.softDeleteSettings.softDeleteState",
        "soft delete of backups",
        Aspect.DELETION,
        Better.ORDER,
        default="Enabled",
        order=("Disabled", "Enabled", "AlwaysON"),
    ),
    Meaning(
        _REGISTRY,
        "zoneRedundancy",
        "zone redundancy",
        Aspect.AVAILABILITY,
        Better.ORDER,
        default="Disabled",
        order=_SWITCH,
    ),
    Meaning(
        _REGISTRY,
        "policies.softDeletePolicy.status",
        "soft delete of images",
        Aspect.DELETION,
        Better.ORDER,
        default="disabled",
        order=("disabled", "enabled"),
    ),
    Meaning(
        "azure-native:containerregistry:Replication",
        "regionEndpointEnabled",
        "image replica serves traffic",
        Aspect.TRAFFIC,
        Better.ON,
        default=True,
    ),
    Meaning(
        "azure-native:cdn:AFDOriginGroup",
        "healthProbeSettings.probeIntervalInSeconds",
        "health probe interval",
        Aspect.DETECTION,
        Better.LOWER,
        "s",
        240,
    ),
    *(
        Meaning(route, "enabledState", "route in use", Aspect.TRAFFIC, Better.ORDER, default="Enabled", order=_SWITCH)
        for route in _ROUTES
    ),
    Meaning("azure-native:cdn:AFDOrigin", "priority", "origin priority", Aspect.TRAFFIC, Better.JUDGE),
    Meaning("azure-native:cdn:AFDOrigin", "weight", "traffic weight", Aspect.TRAFFIC, Better.JUDGE),
    Meaning(_PROFILE, "dnsConfig.ttl", "DNS TTL", Aspect.TRAFFIC, Better.LOWER, "s", absent="unknown"),
    Meaning(
        _PROFILE, "monitorConfig.intervalInSeconds", "health check interval", Aspect.DETECTION, Better.LOWER, "s", 30
    ),
    Meaning(
        _PROFILE,
        "monitorConfig.toleratedNumberOfFailures",
        "failures tolerated",
        Aspect.DETECTION,
        Better.LOWER,
        default=3,
    ),
    Meaning(
        _ENDPOINT, "endpointStatus", "endpoint in use", Aspect.TRAFFIC, Better.ORDER, default="Enabled", order=_SWITCH
    ),
    # `alwaysServe` switches the probing of the endpoint off.
    Meaning(
        _ENDPOINT,
        "alwaysServe",
        "endpoint served without health checks",
        Aspect.DETECTION,
        Better.ORDER,
        default="Disabled",
        order=("Enabled", "Disabled"),
    ),
    Meaning(_ENDPOINT, "priority", "endpoint priority", Aspect.TRAFFIC, Better.JUDGE),
    Meaning(_ENDPOINT, "weight", "traffic weight", Aspect.TRAFFIC, Better.JUDGE),
    *(
        Meaning(
            lock,
            "level",
            "lock level",
            Aspect.DELETION,
            Better.ORDER,
            order=("NotSpecified", "CanNotDelete", "ReadOnly"),
        )
        for lock in _LOCKS
    ),
    Meaning("azure-native:monitor:MetricAlert", "enabled", "alarm", Aspect.DETECTION, Better.ON, default=True),
    Meaning(
        "azure-native:monitor:ActionGroup", "enabled", "who an alarm reaches", Aspect.DETECTION, Better.ON, default=True
    ),
    Meaning(_POOL, "maxCount", "room to grow", Aspect.CAPACITY, Better.HIGHER, "machines", absent="unknown"),
    Meaning(_POOL, "minCount", "machines always on", Aspect.CAPACITY, Better.HIGHER, "machines", absent="unknown"),
    Meaning(_POOL, "count", "machines", Aspect.CAPACITY, Better.HIGHER, "machines", absent="unknown"),
    Meaning(
        "azure-native:web:AppServicePlan",
        "zoneRedundant",
        "zone redundancy",
        Aspect.AVAILABILITY,
        Better.ON,
        default=False,
    ),
    Meaning(
        "azure-native:web:WebApp",
        "siteConfig.healthCheckPath",
        "health check of the app",
        Aspect.DETECTION,
        Better.PRESENT,
    ),
)

AZURE_GUARDS: tuple[Guard, ...] = (
    Guard("azure-native:sql:FailoverGroup", "failover group", Aspect.REPLICA),
    Guard("azure-native:sql:LongTermRetentionPolicy", "long-term backups", Aspect.RETENTION),
    Guard("azure-native:redis:LinkedServer", "cache geo-replication", Aspect.REPLICA),
    Guard("azure-native:storage:ObjectReplicationPolicy", "object replication", Aspect.GEO),
    Guard("azure-native:storage:BlobContainerImmutabilityPolicy", "immutability policy", Aspect.IMMUTABILITY),
    Guard("azure-native:dataprotection:BackupInstance", "backup of a data source", Aspect.RETENTION),
    Guard("azure-native:dataprotection:BackupPolicy", "backup policy", Aspect.RETENTION),
    Guard("azure-native:recoveryservices:ProtectedItem", "backup of an item", Aspect.RETENTION),
    Guard("azure-native:containerregistry:Replication", "image replica", Aspect.GEO),
    Guard("azure-native:dbforpostgresql:VirtualEndpoint", "name that follows a switchover", Aspect.TRAFFIC),
    Guard("azure-native:trafficmanager:Endpoint", "traffic endpoint", Aspect.TRAFFIC),
    Guard("azure-native:cdn:AFDOrigin", "front door origin", Aspect.TRAFFIC),
    Guard("azure-native:monitor:MetricAlert", "alarm", Aspect.DETECTION),
    *(Guard(lock, "management lock", Aspect.DELETION) for lock in _LOCKS),
)

AZURE_STORES: tuple[StoreKind, ...] = (
    StoreKind(_POSTGRES, "database", "", "backup.backupRetentionDays"),
    StoreKind(_MYSQL, "database", "", "backup.backupRetentionDays"),
    StoreKind("azure-native:dbforpostgresql:Database", "database"),
    StoreKind("azure-native:sql:Server", "database server", contains=True),
    StoreKind(_SQL, "database"),
    StoreKind(_COSMOS, "database", "", "backupPolicy.type"),
    StoreKind(_REDIS, "cache", "", "redisConfiguration.rdbBackupEnabled"),
    StoreKind("azure-native:redisenterprise:Database", "cache"),
    StoreKind(_VAULT, "key vault", "properties.enablePurgeProtection"),
    StoreKind(_ACCOUNT, "storage account", "immutableStorageWithVersioning.enabled"),
    StoreKind("azure-native:storage:BlobContainer", "container"),
    StoreKind("azure-native:storage:FileShare", "file share"),
    StoreKind(_BACKUP_VAULT, "backup vault"),
    StoreKind(_RECOVERY_VAULT, "recovery vault"),
    StoreKind(_REGISTRY, "image registry"),
    StoreKind("azure-native:compute:Disk", "disk"),
    StoreKind("azure-native:containerservice:ManagedCluster", "cluster", contains=True),
    StoreKind("azure-native:resources:ResourceGroup", "resource group", contains=True),
)
