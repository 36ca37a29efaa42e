"""Azure's databases and caches. Names of pulumi-azure-native 3; defaults as the resource providers document them."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, ladder, switch
from previews.units import ISO, SHORT

_POSTGRES = "azure-native:dbforpostgresql:Server"
_MYSQL = "azure-native:dbformysql:Server"
_SQL = "azure-native:sql:Database"
_SQL_GROUP = "azure-native:sql:FailoverGroup"
_SHORT_TERM = "azure-native:sql:BackupShortTermRetentionPolicy"
_LONG_TERM = "azure-native:sql:LongTermRetentionPolicy"
_INSTANCE = "azure-native:sql:ManagedInstance"
_COSMOS = "azure-native:cosmosdb:DatabaseAccount"
_DOCUMENTS = "azure-native:mongocluster:MongoCluster"
_REDIS = "azure-native:redis:Redis"
_MANAGED_REDIS = "azure-native:redisenterprise:RedisEnterprise"
_MANAGED_REDIS_DATA = "azure-native:redisenterprise:Database"

_SWITCH = ("Disabled", "Enabled")
_TLS = ("1.0", "1.1", "1.2", "1.3")

DATABASES: tuple[Meaning, ...] = (
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
            ladder(
                server, "storage.autoGrow", "storage that grows by itself", Aspect.CAPACITY, _SWITCH, default="Disabled"
            ),
            # A burstable server takes neither a standby nor replicas.
            Meaning(server, "sku.tier", "tier of the server", Aspect.CAPACITY, Better.JUDGE),
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
        _SHORT_TERM,
        "diffBackupIntervalInHours",
        "interval of differential backups",
        Aspect.FREQUENCY,
        Better.LOWER,
        "h",
        absent="unknown",
    ),
    *(
        Meaning(_LONG_TERM, path, label, Aspect.RETENTION, Better.LONGER, notation=ISO)
        for path, label in (
            ("weeklyRetention", "weekly backups kept"),
            ("monthlyRetention", "monthly backups kept"),
            ("yearlyRetention", "yearly backups kept"),
        )
    ),
    ladder(
        _SQL_GROUP, "readWriteEndpoint.failoverPolicy", "failover policy", Aspect.AVAILABILITY, ("Manual", "Automatic")
    ),
    Meaning(_SQL_GROUP, "databases", "databases in the failover group", Aspect.REPLICA, Better.MORE),
    Meaning(
        _SQL_GROUP,
        "readWriteEndpoint.failoverWithDataLossGracePeriodMinutes",
        "wait before a failover that loses data",
        Aspect.AVAILABILITY,
        Better.JUDGE,
        "min",
    ),
    ladder("azure-native:sql:Server", "minimalTlsVersion", "least TLS version", Aspect.ENCRYPTION, ("None", *_TLS)),
    switch(_INSTANCE, "zoneRedundant", "zone redundancy", Aspect.AVAILABILITY),
    ladder(
        _INSTANCE,
        "requestedBackupStorageRedundancy",
        "backup redundancy",
        Aspect.GEO,
        ("Local", "Zone", "Geo", "GeoZone"),
        default="Geo",
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
    ladder(_COSMOS, "minimalTlsVersion", "least TLS version", Aspect.ENCRYPTION, ("Tls", "Tls11", "Tls12")),
    ladder(
        _DOCUMENTS,
        "properties.highAvailability.targetMode",
        "high availability",
        Aspect.AVAILABILITY,
        ("Disabled", "SameZone", "ZoneRedundantPreferred"),
        default="Disabled",
    ),
    Meaning(
        _DOCUMENTS,
        "properties.replicaParameters.sourceResourceId",
        "replication source",
        Aspect.REPLICA,
        Better.PROMOTE,
    ),
    Meaning(_DOCUMENTS, "location", "region", Aspect.GEO, Better.JUDGE),
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
    ladder(
        _REDIS, "sku.name", "tier of the cache", Aspect.AVAILABILITY, ("Basic", "Standard", "Premium"), absent="unknown"
    ),
    Meaning(_REDIS, "zones", "zones", Aspect.AVAILABILITY, Better.MORE),
    Meaning(_REDIS, "enableNonSslPort", "port without TLS", Aspect.ENCRYPTION, Better.OFF, default=False),
    ladder(_REDIS, "minimumTlsVersion", "least TLS version", Aspect.ENCRYPTION, _TLS, absent="unknown"),
    ladder(_MANAGED_REDIS, "highAvailability", "high availability", Aspect.AVAILABILITY, _SWITCH, default="Enabled"),
    Meaning(_MANAGED_REDIS, "zones", "zones", Aspect.AVAILABILITY, Better.MORE),
    ladder(_MANAGED_REDIS, "minimumTlsVersion", "least TLS version", Aspect.ENCRYPTION, _TLS, absent="unknown"),
    switch(_MANAGED_REDIS_DATA, "persistence.rdbEnabled", "cache snapshots", Aspect.RETENTION),
    switch(_MANAGED_REDIS_DATA, "persistence.aofEnabled", "cache append log", Aspect.RETENTION),
    Meaning(
        _MANAGED_REDIS_DATA,
        "persistence.rdbFrequency",
        "cache snapshot interval",
        Aspect.FREQUENCY,
        Better.OFTEN,
        absent="unknown",
        notation=SHORT,
    ),
    Meaning(
        _MANAGED_REDIS_DATA,
        "geoReplication.linkedDatabases[*].id",
        "caches linked to each other",
        Aspect.REPLICA,
        Better.MORE,
    ),
    ladder(
        _MANAGED_REDIS_DATA,
        "clientProtocol",
        "protocol of clients",
        Aspect.ENCRYPTION,
        ("Plaintext", "Encrypted"),
        default="Encrypted",
    ),
)

DATABASE_GUARDS: tuple[Guard, ...] = (
    Guard(_SQL_GROUP, "failover group", Aspect.REPLICA),
    Guard(_SHORT_TERM, "retention of backups", Aspect.RETENTION),
    Guard(_LONG_TERM, "long-term backups", Aspect.RETENTION),
    Guard("azure-native:redis:LinkedServer", "cache geo-replication", Aspect.REPLICA),
    Guard("azure-native:dbforpostgresql:VirtualEndpoint", "name that follows a switchover", Aspect.TRAFFIC),
    Guard("azure-native:dbforpostgresql:BackupsAutomaticAndOnDemand", "backup on demand", Aspect.RETENTION),
)
