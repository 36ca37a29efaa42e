"""AWS Backup over real snapshots."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.asserts.waiting import wait_until
from tests.sandbox.clouds.aws.test_rds import created

Client = Callable[..., Any]
ROLE = "arn:aws:iam::123456789012:role/backup"


def plan_of(backup: Any, name: str, vault: str, **rule: Any) -> str:
    rules = [{"RuleName": "daily", "TargetBackupVaultName": vault, "ScheduleExpression": "cron(0 4 * * ? *)", **rule}]
    made: str = backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": rules})["BackupPlanId"]
    return made


def test_a_plan_is_edited_selects_and_goes_only_after_its_selections(client: Client) -> None:
    backup = client("backup", "eu-north-1")
    backup.create_backup_vault(BackupVaultName="edited")
    plan = plan_of(backup, "edited", "edited")
    first = backup.get_backup_plan(BackupPlanId=plan)["VersionId"]
    changed = {"BackupPlanName": "edited", "Rules": [{"RuleName": "weekly", "TargetBackupVaultName": "edited"}]}
    backup.update_backup_plan(BackupPlanId=plan, BackupPlan=changed)
    shown = backup.get_backup_plan(BackupPlanId=plan)
    assert shown["BackupPlan"]["Rules"][0]["RuleName"] == "weekly"
    assert shown["VersionId"] != first
    tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "dr-backup", "ConditionValue": "x"}
    selection = backup.create_backup_selection(
        BackupPlanId=plan, BackupSelection={"SelectionName": "s", "IamRoleArn": ROLE, "ListOfTags": [tag]}
    )["SelectionId"]
    found = backup.get_backup_selection(BackupPlanId=plan, SelectionId=selection)["BackupSelection"]
    assert found["ListOfTags"] == [tag]
    assert backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"][0]["SelectionName"] == "s"
    with pytest.raises(ClientError, match="selections must be deleted"):
        backup.delete_backup_plan(BackupPlanId=plan)
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=selection)
    backup.delete_backup_plan(BackupPlanId=plan)
    with pytest.raises(ClientError):
        backup.get_backup_plan(BackupPlanId=plan)


def test_a_job_takes_a_snapshot_that_a_copy_brings_to_another_region(client: Client, world: SimpleNamespace) -> None:
    backup, far = client("backup", "eu-north-1"), client("backup", "us-east-1")
    source = created(client("rds", "eu-north-1"), "taken")
    backup.create_backup_vault(BackupVaultName="near")
    vault = far.create_backup_vault(BackupVaultName="far")["BackupVaultArn"]
    job = backup.start_backup_job(BackupVaultName="near", ResourceArn=source["DBInstanceArn"], IamRoleArn=ROLE)

    def done() -> Any:
        shown = backup.describe_backup_job(BackupJobId=job["BackupJobId"])
        return shown if shown["State"] != "RUNNING" else None

    finished: Any = wait_until(done, timeout=10, what="the backup job")
    assert finished["State"] == "COMPLETED", finished
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="near")["RecoveryPoints"]
    assert [point["ResourceArn"] for point in points] == [source["DBInstanceArn"]]
    copying = backup.start_copy_job(
        RecoveryPointArn=points[0]["RecoveryPointArn"],
        SourceBackupVaultName="near",
        DestinationBackupVaultArn=vault,
        IamRoleArn=ROLE,
    )
    wait_until(
        lambda: backup.describe_copy_job(CopyJobId=copying["CopyJobId"])["CopyJob"]["State"] == "COMPLETED",
        timeout=10,
        what="the copy job",
    )
    copied = far.list_recovery_points_by_backup_vault(BackupVaultName="far")["RecoveryPoints"]
    name = copied[0]["RecoveryPointArn"].split(":snapshot:")[1]
    assert ("us-east-1", name) in world.fabric.databases.kept
    shown = client("rds", "us-east-1").describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
    assert shown[0]["Status"] == "available"
    with pytest.raises(ClientError, match="contains recovery points"):
        far.delete_backup_vault(BackupVaultName="far")


def test_a_locked_vault_keeps_its_recovery_points(client: Client) -> None:
    backup = client("backup", "eu-north-1")
    source = created(client("rds", "eu-north-1"), "locked-in")
    backup.create_backup_vault(BackupVaultName="locked")
    backup.put_backup_vault_lock_configuration(BackupVaultName="locked", MinRetentionDays=35)
    with pytest.raises(ClientError, match="35 days"):
        backup.start_backup_job(BackupVaultName="locked", ResourceArn=source["DBInstanceArn"], IamRoleArn=ROLE)
    job = backup.start_backup_job(
        BackupVaultName="locked",
        ResourceArn=source["DBInstanceArn"],
        IamRoleArn=ROLE,
        Lifecycle={"DeleteAfterDays": 35},
    )
    wait_until(
        lambda: backup.describe_backup_job(BackupJobId=job["BackupJobId"])["State"] == "COMPLETED",
        timeout=10,
        what="the job",
    )
    point = backup.list_recovery_points_by_backup_vault(BackupVaultName="locked")["RecoveryPoints"][0]
    with pytest.raises(ClientError, match="locked"):
        backup.delete_recovery_point(BackupVaultName="locked", RecoveryPointArn=point["RecoveryPointArn"])


def test_a_schedule_takes_and_copies_what_the_tags_select(client: Client, world: SimpleNamespace) -> None:
    """An hour at this world's pace is a minute; here the rule is run as its schedule would."""
    from sandbox.clouds.aws.overlays.backup_jobs import Kept, interval_of, run_rule  # noqa: PLC0415 - loads moto

    assert interval_of("cron(0 * * * ? *)").total_seconds() == 3600  # type: ignore[union-attr]
    assert interval_of("cron(0 0/6 * * ? *)").total_seconds() == 6 * 3600  # type: ignore[union-attr]
    assert interval_of("cron(0 4 1/7 * ? *)").total_seconds() == 7 * 86400  # type: ignore[union-attr]
    backup, far = client("backup", "eu-north-1"), client("backup", "us-east-1")
    tags = [{"Key": "dr-backup", "Value": "samia-core"}]
    source = created(client("rds", "eu-north-1"), "scheduled", Tags=tags)
    backup.create_backup_vault(BackupVaultName="by-schedule")
    vault = far.create_backup_vault(BackupVaultName="by-schedule-far")["BackupVaultArn"]
    copy = {"DestinationBackupVaultArn": vault, "Lifecycle": {"DeleteAfterDays": 35}}
    plan = plan_of(backup, "by-schedule", "by-schedule", CopyActions=[copy])
    tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "dr-backup", "ConditionValue": "samia-core"}
    backup.create_backup_selection(
        BackupPlanId=plan, BackupSelection={"SelectionName": "s", "IamRoleArn": ROLE, "ListOfTags": [tag]}
    )
    rule = backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"][0]
    run_rule(world.planes.context.one(Kept), "eu-north-1", plan, rule)
    near = backup.list_recovery_points_by_backup_vault(BackupVaultName="by-schedule")["RecoveryPoints"]
    there = far.list_recovery_points_by_backup_vault(BackupVaultName="by-schedule-far")["RecoveryPoints"]
    assert [point["ResourceArn"] for point in near] == [source["DBInstanceArn"]]
    assert there[0]["Lifecycle"]["DeleteAfterDays"] == 35
