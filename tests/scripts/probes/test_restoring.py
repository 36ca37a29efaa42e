"""Every continuous backup that is listed can be restored: those of the region's own databases and the replicated."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.clouds import start_control_planes
from scripts.clouds.aws import Aws
from tests.asserts.waiting import wait_until
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports

HOME, AWAY = "eu-north-1", "us-east-1"


@pytest.fixture
def aws(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    home = tmp_path_factory.mktemp("world")
    planes = start_control_planes(RecordedFabric(), RecordedNames(), PLAN, ports(), home, pace=50)
    for name, value in planes.env(HOME).items():
        monkeypatch.setenv(name, value)
    yield Aws()
    planes.stop()


def available(aws: Aws, region: str, identifier: str) -> Any:
    def look() -> Any:
        found = aws.database(region, identifier)
        return found if found is not None and found.status == "available" else None

    return wait_until(look, timeout=10, what=f"{identifier} to be available")


def test_own_and_replicated_backups_are_restored(aws: Aws) -> None:
    answer = aws.client("rds", HOME).create_db_instance(
        DBInstanceIdentifier="samia-primary-core-1", DBInstanceClass="db.t4g.medium", Engine="postgres", DBName="core",
        MasterUsername="samia", MasterUserPassword="not-a-secret-here", AllocatedStorage=20, BackupRetentionPeriod=7,
    )  # fmt: skip
    available(aws, HOME, "samia-primary-core-1")
    aws.client("rds", AWAY).start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=answer["DBInstance"]["DBInstanceArn"]
    )
    for region, resource_id in ((HOME, answer["DBInstance"]["DbiResourceId"]), (AWAY, "")):
        points: Any = wait_until(lambda at=region: aws.restore_points(at), timeout=10, what=f"a backup in {region}")
        assert [(point.kind, point.resource_id) for point in points] == [("continuous", resource_id)]
        aws.restore(points[0], "samia-scratch-1", instance_class="db.t4g.medium")
        available(aws, region, "samia-scratch-1")
