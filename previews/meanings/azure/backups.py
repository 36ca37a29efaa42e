"""Azure's backup vaults, their policies, and the locks on all of it. Names and defaults as in `databases`."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, ladder
from previews.schedules import REPEATING
from previews.units import ISO

_BACKUP_VAULT = "azure-native:dataprotection:BackupVault"
_BACKUP_POLICY = "azure-native:dataprotection:BackupPolicy"
_RECOVERY_VAULT = "azure-native:recoveryservices:Vault"
_ITEM_POLICY = "azure-native:recoveryservices:ProtectionPolicy"

_SWITCH = ("Disabled", "Enabled")
_LOCKS = (
    "azure-native:authorization:ManagementLockByScope",
    "azure-native:authorization:ManagementLockAtResourceGroupLevel",
    "azure-native:authorization:ManagementLockAtResourceLevel",
    "azure-native:authorization:ManagementLockAtSubscriptionLevel",
)

BACKUPS: tuple[Meaning, ...] = (
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
        _RECOVERY_VAULT,
        "properties.securitySettings.softDeleteSettings.softDeleteRetentionPeriodInDays",
        "deleted backups kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        14,
    ),
    Meaning(
        _BACKUP_POLICY,
        "properties.policyRules[*].trigger.schedule.repeatingTimeIntervals[*]",
        "backup schedule",
        Aspect.FREQUENCY,
        Better.OFTEN,
        notation=REPEATING,
    ),
    Meaning(
        _BACKUP_POLICY,
        "properties.policyRules[*].lifecycles[*].deleteAfter.duration",
        "backups kept",
        Aspect.RETENTION,
        Better.LONGER,
        notation=ISO,
    ),
    ladder(
        _ITEM_POLICY,
        "properties.schedulePolicy.scheduleRunFrequency",
        "backup schedule",
        Aspect.FREQUENCY,
        ("Weekly", "Daily", "Hourly"),
    ),
    Meaning(
        _ITEM_POLICY,
        "properties.schedulePolicy.hourlySchedule.interval",
        "backup interval",
        Aspect.FREQUENCY,
        Better.LOWER,
        "h",
    ),
    *(
        Meaning(
            _ITEM_POLICY,
            f"properties.retentionPolicy.{name}Schedule.retentionDuration.count",
            f"{word} backups kept",
            Aspect.RETENTION,
            Better.HIGHER,
            unit,
        )
        for name, word, unit in (
            ("daily", "daily", "days"),
            ("weekly", "weekly", "weeks"),
            ("monthly", "monthly", "months"),
            ("yearly", "yearly", "years"),
        )
    ),
    # Of a file share: one number for all its copies.
    Meaning(
        _ITEM_POLICY,
        "properties.retentionPolicy.retentionDuration.count",
        "backups kept",
        Aspect.RETENTION,
        Better.HIGHER,
    ),
    Meaning(
        _ITEM_POLICY,
        "properties.instantRpRetentionRangeInDays",
        "snapshots for a quick restore kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        2,
    ),
    # A lock that is read-only is in no order with the others: it refuses the failover as well as the deletion.
    *(ladder(lock, "level", "lock level", Aspect.DELETION, ("NotSpecified", "CanNotDelete")) for lock in _LOCKS),
)

BACKUP_GUARDS: tuple[Guard, ...] = (
    Guard("azure-native:dataprotection:BackupInstance", "backup of a data source", Aspect.RETENTION),
    Guard(_BACKUP_POLICY, "backup policy", Aspect.RETENTION),
    Guard("azure-native:dataprotection:DppResourceGuardProxy", "second approval for the vault", Aspect.DELETION),
    Guard("azure-native:recoveryservices:ProtectedItem", "backup of an item", Aspect.RETENTION),
    Guard(_ITEM_POLICY, "backup policy", Aspect.RETENTION),
    Guard("azure-native:recoveryservices:ReplicationProtectedItem", "replication of a machine", Aspect.REPLICA),
    Guard("azure-native:recoveryservices:ResourceGuardProxy", "second approval for the vault", Aspect.DELETION),
    *(Guard(lock, "management lock", Aspect.DELETION) for lock in _LOCKS),
)
