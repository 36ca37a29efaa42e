"""Every continuous backup that is listed can be restored: those of the region's own databases and the replicated."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from model import load_plan
from sandbox.authority import Authority
from sandbox.clouds.planes import start_control_planes
from scripts.clouds.aws.cloud import AwsDriver
from scripts.clouds.protocol import ManagedStore, Phase, PointKind
from tests.asserts.waiting import wait_until
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports


@pytest.fixture
def driver(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsDriver]:
    home = tmp_path_factory.mktemp("world")
    planes = start_control_planes(
        RecordedFabric(), RecordedNames(), PLAN, ports(), home, authority=Authority("test"), pace=50
    )
    for name, value in planes.env("eu-north-1").items():
        monkeypatch.setenv(name, value)
    yield AwsDriver(load_plan("minimal"), frozenset())
    planes.stop()


def available(managed: ManagedStore) -> Any:
    def look() -> Any:
        found = managed.state()
        return found if found is not None and found.phase is Phase.AVAILABLE else None

    return wait_until(look, timeout=10, what=f"{managed.identifier} to be available")


def test_own_and_replicated_backups_are_restored(driver: AwsDriver) -> None:
    plan = load_plan("minimal")
    home, away = driver.at("primary"), driver.at(next(each.name for each in plan.sites if each.kind == "warm"))
    answer = driver.session.client("rds", home.region, slow=True).create_db_instance(
        DBInstanceIdentifier="minimal-primary-core-1", DBInstanceClass="db.t4g.medium", Engine="postgres",
        DBName="core", MasterUsername="samia", MasterUserPassword="not-a-secret-here", AllocatedStorage=20,
        BackupRetentionPeriod=7,
    )  # fmt: skip
    available(home.store("core", 1))
    driver.session.client("rds", away.region, slow=True).start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=answer["DBInstance"]["DBInstanceArn"]
    )
    for there, reference in ((home, answer["DBInstance"]["DbiResourceId"]), (away, "arn:")):
        points: Any = wait_until(partial(there.restore_points, "core"), timeout=10, what=f"a backup in {there.region}")
        assert [point.kind for point in points] == [PointKind.CONTINUOUS]
        assert points[0].reference.startswith(reference)
        assert points[0].declared == points[0].reference
        scratch = there.scratch("core", "minimal-scratch-1")
        scratch.restore(points[0], {"why": "a look"})
        available(scratch)
