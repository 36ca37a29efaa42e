"""
RDS for PostgreSQL over real servers.

moto checks requests and keeps the records; this gives each record a database. What moto lacks or fakes: servers at all,
statuses that pass through creating to available, promotion that takes the replica off its source's list, a replica in
another region with its own record, standby failover, replicated automated backups, restore windows, restores.
"""

import copy
import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from moto.core.responses import ActionResult
from moto.rds.exceptions import (
    DBInstanceNotFoundError,
    InvalidDBInstanceStateFault,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBInstance, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

from sandbox.clouds.aws.overlays.rds_backups import AutomatedBackup, AutomatedBackups
from sandbox.clouds.context import Context
from sandbox.fabric import Backup, FabricError

log = logging.getLogger(__name__)

COPIED_TO_REPLICA = (
    "engine", "engine_version", "db_name", "master_username", "allocated_storage", "db_instance_class", "storage_type",
    "storage_encrypted", "port", "license_model", "preferred_backup_window", "preferred_maintenance_window",
)  # fmt: skip
DEFAULT_PORT_OF_POSTGRES = 5432


class Instance(DBInstance):
    """A record of moto's with the names that the world's name servers answer."""

    context: ClassVar[Context]
    failure: str = ""

    @property
    def address(self) -> str:
        return endpoint_name(self.db_instance_identifier, self.region, self.account_id)

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """Absent until the instance exists, as in RDS."""
        if self.status == "creating":
            return None
        return {
            "Address": self.address,
            "Port": self.port,
            "HostedZoneId": "ZRDS" + self.region.upper().replace("-", ""),
        }

    @property
    def latest_restorable_time(self) -> datetime | None:
        backup = continuous_backup(self.context, self.region, self.db_instance_identifier)
        return backup.latest if backup else None

    @property
    def secondary_availability_zone(self) -> str | None:
        """There while the standby could take over: RDS leaves it out while one is being made."""
        if not self.multi_az:
            return None
        state = self.context.fabric.databases.describe(self.region, self.db_instance_identifier)
        return f"{self.region}b" if state is not None and state.standby and state.standby_in_step else None

    @property
    def status_infos(self) -> list[dict[str, Any]]:
        if not self.source_db_instance_identifier:
            return []
        state = self.context.fabric.databases.describe(self.region, self.db_instance_identifier)
        streaming = state is not None and state.role == "replica" and state.status == "available"
        status = "replicating" if streaming else "error"
        return [{"StatusType": "read replication", "Normal": streaming, "Status": status, "Message": self.failure}]


def endpoint_name(identifier: str, region: str, account: str) -> str:
    """The middle label is the same for all instances of an account in a region, as in RDS."""
    middle = hashlib.sha256(f"{account}/{region}".encode()).hexdigest()[:12]
    return f"c{middle}".join((f"{identifier}.", f".{region}.rds.amazonaws.com"))


def continuous_backup(context: Context, region: str, source: str) -> Backup | None:
    found = [b for b in context.fabric.databases.backups(region) if b.kind == "continuous" and b.source == source]
    return max(found, key=lambda b: b.latest) if found else None


class RDS(RDSResponse):
    """The calls that have a real effect."""

    context: ClassVar[Context]

    # instances ----------------------------------------------------------------------------------------------------
    def create_db_instance(self) -> ActionResult:
        if self.params.get("Engine") != "postgres":
            raise InvalidParameterValue("The sandbox has PostgreSQL only: Engine must be postgres.")
        password = self.params.get("MasterUserPassword")
        if not password:
            raise InvalidParameterValue("The sandbox needs MasterUserPassword; it does not manage master passwords.")
        database = self._record(dict(self.params))
        shown = self._settle(
            database,
            "creating",
            lambda: self.context.fabric.databases.create(
                self.region,
                database.db_instance_identifier,
                database=database.db_name or "postgres",
                username=database.master_username,
                password=password,
                standby=bool(database.multi_az),
                retention_days=int(database.backup_retention_period),
            ),
        )
        return ActionResult({"DBInstance": shown})

    def create_db_instance_read_replica(self) -> ActionResult:
        source = self._source(self.params["SourceDBInstanceIdentifier"])
        if int(source.backup_retention_period) == 0:
            raise InvalidDBInstanceStateFault(
                f"Automated backups are not enabled for {source.db_instance_identifier}: "
                "set BackupRetentionPeriod above 0."
            )
        if source.status != "available":
            raise InvalidDBInstanceStateFault(f"The source {source.db_instance_identifier} is {source.status}.")
        crosses = source.region != self.region
        if crosses and source.storage_encrypted and not self.params.get("KmsKeyId"):
            raise InvalidParameterCombination(
                "An encrypted replica in another region needs KmsKeyId of a key in that region."
            )
        given = {name: getattr(source, name) for name in COPIED_TO_REPLICA}
        given.update(backup_retention_period=0, kms_key_id=source.kms_key_id, deletion_protection=False)
        given.update({k: v for k, v in self.params.items() if v is not None})
        given["source_db_instance_identifier"] = source.db_instance_arn if crosses else source.db_instance_identifier
        replica = self._record(given)
        replica.set_as_replica()
        source.add_replica(replica)
        shown = self._settle(
            replica,
            "creating",
            lambda: self.context.fabric.databases.create_replica(
                self.region,
                replica.db_instance_identifier,
                source_region=source.region,
                source=source.db_instance_identifier,
                standby=bool(replica.multi_az),
                retention_days=int(replica.backup_retention_period),
            ),
        )
        return ActionResult({"DBInstance": shown})

    def promote_read_replica(self) -> ActionResult:
        database = self._available(self.params["DBInstanceIdentifier"])
        if not database.source_db_instance_identifier:
            raise InvalidDBInstanceStateFault(f"{database.db_instance_identifier} is not a read replica.")
        retention = self.params.get("BackupRetentionPeriod")
        window = self.params.get("PreferredBackupWindow")

        def promote() -> None:
            databases = self.context.fabric.databases
            databases.promote(database.region, database.db_instance_identifier)
            _detach(database)
            if window:
                database.preferred_backup_window = window
            if retention is not None and int(retention) != database.backup_retention_period:
                databases.modify(database.region, database.db_instance_identifier, retention_days=int(retention))
                database.backup_retention_period = int(retention)

        shown = self._settle(database, "modifying", promote, back_to_on_failure="available")
        return ActionResult({"DBInstance": shown})

    def modify_db_instance(self) -> ActionResult:
        identifier = self.params["DBInstanceIdentifier"]
        if self.params.get("NewDBInstanceIdentifier"):
            raise InvalidParameterCombination("The sandbox does not rename a database.")
        before = self._find(identifier)
        standby, retention = bool(before.multi_az), int(before.backup_retention_period)
        password = self.params.pop("MasterUserPassword", None)  # moto would keep it in its records
        if password is not None and before.source_db_instance_identifier:
            raise InvalidDBInstanceStateFault(f"{identifier} is a read replica: it has the password of its source.")
        super().modify_db_instance()
        database = self._find(identifier)
        to_standby = bool(database.multi_az) if bool(database.multi_az) != standby else None
        to_retention = (
            int(database.backup_retention_period) if int(database.backup_retention_period) != retention else None
        )

        def modify() -> None:
            databases = self.context.fabric.databases
            if password is not None:
                databases.set_password(database.region, identifier, password)
            if to_standby is not None or to_retention is not None:
                databases.modify(database.region, identifier, standby=to_standby, retention_days=to_retention)

        if password is not None or to_standby is not None or to_retention is not None:
            database = self._settle(database, "modifying", modify, back_to_on_failure="available")
        return ActionResult({"DBInstance": database})

    def reboot_db_instance(self) -> ActionResult:
        database = self._available(self.params["DBInstanceIdentifier"])
        by_failover, databases = bool(self.params.get("ForceFailover")), self.context.fabric.databases
        if by_failover and not database.multi_az:
            raise InvalidParameterCombination("ForceFailover needs a Multi-AZ instance; this one has no standby.")
        reboot = databases.fail_over_to_standby if by_failover else databases.restart
        shown = self._settle(
            database,
            "rebooting",
            lambda: reboot(database.region, database.db_instance_identifier),
            back_to_on_failure="available",
        )
        return ActionResult({"DBInstance": shown})

    def delete_db_instance(self) -> ActionResult:
        database = self._find(self.params["DBInstanceIdentifier"])
        final, skip = self.params.get("FinalDBSnapshotIdentifier"), bool(self.params.get("SkipFinalSnapshot"))
        if database.deletion_protection:
            raise InvalidParameterCombination("Cannot delete protected DB Instance: turn DeletionProtection off first.")
        if database.source_db_instance_identifier and final:
            raise InvalidParameterCombination(
                "A final snapshot of a read replica cannot be taken: leave out its identifier."
            )
        if not database.source_db_instance_identifier and bool(final) == skip:
            raise InvalidParameterCombination("Give FinalDBSnapshotIdentifier, or SkipFinalSnapshot, and not both.")
        if final and final in self.backend.database_snapshots:
            raise RDSClientError("DBSnapshotAlreadyExists", f"Snapshot {final} exists.")
        if database.status == "deleting":
            raise InvalidDBInstanceStateFault(f"{database.db_instance_identifier} is being deleted.")
        backend = self.backend

        def delete() -> None:
            databases, identifier = self.context.fabric.databases, database.db_instance_identifier
            if final:
                snapshot = backend.create_db_snapshot(identifier, final)
                databases.snapshot(database.region, identifier, snapshot.db_snapshot_identifier)
            if databases.describe(database.region, identifier) is not None:  # else it never came up
                databases.delete(database.region, identifier)
            _detach(database)
            self.context.names.remove(database.address)
            backend.databases.pop(identifier, None)

        shown = self._settle(database, "deleting", delete, back_to_on_failure="failed")
        return ActionResult({"DBInstance": shown})

    # snapshots ----------------------------------------------------------------------------------------------------
    def create_db_snapshot(self) -> ActionResult:
        self._available(self.params["DBInstanceIdentifier"])
        super().create_db_snapshot()
        snapshot = self.backend.database_snapshots[self.params["DBSnapshotIdentifier"].lower()]
        shown = self._settle(
            snapshot,
            "creating",
            lambda: self.context.fabric.databases.snapshot(
                self.region, snapshot.db_instance_identifier, snapshot.db_snapshot_identifier
            ),
        )
        return ActionResult({"DBSnapshot": shown})

    def describe_db_snapshots(self) -> ActionResult:
        """Show also those that AWS Backup took, unless a type is asked for."""
        filters = list(self.params.get("Filters") or [])
        if not self.params.get("SnapshotType") and not any(f["Name"] == "snapshot-type" for f in filters):
            shown = {"Name": "snapshot-type", "Values": ["automated", "manual", "awsbackup"]}
            self.params["Filters"] = [*filters, shown]
        return super().describe_db_snapshots()

    def copy_db_snapshot(self) -> ActionResult:
        given = self.params["SourceDBSnapshotIdentifier"]
        region, name = (
            (given.split(":")[3], given.split(":", 6)[6]) if given.startswith("arn:") else (self.region, given)
        )
        source = rds_backends[self.current_account][region].database_snapshots.get(name)
        if source is not None and source.status != "available":
            raise RDSClientError("InvalidDBSnapshotState", f"Snapshot {name} is {source.status}.")
        super().copy_db_snapshot()
        snapshot = self.backend.database_snapshots[self.params["TargetDBSnapshotIdentifier"].lower()]
        shown = self._settle(
            snapshot,
            "creating",
            lambda: self.context.fabric.databases.copy_snapshot(
                region, name, self.region, snapshot.db_snapshot_identifier
            ),
        )
        return ActionResult({"DBSnapshot": shown})

    def delete_db_snapshot(self) -> ActionResult:
        result = super().delete_db_snapshot()
        self.context.fabric.databases.delete_backup(self.region, self.params["DBSnapshotIdentifier"].lower())
        return result

    def restore_db_instance_from_db_snapshot(self) -> ActionResult:
        given = self.params["DBSnapshotIdentifier"]
        name = given.split(":", 6)[6] if given.startswith("arn:") else given
        snapshot = self.backend.get_db_snapshot(given)
        if snapshot.status != "available":
            raise RDSClientError("InvalidDBSnapshotState", f"Snapshot {name} is {snapshot.status}.")
        database = self._record_like(snapshot.database, self.params["DBInstanceIdentifier"])
        return self._restore(database, name, None)

    # automated backups --------------------------------------------------------------------------------------------
    def start_db_instance_automated_backups_replication(self) -> ActionResult:
        source = self._source(self.params["SourceDBInstanceArn"])
        if source.region == self.region:
            raise InvalidParameterValue("SourceDBInstanceArn must be of another region.")
        if int(source.backup_retention_period) == 0:
            raise InvalidDBInstanceStateFault(f"Automated backups are not enabled for {source.db_instance_identifier}.")
        backup = self._automated.start(
            source, self.region, int(self.params.get("BackupRetentionPeriod") or 7), self.params.get("KmsKeyId")
        )

        def replicate() -> None:
            backup.name = self.context.fabric.databases.replicate_backups(
                source.region, source.db_instance_identifier, self.region
            )

        shown = self._settle(backup, "creating", replicate, settled="active")
        return ActionResult({"DBInstanceAutomatedBackup": shown.shown()})

    def stop_db_instance_automated_backups_replication(self) -> ActionResult:
        backup = self._automated.of_source(self.region, self.params["SourceDBInstanceArn"])
        if backup.name:
            self.context.fabric.databases.stop_replicating_backups(self.region, backup.name)
        backup.status = "retained"
        return ActionResult({"DBInstanceAutomatedBackup": backup.shown()})

    def delete_db_instance_automated_backup(self) -> ActionResult:
        backup = self._automated.of_arn(self.region, self.params["DBInstanceAutomatedBackupsArn"])
        if backup.name:
            self.context.fabric.databases.delete_backup(self.region, backup.name)
        self._automated.forget(backup)
        return ActionResult({"DBInstanceAutomatedBackup": backup.shown()})

    def describe_db_instance_automated_backups(self) -> ActionResult:
        shown = [backup.shown() for backup in self._automated.in_region(self.region)]
        shown += [
            own.shown()
            for database in list(self.backend.databases.values())  # one may be deleted meanwhile
            if int(database.backup_retention_period) and not database.source_db_instance_identifier
            for own in [AutomatedBackup.of(database, self.region, int(database.backup_retention_period), self.context)]
        ]
        for parameter in ("DBInstanceAutomatedBackupsArn", "DBInstanceIdentifier", "DbiResourceId"):
            wanted = self.params.get(parameter)
            if wanted:
                shown = [backup for backup in shown if backup[parameter] == wanted]
        if self.params.get("DBInstanceAutomatedBackupsArn") and not shown:
            raise RDSClientError("DBInstanceAutomatedBackupNotFound", "There is no such automated backup.")
        return ActionResult({"DBInstanceAutomatedBackups": shown})

    def restore_db_instance_to_point_in_time(self) -> ActionResult:
        moment, newest = _aware(self.params.get("RestoreTime")), bool(self.params.get("UseLatestRestorableTime"))
        if (moment is not None) == newest:
            raise InvalidParameterCombination("Give RestoreTime, or UseLatestRestorableTime, and not both.")
        arn, resource = self.params.get("SourceDBInstanceAutomatedBackupsArn"), self.params.get("SourceDbiResourceId")
        identifier = self.params.get("SourceDBInstanceIdentifier")
        if [bool(arn), bool(resource), bool(identifier)].count(True) != 1:
            raise InvalidParameterCombination(
                "Give one of SourceDBInstanceIdentifier, SourceDbiResourceId, SourceDBInstanceAutomatedBackupsArn."
            )
        if arn:
            replicated = self._automated.of_arn(self.region, arn)
            record, name = replicated.database, replicated.name
        else:
            record = self._of_resource(resource) if resource else self._find(identifier)
            own = continuous_backup(self.context, self.region, record.db_instance_identifier)
            name = own.name if own else None
        kept = next((b for b in self.context.fabric.databases.backups(self.region) if b.name == name), None)
        if kept is None:
            raise RDSClientError("InvalidRestoreFault", "This source has no restorable backup in this region.")
        if moment is not None and not kept.earliest <= moment <= kept.latest:
            raise RDSClientError(
                "InvalidRestoreFault", f"RestoreTime is outside the restore window {kept.earliest} to {kept.latest}."
            )
        database = self._record_like(record, self.params["TargetDBInstanceIdentifier"])
        return self._restore(database, kept.name, moment)

    # parts --------------------------------------------------------------------------------------------------------
    @property
    def _automated(self) -> AutomatedBackups:
        return self.context.one(AutomatedBackups)

    def _find(self, identifier: str) -> Instance:
        found = self.backend.databases.get(identifier)
        if not isinstance(found, Instance):
            raise DBInstanceNotFoundError(identifier)
        return found

    def _of_resource(self, resource_id: str) -> Instance:
        """Look in this region only: RDS does not find the source of replicated backups by its resource ID either."""
        for found in self.backend.databases.values():
            if isinstance(found, Instance) and found.dbi_resource_id == resource_id:
                return found
        raise DBInstanceNotFoundError(resource_id)

    def _available(self, identifier: str) -> Instance:
        database = self._find(identifier)
        if database.status != "available":
            raise InvalidDBInstanceStateFault(f"Instance {identifier} is {database.status}, not available.")
        return database

    def _source(self, given: str) -> Instance:
        region, identifier = (
            (given.split(":")[3], given.split(":")[6]) if given.startswith("arn:") else (self.region, given)
        )
        if not self.context.fabric.network.allowed(self.region, region):
            raise RDSClientError(
                "InternalFailure", f"The control plane of {region} cannot be reached from {self.region}."
            )
        found = rds_backends[self.current_account][region].databases.get(identifier)
        if not isinstance(found, Instance):
            raise DBInstanceNotFoundError(identifier)
        return found

    def _record(self, given: dict[str, Any]) -> Instance:
        if not self.context.fabric.network.has_capacity(self.region):
            message = f"The requested instance class has no capacity left in {self.region}."
            raise RDSClientError("InsufficientDBInstanceCapacity", message)
        given = {key: value for key, value in given.items() if value is not None}
        given["port"] = (
            self.context.ports.postgres if given.get("port") in (None, DEFAULT_PORT_OF_POSTGRES) else given["port"]
        )
        database = self.backend.create_db_instance(given)
        database.__class__ = type("DBInstance", (Instance,), {"context": self.context})
        database.dbi_resource_id = "db-" + hashlib.sha256(database.db_instance_arn.encode()).hexdigest()[:26].upper()
        _drop_pretended_snapshots(self.backend, database)
        self.context.names.add_database(database.address, self.region, database.db_instance_identifier)
        return cast("Instance", database)

    def _record_like(self, record: DBInstance, identifier: str) -> Instance:
        given = {name: getattr(record, name) for name in COPIED_TO_REPLICA}
        given.update(backup_retention_period=record.backup_retention_period, kms_key_id=record.kms_key_id)
        given.update({k: v for k, v in self.params.items() if v is not None})
        given["db_instance_identifier"] = identifier
        for key in ("source_db_instance_identifier", "db_snapshot_identifier"):
            given.pop(key, None)
        return self._record(given)

    def _restore(self, database: Instance, backup: str, moment: datetime | None) -> ActionResult:
        shown = self._settle(
            database,
            "creating",
            lambda: self.context.fabric.databases.restore(
                database.region,
                database.db_instance_identifier,
                backup=backup,
                target_time=moment,
                standby=bool(database.multi_az),
                retention_days=int(database.backup_retention_period),
            ),
        )
        return ActionResult({"DBInstance": shown})

    def _settle(
        self,
        record: Any,
        status: str,
        work: Callable[[], object],
        *,
        settled: str = "available",
        back_to_on_failure: str = "failed",
    ) -> Any:
        """
        Show `status`, do the work beside, show how it ended. A failure of the world is kept on the record.

        Gives back the record as it is now, for the answer: the work may be done before the answer is written.
        """
        record.status = status
        shown = copy.copy(record)

        def run() -> None:
            try:
                work()
            except FabricError as error:
                log.warning("%s of %s failed: %s", status, record, error)
                record.failure = str(error)
                record.status = back_to_on_failure
            except Exception:
                log.exception("%s of %s failed", status, record)
                record.failure = "internal error"
                record.status = back_to_on_failure
            else:
                record.failure = ""
                record.status = settled

        self.context.background(f"rds {status}", run)
        return shown


def _aware(moment: datetime | None) -> datetime | None:
    """moto's parser takes the zone off, having gone to UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _detach(database: DBInstance) -> None:
    """Make a replica stand alone, on its record and on its source's."""
    source = database.source_db_instance_identifier
    if not source:
        return
    region = source.split(":")[3] if source.startswith("arn:") else database.region
    identifier = source.split(":")[6] if source.startswith("arn:") else source
    record = rds_backends[database.account_id][region].databases.get(identifier)
    if record is not None:
        record.replicas = [
            r for r in record.replicas if r not in (database.db_instance_identifier, database.db_instance_arn)
        ]
    database.source_db_instance_identifier = None
    database.is_replica = False


def _drop_pretended_snapshots(backend: RDSBackend, database: DBInstance) -> None:
    """moto notes an automated snapshot at once; none was taken."""
    for name, snapshot in list(backend.database_snapshots.items()):
        if snapshot.snapshot_type == "automated" and snapshot.db_instance_identifier == database.db_instance_identifier:
            del backend.database_snapshots[name]


RESPONSES = {RDSResponse: RDS}
