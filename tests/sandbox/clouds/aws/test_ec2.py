"""Security groups: what is behind one that lets nothing in cannot be reached; and what templates hold."""

import importlib
import inspect
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tests.sandbox.clouds.aws.test_rds import created

Client = Callable[..., Any]
REGION = "eu-north-1"
HTTP = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
POSTGRES = {**HTTP, "FromPort": 5432, "ToPort": 5432}


def group(ec2: Any, vpc: str, *rules: dict[str, Any]) -> str:
    made = ec2.create_security_group(GroupName=f"g-{uuid.uuid4().hex[:6]}", Description="d", VpcId=vpc)["GroupId"]
    if rules:
        ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=list(rules))
    return str(made)


def test_a_front_door_and_a_database_are_shut_with_the_last_rule_and_open_with_the_first(
    client: Client, world: SimpleNamespace
) -> None:
    ec2, elb, rds = (client(service, REGION) for service in ("ec2", "elbv2", "rds"))
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    name = f"shut-{uuid.uuid4().hex[:6]}"
    door, second, behind = group(ec2, vpc, HTTP, POSTGRES), group(ec2, vpc), group(ec2, vpc, POSTGRES)
    balancer = elb.create_load_balancer(Name=name, Subnets=subnets, SecurityGroups=[door, second])["LoadBalancers"][0]
    targets = elb.create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=vpc)["TargetGroups"][0]
    action = {"Type": "forward", "TargetGroupArn": targets["TargetGroupArn"]}
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[action])
    created(rds, name, VpcSecurityGroupIds=[behind])
    doors, databases = world.fabric.front_doors.shut_off, world.fabric.databases.shut_off

    ec2.revoke_security_group_ingress(GroupId=door, IpPermissions=[POSTGRES])
    assert (REGION, name) not in doors, "one rule is left"
    ec2.revoke_security_group_ingress(GroupId=door, IpPermissions=[HTTP])
    assert (REGION, name) in doors
    assert (REGION, name) not in databases
    ec2.authorize_security_group_ingress(GroupId=second, IpPermissions=[HTTP])
    assert (REGION, name) not in doors, "another of its groups lets in"
    ec2.revoke_security_group_ingress(GroupId=behind, IpPermissions=[POSTGRES])
    assert (REGION, name) in databases
    ec2.authorize_security_group_ingress(GroupId=behind, IpPermissions=[POSTGRES])
    assert (REGION, name) not in databases


def test_moto_still_lets_everything_through() -> None:
    module = importlib.import_module("moto.ec2.responses.security_groups")
    source = inspect.getsource(module.SecurityGroups.revoke_security_group_ingress)
    assert "ec2_backend.revoke_security_group_ingress" in source
    assert "elbv2" not in source


def test_a_later_version_of_the_same_content_shows_the_same_content(client: Client) -> None:
    ec2, tags = client("ec2", REGION), [{"Key": "a", "Value": "b"}]
    data = {"ImageId": "ami-1", "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]}
    own = [{"ResourceType": "launch-template", "Tags": tags}]
    ec2.create_launch_template(LaunchTemplateName="twice", LaunchTemplateData=data, TagSpecifications=own)
    try:
        ec2.create_launch_template_version(LaunchTemplateName="twice", LaunchTemplateData=data)
        shown = ec2.describe_launch_template_versions(LaunchTemplateName="twice")["LaunchTemplateVersions"]
        assert [each["LaunchTemplateData"] for each in shown] == [data, data]
        assert ec2.describe_launch_templates(LaunchTemplateNames=["twice"])["LaunchTemplates"][0]["Tags"] == tags
    finally:
        ec2.delete_launch_template(LaunchTemplateName="twice")
