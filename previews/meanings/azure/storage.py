"""Azure's key vaults, storage accounts, registries and configuration stores. Names and defaults as in `databases`."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, ladder, switch

_VAULT = "azure-native:keyvault:Vault"
_KEY = "azure-native:keyvault:Key"
_ACCOUNT = "azure-native:storage:StorageAccount"
_BLOBS = "azure-native:storage:BlobServiceProperties"
_SHARES = "azure-native:storage:FileServiceProperties"
_LIFECYCLE = "azure-native:storage:ManagementPolicy"
_IMMUTABILITY = "azure-native:storage:BlobContainerImmutabilityPolicy"
_REGISTRY = "azure-native:containerregistry:Registry"
_IMAGE_REPLICA = "azure-native:containerregistry:Replication"
_CONFIGURATION = "azure-native:appconfiguration:ConfigurationStore"

_SWITCH = ("Disabled", "Enabled")

STORAGE: tuple[Meaning, ...] = (
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
    switch(_ACCOUNT, "enableHttpsTrafficOnly", "HTTPS only", Aspect.ENCRYPTION, default=True),
    ladder(
        _ACCOUNT,
        "minimumTlsVersion",
        "least TLS version",
        Aspect.ENCRYPTION,
        ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"),
        absent="unknown",
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
        _IMMUTABILITY,
        "immutabilityPeriodSinceCreationInDays",
        "immutability period",
        Aspect.IMMUTABILITY,
        Better.HIGHER,
        "days",
    ),
    switch(_SHARES, "shareDeleteRetentionPolicy.enabled", "soft delete of shares", Aspect.DELETION),
    Meaning(_SHARES, "shareDeleteRetentionPolicy.days", "deleted shares kept", Aspect.RETENTION, Better.HIGHER, "days"),
    # A rule that deletes takes away: a new one is the weakening.
    *(
        Meaning(
            _LIFECYCLE,
            f"policy.rules[*].definition.actions.{path}",
            label,
            Aspect.RETENTION,
            Better.HIGHER,
            "days",
            absent="strong",
            limits=True,
        )
        for path, label in (
            ("baseBlob.delete.daysAfterModificationGreaterThan", "objects kept after a change"),
            ("baseBlob.delete.daysAfterCreationGreaterThan", "objects kept"),
            ("baseBlob.delete.daysAfterLastAccessTimeGreaterThan", "objects kept after an access"),
            ("snapshot.delete.daysAfterCreationGreaterThan", "snapshots of objects kept"),
            ("version.delete.daysAfterCreationGreaterThan", "old versions kept"),
        )
    ),
    switch(
        "azure-native:storage:BlobContainer",
        "immutableStorageWithVersioning.enabled",
        "object immutability",
        Aspect.IMMUTABILITY,
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
    ladder(
        _REGISTRY,
        "sku.name",
        "tier of the registry",
        Aspect.GEO,
        ("Basic", "Standard", "Premium"),
        absent="unknown",
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
    # What deletes takes away: a registry without it keeps images for ever.
    Meaning(
        _REGISTRY,
        "policies.retentionPolicy.days",
        "images without a tag kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="strong",
        limits=True,
    ),
    ladder(_IMAGE_REPLICA, "zoneRedundancy", "zone redundancy", Aspect.AVAILABILITY, _SWITCH, default="Disabled"),
    switch(_CONFIGURATION, "enablePurgeProtection", "purge protection", Aspect.DELETION),
    Meaning(
        _CONFIGURATION,
        "softDeleteRetentionInDays",
        "window to undo a deletion",
        Aspect.DELETION,
        Better.HIGHER,
        "days",
        7,
    ),
    switch(_KEY, "properties.attributes.enabled", "key in use", Aspect.ENCRYPTION, default=True),
    switch(
        "azure-native:keyvault:Secret",
        "properties.attributes.enabled",
        "secret in use",
        Aspect.ENCRYPTION,
        default=True,
    ),
)

STORAGE_GUARDS: tuple[Guard, ...] = (
    Guard("azure-native:storage:ObjectReplicationPolicy", "object replication", Aspect.GEO),
    Guard(_KEY, "encryption key", Aspect.ENCRYPTION),
    Guard(_IMMUTABILITY, "immutability policy", Aspect.IMMUTABILITY),
    Guard("azure-native:storage:BlobContainerLegalHold", "legal hold", Aspect.IMMUTABILITY),
    Guard(_IMAGE_REPLICA, "image replica", Aspect.GEO),
    Guard("azure-native:appconfiguration:Replica", "copy of the configuration", Aspect.GEO),
)
