"""A firewall keeps out whom it names, and nothing that is in use is deleted from under it."""

import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
REGION = "eu-north-1"


@pytest.fixture
def door(client: Client) -> tuple[str, str]:
    """(name, ARN) of a balancer with one listener"""
    ec2, elb, name = client("ec2", REGION), client("elbv2", REGION), f"door-{uuid.uuid4().hex[:6]}"
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="eu-north-1a")["Subnet"]["SubnetId"]
    made = elb.create_load_balancer(Name=name, Subnets=[subnet])["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name=name, Protocol="HTTP", Port=30001, VpcId=vpc)["TargetGroups"][0]
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    elb.create_listener(LoadBalancerArn=made, Protocol="HTTP", Port=80, DefaultActions=forward)
    return name, made


def seen(metric: str) -> dict[str, Any]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": metric}


def keep_out(waf: Any, *addresses: str, **changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A set of these addresses and a web ACL that keeps them out, as the calls answered."""
    name = f"waf-{uuid.uuid4().hex[:6]}"
    named = {"Name": name, "Scope": "REGIONAL"}
    made = waf.create_ip_set(**named, IPAddressVersion="IPV4", Addresses=list(addresses))["Summary"]
    statement = {"IPSetReferenceStatement": {"ARN": made["ARN"]}}
    rule = {"Name": "out", "Priority": 0, "Statement": statement, "Action": {"Block": {}}, **changed}
    rules = [{**rule, "VisibilityConfig": seen("out")}]
    acl = waf.create_web_acl(**named, DefaultAction={"Allow": {}}, Rules=rules, VisibilityConfig=seen("all"))
    return made, acl["Summary"]


def change(waf: Any, made: dict[str, Any], *addresses: str) -> None:
    named = {"Name": made["Name"], "Scope": "REGIONAL", "Id": made["Id"]}
    token = waf.get_ip_set(**named)["LockToken"]
    waf.update_ip_set(**named, Addresses=list(addresses), LockToken=token)


def test_the_door_keeps_out_what_is_in_the_set_and_follows_it(
    client: Client, world: SimpleNamespace, door: tuple[str, str]
) -> None:
    waf, (name, arn) = client("wafv2", REGION), door

    def kept_out() -> tuple[str, ...]:
        return tuple(world.fabric.front_doors.doors[REGION, name][0].kept_out)

    made, acl = keep_out(waf, "203.0.113.7/32")
    assert kept_out() == ()
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=arn)
    assert kept_out() == ("203.0.113.7/32",)
    change(waf, made, "198.51.100.0/24", "203.0.113.7/32")
    assert kept_out() == ("198.51.100.0/24", "203.0.113.7/32")
    _, other = keep_out(waf, "192.0.2.1/32")
    waf.associate_web_acl(WebACLArn=other["ARN"], ResourceArn=arn)
    assert kept_out() == ("192.0.2.1/32",), "a balancer has one web ACL"
    waf.disassociate_web_acl(ResourceArn=arn)
    assert kept_out() == ()


def test_what_is_in_use_is_not_deleted(client: Client, door: tuple[str, str]) -> None:
    waf = client("wafv2", REGION)
    made, acl = keep_out(waf)
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=door[1])
    for delete, named in ((waf.delete_ip_set, made), (waf.delete_web_acl, acl)):
        with pytest.raises(ClientError, match="WAFAssociatedItemException"):
            delete(Name=named["Name"], Scope="REGIONAL", Id=named["Id"], LockToken=named["LockToken"])
    waf.disassociate_web_acl(ResourceArn=door[1])
    for delete, named in ((waf.delete_web_acl, acl), (waf.delete_ip_set, made)):
        delete(Name=named["Name"], Scope="REGIONAL", Id=named["Id"], LockToken=named["LockToken"])


@pytest.mark.parametrize("address", ["203.0.113.7", "0.0.0.0/0", "203.0.113.7/33", "nobody"])
def test_an_address_that_aws_refuses_is_refused(client: Client, address: str) -> None:
    waf = client("wafv2", REGION)
    with pytest.raises(ClientError, match="WAFInvalidParameterException"):
        keep_out(waf, address)
    made, _ = keep_out(waf, "203.0.113.7/32")
    with pytest.raises(ClientError, match="WAFInvalidParameterException"):
        change(waf, made, address)


def test_a_rule_that_the_doors_cannot_follow_is_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="addresses of IP sets, and no others"):
        keep_out(client("wafv2", REGION), Action={"Count": {}})


def test_a_firewall_stands_before_a_balancer_that_is_there(client: Client, door: tuple[str, str]) -> None:
    waf = client("wafv2", REGION)
    _, acl = keep_out(waf)
    with pytest.raises(ClientError, match="WAFNonexistentItemException"):
        waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=f"{door[1]}-other")
    with pytest.raises(ClientError, match="WAFOptimisticLockException"):
        waf.delete_web_acl(Name=acl["Name"], Scope="REGIONAL", Id=acl["Id"], LockToken="old")
