"""Cloud SQL: backups, point-in-time recovery, a standby in another zone."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule, days
from ..kernel.checks import at_least, is_one_of, is_true, unless
from ..kernel.standards import BACKUP, REDUNDANCY

INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
BASE = "settings.backupConfiguration"


def is_replica(r: Resource) -> bool:
    """Cloud SQL makes no backups of a read replica, and refuses the settings for them."""
    return r["masterInstanceName"].present() or r["instanceType"].text() == "READ_REPLICA_INSTANCE"


def kept(r: Resource, ctx: Context) -> Iterator[str]:
    settings = r[f"{BASE}.backupRetentionSettings"]
    if (settings["retentionUnit"].text() or "COUNT").upper() == "COUNT":
        # A backup a day: their number is that of days. Left out, there are seven.
        yield from at_least(f"{BASE}.backupRetentionSettings.retainedBackups", "minDays", "backups", absent=7)(r, ctx)


def point_in_time(r: Resource, ctx: Context) -> Iterator[str]:
    mysql = (r["databaseVersion"].text() or "").upper().startswith("MYSQL")
    yield from is_true(f"{BASE}.{'binaryLogEnabled' if mysql else 'pointInTimeRecoveryEnabled'}")(r, ctx)


RULES = (
    Rule(
        id="DR-RET-025",
        title="Cloud SQL makes backups and keeps them long enough",
        severity=CRITICAL,
        types=(INSTANCE,),
        checks=(unless(is_replica, is_true(f"{BASE}.enabled")), unless(is_replica, kept)),
        thresholds=(days("minDays", 7, "life of a daily backup"),),
        why="Backups are off unless asked for. Read replicas are exempt: Cloud SQL makes none of them.",
        remedy="Set settings.backupConfiguration.enabled, and backupRetentionSettings.retainedBackups where 7 are few.",
        serves=BACKUP,
        see=("checkov CKV_GCP_14", "prowler cloudsql_instance_automated_backups"),
    ),
    Rule(
        id="DR-RET-026",
        title="Cloud SQL can be restored to a point in time",
        severity=HIGH,
        types=(INSTANCE,),
        checks=(
            unless(is_replica, point_in_time),
            unless(is_replica, at_least(f"{BASE}.transactionLogRetentionDays", "minDays", absent=7)),
        ),
        thresholds=(days("minDays", 7, "shortest point-in-time window"),),
        why="Without it a restore goes back to the last nightly backup. The window is 7 days unless told otherwise.",
        remedy="Set pointInTimeRecoveryEnabled (of MySQL: binaryLogEnabled), and transactionLogRetentionDays.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-HAV-018",
        title="Cloud SQL has a standby in another zone",
        severity=HIGH,
        types=(INSTANCE,),
        checks=(unless(is_replica, is_one_of("settings.availabilityType", "REGIONAL")),),
        why="Left out, an instance lies in one zone and is away as long as that zone is.",
        remedy="Set settings.availabilityType to REGIONAL.",
        serves=REDUNDANCY,
    ),
)
