"""What overlays complete, each beside what moto alone still does: where moto has caught up, an overlay can go."""

import base64
import importlib
import inspect
import json
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from sandbox.clouds.aws.certificates import arn_of
from sandbox.fabric import Listener, Route
from tests.sandbox.clouds.stand_in import PLAN

Client = Callable[..., Any]


def of_moto(module: str, name: str) -> Any:
    """A class or module of moto's as it is without us."""
    return getattr(importlib.import_module(module), name)


# KMS ------------------------------------------------------------------------------------------------------------------
def test_what_one_region_encrypts_another_decrypts(client: Client, world: SimpleNamespace) -> None:
    north, west = client("kms", "eu-north-1"), client("kms", "eu-west-1")
    arn = north.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    replica = north.replicate_key(KeyId=arn, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]
    assert replica["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert north.describe_key(KeyId=arn)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    secret = north.encrypt(KeyId=arn, Plaintext=b"portable")["CiphertextBlob"]
    world.fabric.network.down.add("eu-north-1")
    try:
        assert west.decrypt(CiphertextBlob=secret)["Plaintext"] == b"portable"
    finally:
        world.fabric.network.down.clear()
    with pytest.raises(ClientError, match="AccessDenied"):
        client("kms", "us-east-1").decrypt(CiphertextBlob=secret)


def test_moto_still_cuts_the_id_of_a_multi_region_key() -> None:
    utils = importlib.import_module("moto.kms.utils")
    assert len(utils.generate_key_id(True)) > utils.KEY_ID_LEN


# load balancers, clusters ---------------------------------------------------------------------------------------------
@pytest.fixture
def subnets(client: Client) -> tuple[str, list[str]]:
    """(vpc, two subnets) in eu-north-1"""
    ec2 = client("ec2", "eu-north-1")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"eu-north-1{zone}")
        for n, zone in enumerate("ab")
    ]
    return vpc, [one["Subnet"]["SubnetId"] for one in made]


def test_a_listener_opens_the_front_door_and_the_name_leads_to_it(
    client: Client, world: SimpleNamespace, subnets: tuple[str, list[str]]
) -> None:
    elb, name = client("elbv2", "eu-north-1"), f"door-{uuid.uuid4().hex[:6]}"
    balancer = elb.create_load_balancer(Name=name, Subnets=subnets[1])["LoadBalancers"][0]
    assert balancer["DNSName"].startswith(f"{name}-")
    assert balancer["DNSName"].endswith(".elb.eu-north-1.amazonaws.com")
    assert world.names.front_doors[balancer["DNSName"]] == ("eu-north-1", name)
    group = elb.create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=subnets[0])["TargetGroups"][0]
    assert ("eu-north-1", name) not in world.fabric.front_doors.doors
    action = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[action])
    assert [each.port for each in world.fabric.front_doors.doors["eu-north-1", name]] == [80]
    protect = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=[protect])
    with pytest.raises(ClientError, match="deletion protection"):
        elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    protect["Value"] = "false"
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=[protect])
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert ("eu-north-1", name) not in world.fabric.front_doors.doors
    assert balancer["DNSName"] not in world.names.front_doors


@pytest.fixture
def balancer(client: Client, subnets: tuple[str, list[str]]) -> tuple[str, str, Callable[..., str]]:
    """(its name, its ARN, a function that makes a target group for a port of the nodes)"""
    elb, name = client("elbv2", "eu-north-1"), f"door-{uuid.uuid4().hex[:6]}"
    made = elb.create_load_balancer(Name=name, Subnets=subnets[1])["LoadBalancers"][0]

    def group(port: int) -> str:
        found = elb.create_target_group(Name=f"{name}-{port}", Protocol="HTTP", Port=port, VpcId=subnets[0])
        return str(found["TargetGroups"][0]["TargetGroupArn"])

    return name, made["LoadBalancerArn"], group


