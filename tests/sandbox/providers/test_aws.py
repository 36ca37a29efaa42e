"""The provider `aws` as an engine meets it."""

from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.values import UNKNOWN, plain
from tests.asserts.waiting import wait_until
from tests.sandbox.providers.conftest import Engine

pytestmark = pytest.mark.thorough

INSTANCE, BUCKET, RECORD = "aws:rds/instance:Instance", "aws:s3/bucket:Bucket", "aws:route53/record:Record"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"


def primary(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "region": "eu-north-1",
        "identifier": name,
        "instanceClass": "db.r6g.large",
        "engine": "postgres",
        "engineVersion": "16",
        "allocatedStorage": 100,
        "dbName": "core",
        "username": "samia",
        "password": "very-quiet-password",
        "backupRetentionPeriod": 14,
        "skipFinalSnapshot": True,
        "applyImmediately": True,
        **changes,
    }


def replica(name: str, source: Any, **changes: Any) -> dict[str, Any]:
    return {
        "region": "eu-west-1",
        "identifier": name,
        "instanceClass": "db.r6g.large",
        "replicateSourceDb": plain(source.properties)["arn"],
        "backupRetentionPeriod": 14,
        "skipFinalSnapshot": True,
        "applyImmediately": True,
        **changes,
    }


def faults(answer: Any) -> dict[str, str]:
    return {failure.property: failure.reason for failure in answer.failures}


def test_unknown_missing_and_wrong_inputs_are_refused_in_check(aws: Engine) -> None:
    found = faults(aws.check(INSTANCE, "x", {"region": "eu-north-1", "instanceClas": "db.r6g.large", "multiAz": "yes"}))
    assert "there is no property 'instanceClas'" in found["instanceClas"]
    assert found["instanceClass"] == "a value is required"
    assert "true or false" in found["multiAz"]
    nested = {"region": "eu-north-1", "bucket": "b", "versioningConfiguration": {"state": "Enabled"}}
    found = faults(aws.check("aws:s3/bucketVersioning:BucketVersioning", "x", nested))
    assert "versioningConfiguration.state" in found
    assert found["versioningConfiguration.status"] == "a value is required"


def test_a_regional_resource_without_region_is_refused(aws: Engine) -> None:
    assert "region" in faults(aws.check(BUCKET, "x", {"bucket": "b"}))
    assert not aws.check("aws:iam/role:Role", "x", {"assumeRolePolicy": "{}"}).failures


def test_a_type_that_the_sandbox_does_not_have_is_refused_by_name(aws: Engine) -> None:
    with pytest.raises(grpc.RpcError, match="does not have the resource type aws:sqs/queue:Queue"):
        aws.check("aws:sqs/queue:Queue", "x", {})


def test_a_name_is_made_up_once_and_kept(aws: Engine) -> None:
    first = plain(aws.check(BUCKET, "media", {"region": "eu-north-1"}).inputs)
    assert first["bucket"].startswith("media-")
    assert plain(aws.check(BUCKET, "media", {"region": "eu-north-1"}, first).inputs)["bucket"] == first["bucket"]


def test_a_preview_leaves_open_what_the_cloud_decides_and_makes_nothing(aws: Engine, world: SimpleNamespace) -> None:
    answer = plain(aws.create(INSTANCE, "x", primary("only-previewed"), preview=True).properties)
    assert answer["endpoint"] == answer["arn"] == UNKNOWN
    assert answer["identifier"] == "only-previewed"
    assert ("eu-north-1", "only-previewed") not in world.fabric.databases.states


def test_a_secret_input_is_a_secret_output(aws: Engine) -> None:
    made = aws.create(INSTANCE, "x", primary("quiet"), secrets=("password",))
    kept = made.properties.fields["password"].struct_value
    assert kept.fields["4dabf18193072939515e22adb298388d"].string_value == SECRET_MARK
    clear = {key: str(value) for key, value in made.properties.fields.items() if key != "password"}
    assert not any("very-quiet-password" in value for value in clear.values())


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"engine": "mysql"}, ["engine"]),
        ({"username": "other"}, ["username"]),
        ({"dbName": "other"}, ["dbName"]),
        ({"snapshotIdentifier": "s"}, ["snapshotIdentifier"]),
        ({"kmsKeyId": "arn:k"}, ["kmsKeyId"]),
        ({"region": "eu-west-1"}, ["region"]),
        ({"multiAz": True}, []),
        ({"backupRetentionPeriod": 7}, []),
        ({"replicateSourceDb": "arn:aws:rds:x"}, []),
        ({"deletionProtection": True}, []),
    ],
)
def test_what_replaces_an_instance_and_what_does_not(aws: Engine, change: dict[str, Any], replaces: list[str]) -> None:
    answer = aws.diff(INSTANCE, "x", primary("d"), primary("d", **change))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == replaces
    assert answer.deleteBeforeReplace == bool(replaces)


def test_the_same_inputs_are_no_difference(aws: Engine) -> None:
    assert aws.diff(INSTANCE, "x", primary("d"), primary("d")).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_giving_up_the_source_promotes_in_place_and_another_source_is_refused(
    aws: Engine, world: SimpleNamespace
) -> None:
    source = aws.create(INSTANCE, "s", primary("promote-from"))
    declared = replica("promote-to", source)
    made = aws.create(INSTANCE, "r", declared)
    assert world.fabric.databases.states["eu-west-1", "promote-to"].role == "replica"
    with pytest.raises(grpc.RpcError, match="cannot elect new source database"):
        aws.update(INSTANCE, made, declared, {**declared, "replicateSourceDb": "arn:aws:rds:eu-north-1:1:db:other"})
    alone = {key: value for key, value in declared.items() if key != "replicateSourceDb"}
    after = plain(aws.update(INSTANCE, made, declared, alone).properties)
    assert "replicateSourceDb" not in after
    assert after["backupRetentionPeriod"] == 14
    assert world.fabric.databases.states["eu-west-1", "promote-to"].role == "primary"


