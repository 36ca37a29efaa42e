"""Automated backups that are replicated into another region: the records, whose windows come from the real thing."""

import hashlib
from dataclasses import dataclass
from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance

from sandbox.clouds.context import Context


@dataclass(eq=False)
class AutomatedBackup:
    """`name` is the world's name of it, None until the first base has arrived."""

    database: DBInstance
    region: str
    retention_days: int
    context: Context
    arn: str
    kms_key_id: str | None = None
    name: str | None = None
    status: str = "active"
    failure: str = ""

    @classmethod
    def of(cls, database: DBInstance, region: str, retention_days: int, context: Context) -> "AutomatedBackup":
        digest = hashlib.sha256(f"{database.db_instance_arn}>{region}".encode()).hexdigest()[:26]
        return cls(
            database=database,
            region=region,
            retention_days=retention_days,
            context=context,
            arn=f"arn:aws:rds:{region}:{database.account_id}:auto-backup:ab-{digest}",
        )

    def shown(self) -> dict[str, Any]:
        window = {}
        source = self.database.db_instance_identifier
        for backup in self.context.fabric.databases.backups(self.region):
            if backup.kind == "continuous" and (
                backup.name == self.name or (not self.name and backup.source == source)
            ):
                window = {"EarliestTime": backup.earliest, "LatestTime": backup.latest}
        return {
            "DBInstanceArn": self.database.db_instance_arn,
            "DbiResourceId": self.database.dbi_resource_id,
            "Region": self.database.region,
            "DBInstanceIdentifier": source,
            "RestoreWindow": window,
            "AllocatedStorage": self.database.allocated_storage,
            "Status": self.status,
            "Port": self.database.port,
            "InstanceCreateTime": self.database.created,
            "MasterUsername": self.database.master_username,
            "Engine": self.database.engine,
            "EngineVersion": self.database.engine_version,
            "Encrypted": self.database.storage_encrypted,
            "KmsKeyId": self.kms_key_id,
            "BackupRetentionPeriod": self.retention_days,
            "DBInstanceAutomatedBackupsArn": self.arn,
            "DBInstanceAutomatedBackupsReplications": [],
        }


class AutomatedBackups:
    """All replicated backups of one world. The record of the source is kept: the source's region may be gone."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept: dict[str, AutomatedBackup] = {}

    def start(self, source: DBInstance, region: str, retention_days: int, kms_key_id: str | None) -> AutomatedBackup:
        backup = AutomatedBackup.of(source, region, retention_days, self._context)
        existing = self._kept.get(backup.arn)
        if existing is not None and existing.status != "retained":
            raise RDSClientError(
                "InvalidDBInstanceState", "Backups of this instance are replicated to this region already."
            )
        backup.kms_key_id = kms_key_id
        self._kept[backup.arn] = backup
        return backup

    def in_region(self, region: str) -> list[AutomatedBackup]:
        return [backup for backup in list(self._kept.values()) if backup.region == region]

    def of_arn(self, region: str, arn: str) -> AutomatedBackup:
        backup = self._kept.get(arn)
        if backup is None or backup.region != region:
            raise RDSClientError(
                "DBInstanceAutomatedBackupNotFound", f"There is no automated backup {arn} in {region}."
            )
        return backup

    def of_source(self, region: str, source_arn: str) -> AutomatedBackup:
        for backup in self.in_region(region):
            if backup.database.db_instance_arn == source_arn:
                return backup
        raise RDSClientError(
            "DBInstanceAutomatedBackupNotFound", f"Backups of {source_arn} are not replicated to {region}."
        )

    def forget(self, backup: AutomatedBackup) -> None:
        self._kept.pop(backup.arn, None)