def test_a_listener_speaks_tls_with_a_certificate_that_is_there_and_not_without(
    client: Client, world: SimpleNamespace, balancer: tuple[str, str, Callable[..., str]]
) -> None:
    elb, (name, arn, group) = client("elbv2", "eu-north-1"), balancer
    said = {"LoadBalancerArn": arn, "Protocol": "HTTPS", "Port": 443}
    said["DefaultActions"] = [{"Type": "forward", "TargetGroupArn": group(30001)}]
    with pytest.raises(ClientError, match="A certificate must be specified for HTTPS listeners"):
        elb.create_listener(**said)
    nowhere = "arn:aws:acm:eu-north-1:123456789012:certificate/nowhere"
    with pytest.raises(ClientError, match="CertificateNotFound"):
        elb.create_listener(**said, Certificates=[{"CertificateArn": nowhere}])
    elsewhere = arn_of(PLAN, "eu-west-1")
    with pytest.raises(ClientError, match="CertificateNotFound"):
        elb.create_listener(**said, Certificates=[{"CertificateArn": elsewhere}])
    assert ("eu-north-1", name) not in world.fabric.front_doors.doors
    held = arn_of(PLAN, "eu-north-1")
    elb.create_listener(**said, Certificates=[{"CertificateArn": held}])
    (listener,) = world.fabric.front_doors.doors["eu-north-1", name]
    assert (listener.port, listener.routes) == (443, (Route(node_port=30001),))
    shown = client("acm", "eu-north-1").describe_certificate(CertificateArn=held)["Certificate"]
    assert (shown["DomainName"], shown["Status"]) == (PLAN.traffic.record, "ISSUED")
    assert shown["InUseBy"], "who deletes it has to know that a door shows it"
    assert x509.load_pem_x509_certificate(listener.certificate).subject.rfc4514_string() == f"CN={PLAN.traffic.record}"