def test_a_refresh_sees_a_promotion_that_was_made_by_the_api(aws: Engine, client: Any) -> None:
    source = aws.create(INSTANCE, "s", primary("seen-from"))
    declared = replica("seen-to", source)
    made = aws.create(INSTANCE, "r", declared)
    before = plain(aws.read(INSTANCE, made.id, made.properties, declared).inputs)
    assert before["replicateSourceDb"] == declared["replicateSourceDb"]
    rds = client("rds", "eu-west-1")
    rds.promote_read_replica(DBInstanceIdentifier="seen-to", BackupRetentionPeriod=14)
    rds.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier="seen-to", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    after = aws.read(INSTANCE, made.id, made.properties, declared)
    assert "replicateSourceDb" not in plain(after.inputs)
    alone = {key: value for key, value in declared.items() if key != "replicateSourceDb"}
    assert aws.diff(INSTANCE, "r", plain(after.inputs), alone).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_what_is_gone_is_read_as_gone(aws: Engine) -> None:
    made = aws.create(INSTANCE, "g", primary("soon-gone"))
    aws.delete(INSTANCE, made, primary("soon-gone"))
    assert not aws.read(INSTANCE, made.id, made.properties, primary("soon-gone")).id
    aws.delete(INSTANCE, made, primary("soon-gone"))


def test_a_protected_instance_is_not_deleted_and_the_cloud_says_why(aws: Engine, world: SimpleNamespace) -> None:
    declared = primary("kept", deletionProtection=True)
    made = aws.create(INSTANCE, "k", declared)
    with pytest.raises(grpc.RpcError, match="protected"):
        aws.delete(INSTANCE, made, declared)
    assert ("eu-north-1", "kept") in world.fabric.databases.states


def test_a_restored_instance_gets_the_password_that_is_declared(
    aws: Engine, world: SimpleNamespace, client: Any
) -> None:
    aws.create(INSTANCE, "s", primary("pw-source"))
    client("rds", "eu-north-1").create_db_snapshot(DBInstanceIdentifier="pw-source", DBSnapshotIdentifier="pw-snapshot")
    wait_until(lambda: ("eu-north-1", "pw-snapshot") in world.fabric.databases.kept, timeout=10, what="the snapshot")
    without = {key: value for key, value in primary("pw-restored").items() if key not in {"username", "dbName"}}
    declared = {**without, "snapshotIdentifier": "pw-snapshot", "password": "declared"}
    made = aws.create(INSTANCE, "r", declared, secrets=("password",))
    passwords = world.fabric.databases.passwords
    assert passwords == {("eu-north-1", "pw-restored"): "declared"} | passwords
    changed = {**declared, "password": "rotated"}
    assert not aws.diff(INSTANCE, "r", declared, changed).replaces
    aws.update(INSTANCE, made, declared, changed)
    assert passwords["eu-north-1", "pw-restored"] == "rotated"


def test_a_replica_of_a_source_without_backups_is_refused(aws: Engine) -> None:
    source = aws.create(INSTANCE, "s", primary("bare", backupRetentionPeriod=0))
    with pytest.raises(grpc.RpcError, match="Automated backups are not enabled"):
        aws.create(INSTANCE, "r", replica("never", source))


def test_a_record_with_a_routing_policy_needs_its_identifier(aws: Engine) -> None:
    bad = {"zoneId": "Z", "name": "a", "type": "A", "ttl": 5, "records": ["127.0.0.1"]}
    bad["failoverRoutingPolicies"] = [{"type": "PRIMARY"}]
    assert faults(aws.check(RECORD, "x", bad)) == {"setIdentifier": "is required with a routing policy"}


def test_a_function_that_the_sandbox_does_not_have_is_refused_by_name(aws: Engine) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:ec2/getAmi:getAmi", args=struct_pb2.Struct())
    with pytest.raises(grpc.RpcError, match="does not have the function aws:ec2/getAmi:getAmi"):
        aws.stub.Invoke(request)
    identity = provider_pb2.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity", args=struct_pb2.Struct())
    assert plain(getattr(aws.stub.Invoke(identity), "return"))["accountId"] == "123456789012"


def test_the_provider_says_the_sdks_version(aws: Engine) -> None:
    assert aws.stub.GetPluginInfo(empty_pb2.Empty()).version == version("pulumi_aws")


def test_what_a_firewall_keeps_out_is_seen_by_a_refresh_and_changes_nothing_where_it_is_ignored(
    aws: Engine, client: Any
) -> None:
    kind = "aws:wafv2/ipSet:IpSet"
    declared: dict[str, Any] = {"region": "eu-north-1", "name": "out", "scope": "REGIONAL", "addresses": []}
    declared["ipAddressVersion"] = "IPV4"
    made = aws.create(kind, "out", declared)
    waf, named = client("wafv2", "eu-north-1"), {"Name": "out", "Scope": "REGIONAL", "Id": made.id}
    token = waf.get_ip_set(**named)["LockToken"]
    waf.update_ip_set(**named, Addresses=["203.0.113.7/32"], LockToken=token)
    assert plain(aws.read(kind, made.id, made.properties, declared).properties)["addresses"] == ["203.0.113.7/32"]
    aws.update(kind, made, declared, declared | {"description": "whom we know"})
    aws.delete(kind, made, declared)
    with pytest.raises(client("wafv2", "eu-north-1").exceptions.ClientError, match="WAFNonexistentItem"):
        waf.get_ip_set(**named)
    assert "scope" in faults(aws.check(kind, "x", declared | {"scope": "CLOUDFRONT"}))
