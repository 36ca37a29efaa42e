"""What buckets, vaults, databases and zones hold, and who or what keeps it from being deleted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from scripts.clouds.aws.session import code_of, said
from scripts.core.errors import CloudFailed

if TYPE_CHECKING:
    from scripts.clouds.aws.session import Session

COUNTED = 100_000  # versions of a bucket that are counted at most
LOOKED_AT = 1_000  # versions whose lock is looked at: a call each
GIB = 1024**3
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Contents:
    """
    How many of what lie in it. `more`: there is more than was looked at. `locked` of them can be deleted by nobody,
    the last of those that were looked at from `until` on (None: no end is known).
    """

    count: int = 0
    size_bytes: int = 0
    more: bool = False
    locked: int = 0
    until: datetime | None = None


@dataclass(frozen=True)
class VaultLock:
    """`since`: from then on nobody can take the lock off; None: who has the right to can."""

    since: datetime | None

    def why_not_remove(self, now: datetime) -> str | None:
        """The reason, or None."""
        if self.since is None or self.since > now:
            return None
        return f"locked for good since {self.since:%Y-%m-%d}"


@dataclass(frozen=True)
class DatabaseShape:
    """`replica`: it follows another one."""

    protected: bool
    size_bytes: int
    replica: bool


def bucket(session: Session, region: str, name: str) -> Contents | None:
    """None where there is no such bucket. Delete markers and old versions count: a bucket goes only without them."""
    s3 = session.client("s3", region)
    try:
        with said(f"listing {name}"):
            found = list(islice(_versions(s3, name), COUNTED + 1))
            lockable = [each for each in found if "Size" in each] if _has_lock(s3, name) else []
            looked = lockable[:LOOKED_AT]
            with ThreadPoolExecutor(16) as pool:
                ends = list(pool.map(lambda each: _locked_until(s3, name, each), looked))
    except CloudFailed as error:
        if code_of(error) in {"NoSuchBucket", "404"}:
            return None
        raise
    locked = [end for end in ends if end is not None]
    known = [end for end in locked if end != FOREVER]
    return Contents(
        count=min(len(found), COUNTED),
        size_bytes=sum(int(each.get("Size", 0)) for each in found),
        more=len(found) > COUNTED or len(lockable) > LOOKED_AT,
        locked=len(locked),
        until=max(known) if locked and len(known) == len(locked) else None,
    )


def _versions(s3: Any, name: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        yield from page.get("Versions", [])
        yield from page.get("DeleteMarkers", [])


def _has_lock(s3: Any, name: str) -> bool:
    try:
        with said(f"asking for the lock of {name}"):
            shown = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    except CloudFailed as error:
        if code_of(error) == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return bool(shown.get("ObjectLockEnabled") == "Enabled")


def _locked_until(s3: Any, name: str, version: dict[str, Any]) -> datetime | None:
    """None: it can be deleted, if need be by who may bypass a lock in governance mode. A legal hold has no end."""
    shown = s3.head_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    if shown.get("ObjectLockLegalHoldStatus") == "ON":
        return FOREVER
    until: datetime | None = shown.get("ObjectLockRetainUntilDate")
    if shown.get("ObjectLockMode") != "COMPLIANCE" or until is None or until <= datetime.now(UTC):
        return None
    return until


def vault(session: Session, region: str, name: str) -> tuple[Contents, VaultLock | None] | None:
    """What a backup vault holds, and its lock. None where there is no such vault."""
    backup = session.client("backup", region)
    try:
        with said(f"describing the vault {name}"):
            shown = backup.describe_backup_vault(BackupVaultName=name)
            pages = backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=name)
            points = [point for page in pages for point in page["RecoveryPoints"]]
    except CloudFailed as error:
        if code_of(error) in {"ResourceNotFoundException", "AccessDeniedException"}:  # AWS says either
            return None
        raise
    lock = VaultLock(shown.get("LockDate")) if shown.get("Locked") else None
    ends: list[Any] = [(point.get("CalculatedLifecycle") or {}).get("DeleteAt") for point in points]
    immovable = lock is not None and lock.why_not_remove(datetime.now(UTC)) is not None
    return Contents(
        count=len(points),
        size_bytes=sum(int(point.get("BackupSizeInBytes") or 0) for point in points),
        locked=len(points) if immovable else 0,
        until=max(ends) if immovable and ends and None not in ends else None,
    ), lock


def database(session: Session, region: str, identifier: str) -> DatabaseShape | None:
    """None where there is no such instance."""
    try:
        with said(f"describing {identifier}"):
            found = session.client("rds", region).describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    except CloudFailed as error:
        if code_of(error) in {"DBInstanceNotFound", "DBInstanceNotFoundFault"}:
            return None
        raise
    one = found[0]
    replica = bool(one.get("ReadReplicaSourceDBInstanceIdentifier"))
    return DatabaseShape(bool(one.get("DeletionProtection")), int(one.get("AllocatedStorage") or 0) * GIB, replica)


def zone_records(session: Session, zone: str) -> list[str]:
    """The names of the records in a hosted zone, without those that every zone has; empty where there is no zone."""
    try:
        with said(f"listing the zone {zone}"):
            pages = (
                session.client("route53", "us-east-1")
                .get_paginator("list_resource_record_sets")
                .paginate(HostedZoneId=zone)
            )
            found = [record for page in pages for record in page["ResourceRecordSets"]]
    except CloudFailed as error:
        if code_of(error) == "NoSuchHostedZone":
            return []
        raise
    return [str(each["Name"]).rstrip(".") for each in found if each["Type"] not in {"NS", "SOA"}]


def snapshots(session: Session, region: str) -> dict[str, str]:
    """The snapshots that were taken by hand or at a deletion: name -> the instance that they are of."""
    with said(f"listing the snapshots in {region}"):
        pages = session.client("rds", region).get_paginator("describe_db_snapshots").paginate(SnapshotType="manual")
        return {
            each["DBSnapshotIdentifier"]: each["DBInstanceIdentifier"] for page in pages for each in page["DBSnapshots"]
        }


def kept_backups(session: Session, region: str) -> dict[str, str]:
    """Automated backups of instances that are gone, or are no longer copied here: ARN -> the instance."""
    with said(f"listing the automated backups in {region}"):
        pages = session.client("rds", region).get_paginator("describe_db_instance_automated_backups").paginate()
        return {
            each["DBInstanceAutomatedBackupsArn"]: each["DBInstanceIdentifier"]
            for page in pages
            for each in page["DBInstanceAutomatedBackups"]
            if each.get("Status") == "retained"
        }


def delete_snapshot(session: Session, region: str, name: str) -> None:
    """Already gone counts as done."""
    try:
        with said(f"deleting the snapshot {name}"):
            session.client("rds", region, slow=True).delete_db_snapshot(DBSnapshotIdentifier=name)
    except CloudFailed as error:
        if code_of(error) not in {"DBSnapshotNotFound", "DBSnapshotNotFoundFault"}:
            raise


def delete_kept_backup(session: Session, region: str, arn: str) -> None:
    """Already gone counts as done."""
    try:
        with said(f"deleting the automated backup {arn}"):
            session.client("rds", region, slow=True).delete_db_instance_automated_backup(
                DBInstanceAutomatedBackupsArn=arn
            )
    except CloudFailed as error:
        if code_of(error) not in {"DBInstanceAutomatedBackupNotFound", "DBInstanceAutomatedBackupNotFoundFault"}:
            raise
