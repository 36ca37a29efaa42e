"""Who may call whom, and what is remembered of it."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

Client = Callable[..., Any]


def test_a_call_is_recorded_with_its_source_region_service_and_action(client: Client, world: SimpleNamespace) -> None:
    client("rds", "eu-west-1", source="eu-north-1").describe_db_instances()
    client("kms", "us-east-1").list_keys()
    client("backup", "us-east-1").list_backup_vaults()
    seen = [(c.source, c.region, c.service, c.action, c.outcome, c.status) for c in world.planes.calls.read()]
    assert ("eu-north-1", "eu-west-1", "rds", "DescribeDBInstances", "answered", 200) in seen
    assert ("outside", "us-east-1", "kms", "ListKeys", "answered", 200) in seen
    assert ("outside", "us-east-1", "backup", "ListBackupVaults", "answered", 200) in seen


def test_a_lost_region_refuses_and_the_others_answer(client: Client, world: SimpleNamespace) -> None:
    world.fabric.network.down.add("eu-north-1")
    try:
        with pytest.raises(ConnectionClosedError):
            client("rds", "eu-north-1").describe_db_instances()
        client("rds", "eu-west-1").describe_db_instances()
    finally:
        world.fabric.network.down.clear()
    client("rds", "eu-north-1").describe_db_instances()


def test_a_silent_region_leaves_the_caller_waiting(client: Client, world: SimpleNamespace) -> None:
    world.fabric.network.down.add("eu-north-1")
    world.fabric.network.silent = True
    try:
        with pytest.raises(ReadTimeoutError):
            client("rds", "eu-north-1", timeout=0.3).describe_db_instances()
    finally:
        world.fabric.network.silent = False
        world.fabric.network.down.clear()
    assert any(c.outcome == "silent" and c.service == "rds" for c in world.planes.calls.read())


def test_a_cut_link_is_seen_from_inside_one_region_only(client: Client, world: SimpleNamespace) -> None:
    world.fabric.network.cut.add(("eu-west-1", "us-east-1"))
    try:
        with pytest.raises(ConnectionClosedError):
            client("kms", "us-east-1", source="eu-west-1").list_keys()
        client("kms", "us-east-1", source="eu-north-1").list_keys()
        client("kms", "us-east-1").list_keys()
    finally:
        world.fabric.network.cut.clear()


def test_objects_are_still_served_when_only_the_control_plane_is_down(client: Client, world: SimpleNamespace) -> None:
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="data-plane")
    world.fabric.network.control_down.add("us-east-1")
    try:
        s3.put_object(Bucket="data-plane", Key="k", Body=b"v")
        assert s3.get_object(Bucket="data-plane", Key="k")["Body"].read() == b"v"
        with pytest.raises(ConnectionClosedError):
            client("route53", "us-east-1").list_hosted_zones()
    finally:
        world.fabric.network.control_down.clear()


def test_the_bucket_and_not_the_signature_says_which_region_is_asked(client: Client, world: SimpleNamespace) -> None:
    client("s3", "eu-west-1").create_bucket(
        Bucket="lies-in-west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    world.fabric.network.down.add("eu-west-1")
    try:
        with pytest.raises(ConnectionClosedError):
            client("s3", "us-east-1").head_bucket(Bucket="lies-in-west")
    finally:
        world.fabric.network.down.clear()


def test_many_callers_at_once_are_served(client: Client) -> None:
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="crowd")
    failures: list[BaseException] = []

    def put(number: int) -> None:
        try:
            s3.put_object(Bucket="crowd", Key=f"k{number}", Body=b"x")
        except BaseException as error:  # noqa: BLE001 - collected and shown
            failures.append(error)

    threads = [threading.Thread(target=put, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not failures
    assert s3.list_objects_v2(Bucket="crowd")["KeyCount"] == 24


def test_nothing_global_is_changed_while_the_global_control_planes_are_frozen(
    world: SimpleNamespace, client: Callable[..., Any]
) -> None:
    route53 = client("route53", "us-east-1")
    world.fabric.network.frozen = True
    try:
        route53.list_hosted_zones()
        with pytest.raises(ClientError, match="takes no changes"):
            route53.create_hosted_zone(Name="frozen.example", CallerReference="x")
    finally:
        world.fabric.network.frozen = False


def test_a_region_without_room_makes_no_database(world: SimpleNamespace, client: Callable[..., Any]) -> None:
    rds = client("rds", "eu-west-1")
    world.fabric.network.full.add("eu-west-1")
    try:
        with pytest.raises(ClientError, match="InsufficientDBInstanceCapacity"):
            rds.create_db_instance(
                DBInstanceIdentifier="no-room", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20,
                MasterUsername="dr", MasterUserPassword="not-Real-1",
            )  # fmt: skip
    finally:
        world.fabric.network.full.clear()
