"""Azure's types that hold data, with what says whether they are protected and backed up."""

from __future__ import annotations

from previews.meanings.table import StoreKind

HOLDINGS: tuple[StoreKind, ...] = (
    StoreKind("azure-native:dbforpostgresql:Server", "database", "", "backup.backupRetentionDays"),
    StoreKind("azure-native:dbformysql:Server", "database", "", "backup.backupRetentionDays"),
    StoreKind("azure-native:dbforpostgresql:Database", "database"),
    StoreKind("azure-native:sql:Server", "database server", contains=True),
    StoreKind("azure-native:sql:Database", "database"),
    StoreKind("azure-native:cosmosdb:DatabaseAccount", "database", "", "backupPolicy.type"),
    StoreKind("azure-native:redis:Redis", "cache", "", "redisConfiguration.rdbBackupEnabled"),
    StoreKind("azure-native:mongocluster:MongoCluster", "database"),
    StoreKind("azure-native:redisenterprise:RedisEnterprise", "cache"),
    StoreKind("azure-native:redisenterprise:Database", "cache", "", "persistence.aofEnabled"),
    StoreKind("azure-native:keyvault:Vault", "key vault", "properties.enablePurgeProtection"),
    StoreKind("azure-native:storage:StorageAccount", "storage account", "immutableStorageWithVersioning.enabled"),
    StoreKind("azure-native:storage:BlobContainer", "container"),
    StoreKind("azure-native:storage:FileShare", "file share"),
    StoreKind("azure-native:dataprotection:BackupVault", "backup vault"),
    StoreKind("azure-native:recoveryservices:Vault", "recovery vault"),
    StoreKind("azure-native:containerregistry:Registry", "image registry"),
    StoreKind("azure-native:appconfiguration:ConfigurationStore", "configuration store", "enablePurgeProtection"),
    StoreKind("azure-native:compute:Disk", "disk"),
    StoreKind("azure-native:containerservice:ManagedCluster", "cluster", contains=True),
    StoreKind("azure-native:resources:ResourceGroup", "resource group", contains=True),
)
