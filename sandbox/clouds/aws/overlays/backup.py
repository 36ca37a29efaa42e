"""
AWS Backup: selections, plans that can be edited, backup and copy jobs that take real snapshots, and recovery points.

moto has vaults, their locks and plans; nothing is ever selected, taken or listed.
"""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

from moto.backup.exceptions import AlreadyExistsException, InvalidRequestException, ResourceNotFoundException
from moto.backup.models import Plan
from moto.backup.responses import BackupResponse
from moto.core.utils import unix_time
from moto.rds.models import rds_backends

from sandbox.clouds.aws.overlays.backup_jobs import Job, Kept, RecoveryPoint, Selection, Target, run_schedules
from sandbox.clouds.context import Context


class Backup(BackupResponse):
    """The calls that moto lacks, and those it gets wrong."""

    context: ClassVar[Context]

    @property
    def kept(self) -> Kept:
        return self.context.one(Kept)

    def _part(self, after: str) -> str:
        """The part of the path behind `after`."""
        return str(self.path).split(f"/{after}/", 1)[1].split("/")[0]

    # plans
    def update_backup_plan(self) -> str:
        plan = self.backup_backend.get_backup_plan(self._part("plans"), None)
        fresh = Plan(json.loads(self.body)["BackupPlan"], plan.creator_request_id, self.backup_backend)
        plan.backup_plan, plan.version_id = fresh.backup_plan, fresh.version_id
        plan.advanced_backup_settings = fresh.advanced_backup_settings
        return json.dumps(dict(plan.to_dict()))

    def delete_backup_plan(self) -> str:
        identity = self._part("plans")
        if any(selection.plan == identity for selection in self.kept.selections.values()):
            raise InvalidRequestException(
                "Related backup plan selections must be deleted prior to backup plan deletion"
            )
        plan = self.backup_backend.get_backup_plan(identity, None)
        del self.backup_backend.plans[identity]
        return json.dumps({**plan.to_dict(), "DeletionDate": unix_time()})

    # selections
    def create_backup_selection(self) -> str:
        plan = self._part("plans")
        self.backup_backend.get_backup_plan(plan, None)
        content = json.loads(self.body)["BackupSelection"]
        same = [s for s in self.kept.selections.values() if s.plan == plan]
        if any(s.content["SelectionName"] == content["SelectionName"] for s in same):
            raise AlreadyExistsException("Backup selection with the same name already exists")
        made = Selection(str(uuid.uuid4()), plan, content, unix_time())
        self.kept.selections[made.identity] = made
        return json.dumps({"SelectionId": made.identity, "BackupPlanId": plan, "CreationDate": made.created})

    def _selection(self) -> Selection:
        identity = self._part("selections")
        if identity not in self.kept.selections:
            raise ResourceNotFoundException(f"Cannot find selection {identity}")
        return self.kept.selections[identity]

    def get_backup_selection(self) -> str:
        found = self._selection()
        return json.dumps(
            {
                "BackupSelection": found.content,
                "SelectionId": found.identity,
                "BackupPlanId": found.plan,
                "CreationDate": found.created,
            }
        )

    def delete_backup_selection(self) -> str:
        del self.kept.selections[self._selection().identity]
        return "{}"

    def list_backup_selections(self) -> str:
        plan = self._part("plans")
        shown = [
            {
                "SelectionId": selection.identity,
                "SelectionName": selection.content["SelectionName"],
                "BackupPlanId": plan,
                "CreationDate": selection.created,
                "IamRoleArn": selection.content["IamRoleArn"],
            }
            for selection in self.kept.selections.values()
            if selection.plan == plan
        ]
        return json.dumps({"BackupSelectionsList": shown})

    # vaults
    def delete_backup_vault(self) -> Any:
        name = self._part("backup-vaults")
        if any((point.vault, point.region) == (name, self.region) for point in self.kept.points.values()):
            raise InvalidRequestException("Backup vault cannot be deleted because it contains recovery points")
        return super().delete_backup_vault()

    def delete_backup_vault_lock_configuration(self) -> Any:
        vault = self.backup_backend.describe_backup_vault(self._part("backup-vaults"))
        if vault.lock_date is not None and unix_time() >= vault.lock_date:
            raise InvalidRequestException("Vault Lock configuration is immutable and cannot be deleted")
        return super().delete_backup_vault_lock_configuration()

    def list_recovery_points_by_backup_vault(self) -> str:
        name = self._part("backup-vaults")
        self.backup_backend.describe_backup_vault(name)
        shown = [
            point.shown(self.current_account)
            for point in self.kept.points.values()
            if (point.vault, point.region) == (name, self.region)
        ]
        return json.dumps({"RecoveryPoints": sorted(shown, key=lambda point: -point["CreationDate"])})

    def describe_recovery_point(self) -> str:
        return json.dumps(self._point().shown(self.current_account))

    def _point(self) -> RecoveryPoint:
        arn = unquote(self._part("recovery-points"))
        if arn not in self.kept.points:
            raise ResourceNotFoundException(f"Cannot find recovery point {arn}")
        return self.kept.points[arn]

    def delete_recovery_point(self) -> str:
        point = self._point()
        vault = self.backup_backend.describe_backup_vault(point.vault)
        age = datetime.now(UTC) - point.created
        if vault.locked and vault.min_retention_days and age < timedelta(days=vault.min_retention_days):
            raise InvalidRequestException("This recovery point cannot be deleted: the vault is locked")
        rds_backends[self.current_account][point.region].database_snapshots.pop(point.snapshot, None)
        self.context.fabric.databases.delete_backup(point.region, point.snapshot)
        vault.num_of_recovery_points -= 1
        del self.kept.points[point.arn]
        return "{}"

    # jobs
    def start_backup_job(self) -> str:
        asked = json.loads(self.body)
        self.backup_backend.describe_backup_vault(asked["BackupVaultName"])
        days = (asked.get("Lifecycle") or {}).get("DeleteAfterDays")
        self._check_retention(asked["BackupVaultName"], days)
        into, kept = Target(self.region, asked["BackupVaultName"], days), self.kept
        details = {"BackupVaultName": into.vault, "ResourceArn": asked["ResourceArn"]}
        job = kept.job(self.region, details)
        self.context.background("backup job", lambda: kept.take(into, asked["ResourceArn"], job))
        return json.dumps({"BackupJobId": job.identity, "CreationDate": unix_time()})

    def start_copy_job(self) -> str:
        asked = json.loads(self.body)
        source = self.kept.points.get(asked["RecoveryPointArn"])
        if source is None or source.region != self.region:
            raise ResourceNotFoundException(f"Cannot find recovery point {asked['RecoveryPointArn']}")
        to, kept = Target.of_arn(asked["DestinationBackupVaultArn"], asked.get("Lifecycle")), self.kept
        kept.backend(to.region).describe_backup_vault(to.vault)
        details = {"ResourceArn": source.resource, "DestinationBackupVaultArn": asked["DestinationBackupVaultArn"]}
        job = kept.job(self.region, details)
        self.context.background("copy job", lambda: kept.copy(source, to, job))
        return json.dumps({"CopyJobId": job.identity, "CreationDate": unix_time()})

    def _check_retention(self, name: str, days: int | None) -> None:
        vault = self.backup_backend.describe_backup_vault(name)
        if vault.locked and vault.min_retention_days and (days or 0) < vault.min_retention_days:
            raise InvalidRequestException(
                f"The vault's lock wants backups kept for {vault.min_retention_days} days at least"
            )

    def describe_backup_job(self) -> str:
        return self._described("backup-jobs", "BackupJobId")

    def describe_copy_job(self) -> str:
        job = self._found("copy-jobs")
        shown = job.shown()
        shown["DestinationRecoveryPointArn"] = shown.pop("RecoveryPointArn")
        return json.dumps({"CopyJob": {"CopyJobId": job.identity, **shown}})

    def _described(self, part: str, key: str) -> str:
        job = self._found(part)
        return json.dumps({key: job.identity, **job.shown()})

    def _found(self, part: str) -> Job:
        job = self.kept.jobs.get(self._part(part))
        if job is None or job.region != self.region:
            raise ResourceNotFoundException("Cannot find job")
        return job


def start(context: Context) -> None:
    context.background("backup schedules", lambda: run_schedules(context))


RESPONSES = {BackupResponse: Backup}
EXTRA_URLS = {
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/$": "dispatch",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/(?P<arn>.+)$": "dispatch",
    "{0}/backup-jobs/$": "dispatch",
    "{0}/backup-jobs/(?P<job>[^/]+)$": "dispatch",
    "{0}/copy-jobs/$": "dispatch",
    "{0}/copy-jobs/(?P<job>[^/]+)$": "dispatch",
}
