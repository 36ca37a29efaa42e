"""RDS as the control plane shows it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.asserts.waiting import wait_until

Client = Callable[..., Any]

PRIMARY = {
    "DBInstanceClass": "db.r6g.large",
    "Engine": "postgres",
    "EngineVersion": "16",
    "AllocatedStorage": 100,
    "DBName": "core",
    "MasterUsername": "samia",
    "MasterUserPassword": "not-a-secret-here",
    "BackupRetentionPeriod": 14,
    "MultiAZ": True,
}


def settled(rds: Any, identifier: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
        return found if found["DBInstanceStatus"] in ("available", "failed") else None

    return wait_until(look, timeout=10, what=f"{identifier} to settle")  # type: ignore[return-value]


def created(rds: Any, identifier: str, **changes: Any) -> dict[str, Any]:
    rds.create_db_instance(DBInstanceIdentifier=identifier, **{**PRIMARY, **changes})
    return settled(rds, identifier)


def test_an_instance_passes_from_creating_to_available_and_gets_a_name_that_resolves(
    client: Client, world: SimpleNamespace
) -> None:
    rds = client("rds", "eu-north-1")
    answer = rds.create_db_instance(DBInstanceIdentifier="passes", **PRIMARY)["DBInstance"]
    assert answer["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in answer
    shown = settled(rds, "passes")
    assert shown["DBInstanceStatus"] == "available"
    address = shown["Endpoint"]["Address"]
    assert address.startswith("passes.")
    assert address.endswith(".eu-north-1.rds.amazonaws.com")
    assert shown["Endpoint"]["Port"] == world.ports.postgres
    assert world.names.databases[address] == ("eu-north-1", "passes")
    assert world.fabric.databases.states["eu-north-1", "passes"].standby


def test_a_promoted_replica_is_no_replica_on_either_record(client: Client, world: SimpleNamespace) -> None:
    north, west = client("rds", "eu-north-1"), client("rds", "eu-west-1")
    source = created(north, "source")
    west.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier=source["DBInstanceArn"]
    )
    shown = settled(west, "copy")
    assert shown["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceArn"]
    assert shown["Engine"] == "postgres"
    assert shown["StatusInfos"][0]["Status"] == "replicating"
    assert settled(north, "source")["ReadReplicaDBInstanceIdentifiers"] == [shown["DBInstanceArn"]]
    west.promote_read_replica(DBInstanceIdentifier="copy", BackupRetentionPeriod=7)
    shown = settled(west, "copy")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in shown
    assert shown["BackupRetentionPeriod"] == 7
    assert settled(north, "source")["ReadReplicaDBInstanceIdentifiers"] == []
    assert world.fabric.databases.states["eu-west-1", "copy"].role == "primary"


def test_a_replica_of_a_source_without_backups_is_refused(client: Client) -> None:
    north, west = client("rds", "eu-north-1"), client("rds", "eu-west-1")
    source = created(north, "no-backups", BackupRetentionPeriod=0)
    with pytest.raises(ClientError, match="Automated backups are not enabled"):
        west.create_db_instance_read_replica(
            DBInstanceIdentifier="refused", SourceDBInstanceIdentifier=source["DBInstanceArn"]
        )


def test_backups_replicated_to_another_region_can_be_restored_there(client: Client, world: SimpleNamespace) -> None:
    north, east = client("rds", "eu-north-1"), client("rds", "us-east-1")
    source = created(north, "backed-up")
    east.start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=source["DBInstanceArn"], BackupRetentionPeriod=14
    )

    def arrived() -> dict[str, Any] | None:
        found: list[dict[str, Any]] = east.describe_db_instance_automated_backups(DBInstanceIdentifier="backed-up")[
            "DBInstanceAutomatedBackups"
        ]
        return found[0] if found and found[0]["Status"] == "active" else None

    backup: Any = wait_until(arrived, timeout=10, what="the replicated backup")
    assert backup["Region"] == "eu-north-1"
    assert backup["RestoreWindow"]["LatestTime"] >= backup["RestoreWindow"]["EarliestTime"]
    world.fabric.network.down.add("eu-north-1")
    try:
        east.restore_db_instance_to_point_in_time(
            SourceDBInstanceAutomatedBackupsArn=backup["DBInstanceAutomatedBackupsArn"],
            TargetDBInstanceIdentifier="restored",
            UseLatestRestorableTime=True,
        )
        shown = settled(east, "restored")
    finally:
        world.fabric.network.down.clear()
    assert shown["MasterUsername"] == "samia"
    assert world.fabric.databases.states["us-east-1", "restored"].role == "primary"
    stopped = east.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source["DBInstanceArn"])
    assert stopped["DBInstanceAutomatedBackup"]["Status"] == "retained"


def test_a_database_is_restored_to_a_moment_within_its_window(client: Client, world: SimpleNamespace) -> None:
    rds = client("rds", "eu-north-1")
    created(rds, "to-a-moment")
    kept = rds.describe_db_instance_automated_backups(DBInstanceIdentifier="to-a-moment")["DBInstanceAutomatedBackups"]
    latest = kept[0]["RestoreWindow"]["LatestTime"]

    def restore(name: str, moment: datetime) -> Any:
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="to-a-moment", TargetDBInstanceIdentifier=name, RestoreTime=moment
        )
        return settled(rds, name)

    assert restore("at-a-moment", latest)["MasterUsername"] == "samia"
    assert world.fabric.databases.restored["eu-north-1", "at-a-moment"] == latest
    for wrong in (latest + timedelta(hours=1), latest - timedelta(days=1)):
        with pytest.raises(ClientError, match="outside the restore window"):
            restore("never", wrong)


def test_a_regions_own_backups_are_restored_by_the_resource_id_of_their_instance(client: Client) -> None:
    north, west = client("rds", "eu-north-1"), client("rds", "eu-west-1")
    source = created(north, "by-resource")
    own = north.describe_db_instance_automated_backups(DBInstanceIdentifier="by-resource")["DBInstanceAutomatedBackups"]
    arn = {"SourceDBInstanceAutomatedBackupsArn": own[0]["DBInstanceAutomatedBackupsArn"]}
    resource = {"SourceDbiResourceId": own[0]["DbiResourceId"]}
    assert own[0]["DbiResourceId"] == source["DbiResourceId"]

    def restore(rds: Any, name: str, **given: str) -> None:
        rds.restore_db_instance_to_point_in_time(TargetDBInstanceIdentifier=name, UseLatestRestorableTime=True, **given)

    restore(north, "of-resource", **resource)
    shown = settled(north, "of-resource")
    assert (shown["DBInstanceStatus"], shown["MasterUsername"]) == ("available", "samia")
    assert shown["DbiResourceId"] != source["DbiResourceId"]
    for rds, given, refused in (
        (north, arn, "DBInstanceAutomatedBackupNotFound"),
        (west, resource, "DBInstanceNotFound"),
        (north, arn | resource, "InvalidParameterCombination"),
        (north, {}, "InvalidParameterCombination"),
    ):
        with pytest.raises(ClientError, match=refused):
            restore(rds, "never", **given)


def test_snapshots_are_taken_copied_to_another_region_and_restored(client: Client, world: SimpleNamespace) -> None:
    north, east = client("rds", "eu-north-1"), client("rds", "us-east-1")
    created(north, "snapped")
    answer = north.create_db_snapshot(DBInstanceIdentifier="snapped", DBSnapshotIdentifier="daily")["DBSnapshot"]
    assert answer["Status"] in ("creating", "available")
    wait_until(
        lambda: north.describe_db_snapshots(DBSnapshotIdentifier="daily")["DBSnapshots"][0]["Status"] == "available",
        timeout=10,
        what="the snapshot",
    )
    east.copy_db_snapshot(SourceDBSnapshotIdentifier=answer["DBSnapshotArn"], TargetDBSnapshotIdentifier="daily-copy")
    wait_until(lambda: ("us-east-1", "daily-copy") in world.fabric.databases.kept, timeout=10, what="the copy")
    wait_until(
        lambda: (
            east.describe_db_snapshots(DBSnapshotIdentifier="daily-copy")["DBSnapshots"][0]["Status"] == "available"
        ),
        timeout=10,
        what="the copy",
    )
    east.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="from-copy", DBSnapshotIdentifier="daily-copy")
    assert settled(east, "from-copy")["DBName"] == "core"


def test_a_protected_instance_stays_and_a_final_snapshot_is_taken(client: Client, world: SimpleNamespace) -> None:
    rds = client("rds", "eu-north-1")
    created(rds, "guarded", DeletionProtection=True)
    with pytest.raises(ClientError, match="protected"):
        rds.delete_db_instance(DBInstanceIdentifier="guarded", SkipFinalSnapshot=True)
    rds.modify_db_instance(DBInstanceIdentifier="guarded", DeletionProtection=False, ApplyImmediately=True)
    with pytest.raises(ClientError, match="FinalDBSnapshotIdentifier"):
        rds.delete_db_instance(DBInstanceIdentifier="guarded")
    rds.delete_db_instance(DBInstanceIdentifier="guarded", FinalDBSnapshotIdentifier="guarded-last")
    wait_until(lambda: ("eu-north-1", "guarded") not in world.fabric.databases.states, timeout=10, what="the deletion")
    assert ("eu-north-1", "guarded-last") in world.fabric.databases.kept
    with pytest.raises(ClientError, match="not found"):
        wait_until(
            lambda: not rds.describe_db_instances(DBInstanceIdentifier="guarded"), timeout=5, what="the record to go"
        )


def test_a_master_password_is_changed_on_the_server_and_kept_nowhere_else(
    client: Client, world: SimpleNamespace
) -> None:
    north, west = client("rds", "eu-north-1"), client("rds", "eu-west-1")
    source = created(north, "to-be-rotated")
    answer = north.modify_db_instance(DBInstanceIdentifier="to-be-rotated", MasterUserPassword="another-one")
    assert settled(north, "to-be-rotated")["DBInstanceStatus"] == "available"
    assert world.fabric.databases.passwords["eu-north-1", "to-be-rotated"] == "another-one"
    assert "another-one" not in str(answer)
    west.create_db_instance_read_replica(
        DBInstanceIdentifier="follows", SourceDBInstanceIdentifier=source["DBInstanceArn"]
    )
    settled(west, "follows")
    with pytest.raises(ClientError, match="it has the password of its source"):
        west.modify_db_instance(DBInstanceIdentifier="follows", MasterUserPassword="its-own")


def test_a_forced_failover_needs_a_standby(client: Client) -> None:
    rds = client("rds", "eu-north-1")
    created(rds, "alone", MultiAZ=False)
    with pytest.raises(ClientError, match="no standby"):
        rds.reboot_db_instance(DBInstanceIdentifier="alone", ForceFailover=True)
    created(rds, "paired")
    rds.reboot_db_instance(DBInstanceIdentifier="paired", ForceFailover=True)
    assert settled(rds, "paired")["MultiAZ"] is True


def test_the_zone_of_a_standby_is_named_while_it_could_take_over(client: Client, world: SimpleNamespace) -> None:
    rds = client("rds", "eu-north-1")
    assert "SecondaryAvailabilityZone" not in created(rds, "without", MultiAZ=False)
    assert created(rds, "with")["SecondaryAvailabilityZone"] == "eu-north-1b"
    states = world.fabric.databases.states
    states["eu-north-1", "with"] = replace(states["eu-north-1", "with"], standby_in_step=False)
    assert "SecondaryAvailabilityZone" not in settled(rds, "with")
    rds.reboot_db_instance(DBInstanceIdentifier="with")
    assert settled(rds, "with")["DBInstanceStatus"] == "available"
