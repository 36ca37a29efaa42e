"""
What AWS Backup keeps and does, in all regions of one world: selections, recovery points, jobs, and the schedules of
plans, which run as many times faster as the world's pace.
"""

import fnmatch
import logging
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.backup.models import BackupBackend, backup_backends
from moto.core.utils import unix_time
from moto.rds.models import rds_backends

from sandbox.clouds.aws.accounts import home_account
from sandbox.clouds.aws.overlays.rds_snapshots import copy_snapshot, take_snapshot
from sandbox.clouds.context import Context
from sandbox.fabric import FabricError

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0


@dataclass
class Selection:
    """What a plan covers."""

    identity: str
    plan: str
    content: dict[str, Any]
    created: float


@dataclass
class RecoveryPoint:
    """A snapshot in a vault. `snapshot` is RDS's name of it, in the vault's region."""

    arn: str
    vault: str
    region: str
    resource: str
    snapshot: str
    created: datetime
    delete_after_days: int | None

    def shown(self, account: str) -> dict[str, Any]:
        days = self.delete_after_days
        lifecycle = {"DeleteAfterDays": days} if days else {}
        deleted = {"DeleteAt": (self.created + timedelta(days=days)).timestamp()} if days else {}
        return {
            "RecoveryPointArn": self.arn,
            "BackupVaultName": self.vault,
            "BackupVaultArn": f"arn:aws:backup:{self.region}:{account}:backup-vault:{self.vault}",
            "ResourceArn": self.resource,
            "ResourceType": "RDS",
            "Status": "COMPLETED",
            "CreationDate": self.created.timestamp(),
            "CompletionDate": self.created.timestamp(),
            "IsEncrypted": True,
            "Lifecycle": lifecycle,
            "CalculatedLifecycle": deleted,
        }


@dataclass(frozen=True)
class Target:
    """A vault that a recovery point goes to, and for how long."""

    region: str
    vault: str
    keep_days: int | None

    @classmethod
    def of_arn(cls, arn: str, lifecycle: dict[str, Any] | None) -> "Target":
        parts = arn.split(":")
        return cls(parts[3], parts[6], (lifecycle or {}).get("DeleteAfterDays"))


@dataclass
class Job:
    """A backup or copy job."""

    identity: str
    region: str
    state: str = "CREATED"
    message: str = ""
    recovery_point: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {
            "State": self.state,
            "StatusMessage": self.message,
            "RecoveryPointArn": self.recovery_point,
            **self.details,
        }


class Kept:
    """What AWS Backup keeps, in all regions of one world."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.selections: dict[str, Selection] = {}
        self.points: dict[str, RecoveryPoint] = {}
        self.jobs: dict[str, Job] = {}

    def backend(self, region: str) -> BackupBackend:
        return backup_backends[home_account(self.context)][region]

    def job(self, region: str, details: dict[str, Any]) -> Job:
        made = Job(str(uuid.uuid4()), region, "RUNNING", details=details)
        self.jobs[made.identity] = made
        return made

    def take(self, to: Target, resource: str, job: Job) -> RecoveryPoint | None:
        """Take a snapshot of a database into a vault. What went wrong stands in the job."""
        name = f"awsbackup-job-{job.identity}"
        try:
            take_snapshot(self.context, to.region, resource.rsplit(":", 1)[-1], name)
        except (FabricError, LookupError) as error:
            job.state, job.message = "FAILED", str(error)
            return None
        return self._arrived(to, resource, name, job)

    def copy(self, source: RecoveryPoint, to: Target, job: Job) -> RecoveryPoint | None:
        name = f"awsbackup-copyjob-{job.identity}"
        try:
            copy_snapshot(self.context, source.region, source.snapshot, to.region, name)
        except (FabricError, LookupError) as error:
            job.state, job.message = "FAILED", str(error)
            return None
        return self._arrived(to, source.resource, name, job)

    def _arrived(self, to: Target, resource: str, name: str, job: Job) -> RecoveryPoint:
        arn = f"arn:aws:rds:{to.region}:{home_account(self.context)}:snapshot:{name}"
        point = RecoveryPoint(arn, to.vault, to.region, resource, name, datetime.now(UTC), to.keep_days)
        self.points[arn] = point
        self.backend(to.region).vaults[to.vault].num_of_recovery_points += 1
        job.state, job.recovery_point = "COMPLETED", arn
        return point

    def covered(self, region: str, selection: Selection) -> list[str]:
        """The databases that a selection names or finds by tag."""
        found = []
        content = selection.content
        for database in rds_backends[home_account(self.context)][region].databases.values():
            tags = {tag["Key"]: tag["Value"] for tag in database.tags}
            by_tag = any(
                tags.get(wanted["ConditionKey"]) == wanted["ConditionValue"]
                for wanted in content.get("ListOfTags") or []
            )
            by_name = any(fnmatch.fnmatch(database.db_instance_arn, p) for p in content.get("Resources") or [])
            if (by_tag or by_name) and database.status == "available" and not database.source_db_instance_identifier:
                found.append(str(database.db_instance_arn))
        return found


def interval_of(schedule: str) -> timedelta | None:
    """How often a cron expression of plain shape fires: every n hours, or every n days. None: another shape."""
    match = re.fullmatch(r"cron\(\d+ (?P<hour>\S+) (?P<day>\S+) \* \? \*\)", schedule)
    if match is None:
        return timedelta(days=1) if re.fullmatch(r"cron\(\d+ \d+ \? \* \* \*\)", schedule) else None
    if match["hour"] == "*":
        return timedelta(hours=1)
    if match["hour"].startswith("0/"):
        return timedelta(hours=int(match["hour"][2:]))
    if match["day"].startswith("1/"):
        return timedelta(days=int(match["day"][2:]))
    return timedelta(days=1) if match["day"] == "*" else None


def run_schedules(context: Context) -> None:
    kept = context.one(Kept)
    last: dict[tuple[str, str], float] = {}
    while not context.stopping.wait(LOOK_EVERY_SECONDS):
        now = unix_time()
        for region in context.fabric.regions:
            if not context.fabric.network.region_is_up(region):
                continue
            for plan in list(kept.backend(region).plans.values()):
                for rule in plan.backup_plan["Rules"]:
                    every = interval_of(rule["ScheduleExpression"])
                    key = (plan.backup_plan_id, rule["RuleName"])
                    due = last.setdefault(key, now) + every.total_seconds() / context.pace if every else None
                    if due is not None and now >= due:
                        last[key] = now
                        run_rule(kept, region, plan.backup_plan_id, rule)


def run_rule(kept: Kept, region: str, plan: str, rule: dict[str, Any]) -> None:
    """Take what the plan's selections cover, and copy it as the rule says."""
    into = Target(region, rule["TargetBackupVaultName"], (rule.get("Lifecycle") or {}).get("DeleteAfterDays"))
    for selection in [s for s in list(kept.selections.values()) if s.plan == plan]:
        for resource in kept.covered(region, selection):
            point = kept.take(into, resource, kept.job(region, {"ResourceArn": resource}))
            if point is None:
                continue
            for action in rule.get("CopyActions") or []:
                to = Target.of_arn(action["DestinationBackupVaultArn"], action.get("Lifecycle"))
                job = kept.job(region, {"ResourceArn": resource})
                if to.vault in kept.backend(to.region).vaults:
                    kept.copy(point, to, job)
                else:
                    job.state, job.message = "FAILED", f"there is no vault {to.vault} in {to.region}"