def test_a_door_has_both_listeners_that_were_made_at_once(
    client: Client,
    world: SimpleNamespace,
    balancer: tuple[str, str, Callable[..., str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The door was told of the first one alone after it had been told of both, and closed the second."""
    elb, (name, arn, group) = client("elbv2", "eu-north-1"), balancer
    doors, came, opened = world.fabric.front_doors, threading.Semaphore(0), []

    def slow(region: str, door: str, listeners: Sequence[Listener]) -> None:
        opened.append(door)
        if len(opened) == 1:
            came.acquire(timeout=0.5)  # a second one that overtakes it would be told by now
        else:
            came.release()
        doors.doors[region, door] = listeners

    monkeypatch.setattr(doors, "open", slow)
    forward = [{"Type": "forward", "TargetGroupArn": group(30001)}]
    held = [{"CertificateArn": arn_of(PLAN, "eu-north-1")}]
    with ThreadPoolExecutor() as pool:
        each = [
            pool.submit(elb.create_listener, LoadBalancerArn=arn, DefaultActions=forward, **said)
            for said in ({"Protocol": "HTTP", "Port": 80}, {"Protocol": "HTTPS", "Port": 443, "Certificates": held})
        ]
    assert all(made.result() for made in each)
    assert sorted(listener.port for listener in doors.doors["eu-north-1", name]) == [80, 443]


def test_rules_are_honoured_in_the_order_of_their_priorities(
    client: Client, world: SimpleNamespace, balancer: tuple[str, str, Callable[..., str]]
) -> None:
    elb, (name, arn, group) = client("elbv2", "eu-north-1"), balancer
    to = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    listener = elb.create_listener(
        LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "redirect", "RedirectConfig": to}]
    )["Listeners"][0]["ListenerArn"]
    made = {}
    for priority, path in ((20, "/b/*"), (3, "/a/*"), (100, "/c/*")):
        rule = elb.create_rule(
            ListenerArn=listener, Priority=priority,
            Actions=[{"Type": "forward", "TargetGroupArn": group(30000 + priority)}],
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
        )  # fmt: skip
        made[path] = rule["Rules"][0]["RuleArn"]
    doors = world.fabric.front_doors.doors

    def routes() -> list[tuple[tuple[str, ...], int | None]]:
        return [(route.paths, route.node_port) for route in doors["eu-north-1", name][0].routes]

    default: tuple[tuple[str, ...], int | None] = ((), None)
    assert routes() == [(("/a/*",), 30003), (("/b/*",), 30020), (("/c/*",), 30100), default]
    assert doors["eu-north-1", name][0].routes[-1].redirect == "https://#{host}:443/#{path}?#{query}"
    elb.delete_rule(RuleArn=made["/b/*"])
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": made["/c/*"], "Priority": 1}])
    assert routes() == [(("/c/*",), 30100), (("/a/*",), 30003), default]
    with pytest.raises(ClientError, match="The sandbox knows no condition on source-ip"):
        elb.create_rule(
            ListenerArn=listener, Priority=7, Actions=[{"Type": "forward", "TargetGroupArn": group(30007)}],
            Conditions=[{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}],
        )  # fmt: skip
    elb.delete_rule(RuleArn=made["/c/*"])
    assert routes() == [(("/a/*",), 30003), default], "what was refused is not kept"


def test_a_cluster_is_the_regions_api_server_and_its_nodes_can_be_tied_to_a_door(
    client: Client, world: SimpleNamespace, subnets: tuple[str, list[str]]
) -> None:
    eks, name, role = client("eks", "eu-north-1"), f"c-{uuid.uuid4().hex[:6]}", "arn:aws:iam::123456789012:role/eks"
    eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig={"subnetIds": subnets[1]})
    shown = eks.describe_cluster(name=name)["cluster"]
    assert shown["endpoint"] == f"https://{world.ports.addresses['eu-north-1']}:{world.ports.kubernetes}"
    assert b"BEGIN CERTIFICATE" in base64.b64decode(shown["certificateAuthority"]["data"])
    eks.create_nodegroup(clusterName=name, nodegroupName="n", subnets=subnets[1], nodeRole=role)
    nodes = eks.describe_nodegroup(clusterName=name, nodegroupName="n")["nodegroup"]
    group = nodes["resources"]["autoScalingGroups"][0]["name"]
    scaling = client("autoscaling", "eu-north-1")
    scaling.attach_load_balancer_target_groups(AutoScalingGroupName=group, TargetGroupARNs=["arn:of:a:group"])
    tied = scaling.describe_load_balancer_target_groups(AutoScalingGroupName=group)["LoadBalancerTargetGroups"]
    assert [one["LoadBalancerTargetGroupARN"] for one in tied] == ["arn:of:a:group"]


# Secrets Manager, which needs no overlay: moto's replicas are real ---
def test_a_secret_and_its_changes_are_read_in_the_other_region_when_the_first_is_gone(
    client: Client, world: SimpleNamespace
) -> None:
    north, west = client("secretsmanager", "eu-north-1"), client("secretsmanager", "eu-west-1")
    name = f"s-{uuid.uuid4().hex[:6]}"
    north.create_secret(Name=name, SecretString="1", AddReplicaRegions=[{"Region": "eu-west-1"}])
    north.put_secret_value(SecretId=name, SecretString="2")
    world.fabric.network.down.add("eu-north-1")
    try:
        assert west.get_secret_value(SecretId=name)["SecretString"] == "2"
    finally:
        world.fabric.network.down.clear()


# alarms ---------------------------------------------------------------------------------------------------------------
def test_an_alarm_turns_with_its_state(client: Client) -> None:
    cloudwatch = client("cloudwatch", "eu-west-1")
    cloudwatch.put_metric_alarm(
        AlarmName="lag",
        Namespace="AWS/RDS",
        MetricName="ReplicaLag",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=900,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="lag", StateValue="ALARM", StateReason="drill", StateReasonData=json.dumps({}))
    assert cloudwatch.describe_alarms(AlarmNames=["lag"])["MetricAlarms"][0]["StateValue"] == "ALARM"


# what moto still lacks ------------------------------------------------------------------------------------------------
LACKING = {
    "backup": ("moto.backup.responses", "BackupResponse", "create_backup_selection"),
    "rds": ("moto.rds.responses", "RDSResponse", "start_db_instance_automated_backups_replication"),
}


@pytest.mark.parametrize(("module", "name", "action"), LACKING.values(), ids=LACKING)
def test_moto_still_lacks(module: str, name: str, action: str) -> None:
    assert not hasattr(of_moto(module, name), action)


def test_moto_still_pretends_in_rds() -> None:
    """A promoted replica stays one on moto's record."""
    models = importlib.import_module("moto.rds.models")
    backend = models.RDSBackend("eu-central-1", "123456789012")
    given = {"engine": "postgres", "db_instance_class": "db.t3.micro", "master_username": "u", "allocated_storage": 20}
    backend.create_db_instance({"db_instance_identifier": "source", "master_user_password": "password1", **given})
    backend.create_db_instance_read_replica(
        {"db_instance_identifier": "replica", "source_db_instance_identifier": "source"}
    )
    backend.promote_read_replica({"db_instance_identifier": "replica"})
    assert backend.databases["replica"].read_replica_source_db_instance_identifier == "source"
    assert backend.databases["source"].replicas == ["replica"]


def test_moto_still_pretends_in_route53() -> None:
    responses = inspect.getsource(of_moto("moto.route53.responses", "Route53"))
    assert "127.0.13.37" in responses  # every health check "succeeds" from there


def test_moto_still_forgets_most_of_a_replication_rule() -> None:
    responses = inspect.getsource(of_moto("moto.s3.responses", "S3Response"))
    assert '"DeleteMarkerReplication": {"Status": "Disabled"}' in responses


def test_moto_still_changes_the_lock_of_an_empty_bucket_only() -> None:
    source = inspect.getsource(of_moto("moto.s3.models", "S3Backend").put_object_lock_configuration)
    assert "BucketNeedsToBeNew" in source


def test_moto_still_deletes_a_protected_load_balancer() -> None:
    source = inspect.getsource(of_moto("moto.elbv2.models", "ELBv2Backend"))
    assert "deletion_protection" not in source


def test_moto_still_makes_up_the_endpoint_of_a_cluster() -> None:
    source = inspect.getsource(of_moto("moto.eks.models", "Cluster"))
    assert "get_random_string" in source
