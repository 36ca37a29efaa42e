"""S3 as writers of leases, health checkers and other regions see it."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.asserts.waiting import wait_until

Client = Callable[..., Any]


def bucket_in(client: Client, region: str, name: str, *, versions: bool = False) -> Any:
    s3 = client("s3", region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    if versions:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_of_many_conditional_writers_exactly_one_wins(client: Client) -> None:
    s3 = bucket_in(client, "us-east-1", "lease")
    first = s3.put_object(Bucket="lease", Key="writer.json", Body=b"0", IfNoneMatch="*")["ETag"]
    for conditions in ({"IfMatch": first}, {"IfNoneMatch": "*"}):
        outcomes: list[str] = []
        gate = threading.Barrier(12)

        def attempt(
            number: int,
            conditions: dict[str, str] = conditions,
            outcomes: list[str] = outcomes,
            gate: threading.Barrier = gate,
        ) -> None:
            gate.wait(10)
            try:
                s3.put_object(Bucket="lease", Key="writer.json", Body=f"{number}".encode() * 9, **conditions)
            except ClientError as error:
                outcomes.append(error.response["Error"]["Code"])
            else:
                outcomes.append("won")

        threads = [threading.Thread(target=attempt, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        wanted = 1 if "IfMatch" in conditions else 0
        assert outcomes.count("won") == wanted
        assert outcomes.count("PreconditionFailed") == 12 - wanted


def test_an_answer_says_when_it_was_given_and_when_the_object_was_written(client: Client) -> None:
    s3 = bucket_in(client, "us-east-1", "clock")
    s3.put_object(Bucket="clock", Key="k", Body=b"v")
    headers = s3.get_object(Bucket="clock", Key="k")["ResponseMetadata"]["HTTPHeaders"]
    assert headers["date"]
    assert headers["last-modified"]


def replicated(client: Client, source: str, target: str) -> tuple[Any, Any]:
    north = bucket_in(client, "eu-north-1", source, versions=True)
    west = bucket_in(client, "eu-west-1", target, versions=True)
    rule = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 3,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {
            "Bucket": f"arn:aws:s3:::{target}",
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
        },
    }
    configuration = {"Role": "arn:aws:iam::123456789012:role/r", "Rules": [rule]}
    north.put_bucket_replication(Bucket=source, ReplicationConfiguration=configuration)
    kept = north.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]
    assert kept["Rules"][0] == rule
    assert kept["Role"] == configuration["Role"]
    return north, west


def body_of(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        found: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError:
        return None
    return found


def test_objects_arrive_in_the_other_region_with_their_version(client: Client) -> None:
    north, west = replicated(client, "copy-from", "copy-to")
    version = north.put_object(Bucket="copy-from", Key="a", Body=b"1", Metadata={"kind": "photo"})["VersionId"]
    wait_until(lambda: body_of(west, "copy-to", "a") == b"1", timeout=5, what="the copy")
    copied = west.head_object(Bucket="copy-to", Key="a")
    assert copied["VersionId"] == version
    assert copied["Metadata"] == {"kind": "photo"}
    assert copied["ReplicationStatus"] == "REPLICA"
    wait_until(
        lambda: north.head_object(Bucket="copy-from", Key="a")["ReplicationStatus"] == "COMPLETED",
        timeout=5,
        what="the status",
    )
    north.delete_object(Bucket="copy-from", Key="a")
    wait_until(lambda: body_of(west, "copy-to", "a") is None, timeout=5, what="the delete marker")
    assert west.get_object(Bucket="copy-to", Key="a", VersionId=version)["Body"].read() == b"1"


def test_a_cut_link_holds_objects_up_until_it_is_whole(client: Client, world: SimpleNamespace) -> None:
    north, west = replicated(client, "cut-from", "cut-to")
    world.fabric.network.cut.add(("eu-north-1", "eu-west-1"))
    try:
        north.put_object(Bucket="cut-from", Key="late", Body=b"1")
        assert north.head_object(Bucket="cut-from", Key="late")["ReplicationStatus"] == "PENDING"
        assert body_of(west, "cut-to", "late") is None
    finally:
        world.fabric.network.cut.clear()
    wait_until(lambda: body_of(west, "cut-to", "late") == b"1", timeout=5, what="the late copy")


def test_a_locked_version_cannot_be_deleted(client: Client) -> None:
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="worm", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 35}}
    s3.put_object_lock_configuration(
        Bucket="worm", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    version = s3.put_object(Bucket="worm", Key="k", Body=b"v", ChecksumAlgorithm="SHA256")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="worm", Key="k", VersionId=version)


def test_strangers_read_what_the_policy_opens_and_nothing_else(client: Client, world: SimpleNamespace) -> None:
    s3 = bucket_in(client, "eu-west-1", "claims-here")
    for key in ("claims/active", "lease/writer.json"):
        s3.put_object(Bucket="claims-here", Key=key, Body=b"{}")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::claims-here/claims/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def status(path: str) -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{world.ports.clouds['aws']}{path}",
            headers={"Host": "claims-here.s3.eu-west-1.amazonaws.com"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status("/claims/active") == 403
    s3.put_bucket_policy(Bucket="claims-here", Policy=policy)
    assert status("/claims/active") == 200
    assert status("/lease/writer.json") == 403
    s3.delete_object(Bucket="claims-here", Key="claims/active")
    assert status("/claims/active") == 404


def test_the_default_lock_of_a_bucket_that_holds_objects_can_be_changed(client: Client) -> None:
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="locked", Key="before", Body=b"1")
    for mode, days in (("GOVERNANCE", 2), ("COMPLIANCE", 3)):
        rule = {"DefaultRetention": {"Mode": mode, "Days": days}}
        enabled = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=enabled)
        s3.put_object(Bucket="locked", Key=mode, Body=b"1")
        assert s3.head_object(Bucket="locked", Key=mode)["ObjectLockMode"] == mode
    s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    s3.put_object(Bucket="locked", Key="after", Body=b"1")
    for key in ("before", "after"):
        assert "ObjectLockMode" not in s3.head_object(Bucket="locked", Key=key)
    versions = {each["Key"]: each["VersionId"] for each in s3.list_object_versions(Bucket="locked")["Versions"]}
    for key, bypass, gone in (("GOVERNANCE", False, False), ("GOVERNANCE", True, True), ("COMPLIANCE", True, False)):
        delete = {"Bucket": "locked", "Key": key, "VersionId": versions[key]}
        delete |= {"BypassGovernanceRetention": True} if bypass else {}
        if gone:
            s3.delete_object(**delete)
        else:
            with pytest.raises(ClientError, match="Denied"):
                s3.delete_object(**delete)


def test_a_bucket_without_versions_takes_no_lock(client: Client) -> None:
    s3 = bucket_in(client, "us-east-1", "versionless")
    with pytest.raises(ClientError, match="Versioning must be"):
        s3.put_object_lock_configuration(Bucket="versionless", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
