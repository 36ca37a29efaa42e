"""What stands in the way of a deletion, seen on the sandbox's clouds: locks that can be lifted, and those that stay."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from model import load_plan
from sandbox.authority import Authority
from sandbox.clouds.planes import ControlPlanes, start_control_planes
from scripts.clouds.access import Clouds
from scripts.clouds.amounts import size
from scripts.clouds.aws import contents as cloud
from scripts.clouds.aws.session import Session
from scripts.clouds.protocol import Holding
from scripts.packs.analyzer import PackResource
from scripts.probes.holdings import delete_left_behind, holdings
from tests.asserts.waiting import wait_until
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports

pytestmark = pytest.mark.thorough

REGION = "us-east-1"
SOON = timedelta(days=3)


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlanes]:
    fabric, where = RecordedFabric(), ports()
    home = tmp_path_factory.mktemp("world")
    planes = start_control_planes(fabric, RecordedNames(), PLAN, where, home, authority=Authority("test"), pace=50)
    yield planes
    planes.stop()


@pytest.fixture
def aws(clouds: Any, monkeypatch: pytest.MonkeyPatch) -> Session:
    for name, value in clouds.env(REGION).items():
        monkeypatch.setenv(name, value)
    return Session()


def lockable(aws: Session, name: str) -> Any:
    s3 = aws.client("s3", REGION)
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return s3


def resource(kind: str, logical: str, *, protect: bool = False, **outputs: Any) -> PackResource:
    urn = f"urn:pulumi:cold::dr::{kind}::{logical}"
    given = {"region": REGION, **outputs}
    return PackResource(type=kind, urn=urn, name=logical, inputs=given, outputs=given, protect=protect)


def test_an_empty_bucket_one_that_is_not_there_and_one_with_old_versions(aws: Session) -> None:
    s3 = aws.client("s3", REGION)
    assert cloud.bucket(aws, REGION, "never-made") is None
    s3.create_bucket(Bucket="plain")
    assert cloud.bucket(aws, REGION, "plain") == cloud.Contents()
    s3.put_bucket_versioning(Bucket="plain", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="plain", Key="a", Body=b"12345")
    s3.put_object(Bucket="plain", Key="a", Body=b"123")
    s3.delete_object(Bucket="plain", Key="a")
    assert cloud.bucket(aws, REGION, "plain") == cloud.Contents(count=3, size_bytes=8)


@pytest.mark.parametrize(
    ("name", "how", "locked", "end"),
    [
        ("compliance", {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": SOON}, 1, SOON),
        ("governance", {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": SOON}, 0, None),
        ("hold", {"ObjectLockLegalHoldStatus": "ON"}, 1, None),
    ],
)
def test_which_locks_nobody_can_lift(
    aws: Session, name: str, how: dict[str, Any], locked: int, end: timedelta | None
) -> None:
    s3, begun = lockable(aws, name), datetime.now(UTC)
    given = {key: begun + value if isinstance(value, timedelta) else value for key, value in how.items()}
    s3.put_object(Bucket=name, Key="free", Body=b"1")
    s3.put_object(Bucket=name, Key="locked", Body=b"1", **given)
    found = cloud.bucket(aws, REGION, name)
    assert found is not None
    assert (found.count, found.locked) == (2, locked)
    assert (found.until is None) == (end is None)
    if end is not None and found.until is not None:
        assert abs(found.until - begun - end) < timedelta(seconds=2)


def test_a_lock_that_has_ended_is_none(aws: Session) -> None:
    s3, until = lockable(aws, "ended"), datetime.now(UTC) + timedelta(seconds=10)
    s3.put_object(Bucket="ended", Key="k", Body=b"1", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)

    def is_free() -> bool:
        found = cloud.bucket(aws, REGION, "ended")
        assert found is not None
        return found.locked == 0

    assert not is_free()
    wait_until(is_free, timeout=60, what="the lock to end")


def test_a_vaults_lock_is_for_good_only_after_its_time_of_grace(aws: Session) -> None:
    backup, now = aws.client("backup", REGION), datetime.now(UTC)
    assert cloud.vault(aws, REGION, "never-made") is None
    for name, days in (("free", {}), ("governed", {}), ("graceful", {"ChangeableForDays": 3})):
        backup.create_backup_vault(BackupVaultName=name)
        if name != "free":
            backup.put_backup_vault_lock_configuration(BackupVaultName=name, MinRetentionDays=1, **days)
    locks = {}
    for name in ("free", "governed", "graceful"):
        found = cloud.vault(aws, REGION, name)
        assert found is not None
        assert found[0] == cloud.Contents()
        locks[name] = found[1]
    assert locks["free"] is None
    governed, graceful = locks["governed"], locks["graceful"]
    assert governed is not None
    assert governed.why_not_remove(now + timedelta(days=999)) is None
    assert graceful is not None
    assert graceful.why_not_remove(now) is None
    assert "locked for good since" in str(graceful.why_not_remove(now + timedelta(days=4)))


def test_only_what_holds_data_or_is_guarded_is_told(aws: Session) -> None:
    plan = load_plan("minimal")
    s3 = aws.client("s3", REGION)
    for name in ("told-full", "told-empty"):
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket="told-full", Key="k", Body=b"x" * 2048)
    found = holdings(
        plan,
        plan.traffic.stack,
        [
            resource("aws:s3/bucket:Bucket", "full", bucket="told-full"),
            resource("aws:s3/bucket:Bucket", "empty", bucket="told-empty"),
            resource("aws:kms/key:Key", "key", protect=True),
            resource("aws:sns/topic:Topic", "topic", name="a-topic"),
            resource("aws:lb/loadBalancer:LoadBalancer", "door", name="a-door", enableDeletionProtection=True),
            resource("aws:rds/instance:Instance", "gone", identifier="never-made", protect=True),
        ],
        Clouds(plan),
    )
    stack = plan.traffic.stack
    assert found == [
        Holding(stack, "Bucket", "told-full", "1 object version, 2.0 KiB"),
        Holding(stack, "Key", "key", guards=("protected",)),
        Holding(stack, "LoadBalancer", "a-door", guards=("deletion protection",)),
        Holding(stack, "Instance", "never-made", guards=("protected",)),
    ]


def test_records_of_others_in_a_zone_are_told(aws: Session) -> None:
    plan = load_plan("minimal")
    route53 = aws.client("route53", REGION)
    zone = route53.create_hosted_zone(Name="told.example.com", CallerReference="1")["HostedZone"]["Id"].split("/")[-1]
    for name in ("ours", "theirs"):
        record = {
            "Name": f"{name}.told.example.com", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "10.0.0.1"}],
        }  # fmt: skip
        changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    ours = resource("aws:route53/record:Record", "ours", name="ours.told.example.com")
    declared = resource("aws:route53/zone:Zone", "zone", zoneId=zone, name="told.example.com")
    found = holdings(plan, plan.traffic.stack, [declared, ours], Clouds(plan))
    assert [each.holds for each in found] == ["1 foreign record"]


def test_what_a_retired_database_left_behind_is_found_and_nothing_of_another_system(aws: Session) -> None:
    plan = load_plan("minimal")
    site = plan.primary
    rds = aws.client("rds", site.region, slow=True)
    for identifier in ("minimal-primary-core-1", "minimal-primary-core-x-1", "minimal-two-primary-core-1"):
        rds.create_db_instance(
            DBInstanceIdentifier=identifier, DBInstanceClass="db.t4g.medium", Engine="postgres", EngineVersion="16",
            AllocatedStorage=20, MasterUsername="owner", MasterUserPassword="correct-horse", StorageEncrypted=True,
        )  # fmt: skip
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=identifier, WaiterConfig={"Delay": 1})
        rds.delete_db_instance(DBInstanceIdentifier=identifier, FinalDBSnapshotIdentifier=f"{identifier}-final")
        rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=identifier, WaiterConfig={"Delay": 1})
    found = holdings(plan, site.stack, [], Clouds(plan))
    assert [(each.kind, each.name) for each in found] == [("Snapshot", "minimal-primary-core-1-final")]
    assert delete_left_behind(plan, site.stack, Clouds(plan)) == found
    assert holdings(plan, site.stack, [], Clouds(plan)) == []
    assert len(cloud.snapshots(aws, site.region)) == 2


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024**4, "5.0 TiB")]
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text
