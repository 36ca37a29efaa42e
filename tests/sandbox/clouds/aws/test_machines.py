"""Groups of machines: what each call of the API really does, and what a machine may ask of the cloud."""

import base64
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.asserts.waiting import wait_until

pytestmark = pytest.mark.thorough

REGION, GROUP = "eu-west-1", "samia-secondary-web"


def user_data(**service: Any) -> str:
    """What the component writes (`components/aws/vm_group.py`)."""
    written = {"path": "/etc/dr/service.json", "content": json.dumps(service)}
    return base64.b64encode(f"#cloud-config\n{json.dumps({'write_files': [written]})}".encode()).decode()


@pytest.fixture(scope="module")
def secrets(client: Callable[..., Any]) -> None:
    held = client("secretsmanager", REGION)
    for name, password in (("own", "quiet-one"), ("other", "quiet-two")):
        held.create_secret(Name=name, SecretString=json.dumps({"username": f"dr_{name}", "password": password}))
    iam = client("iam", "us-east-1")
    iam.create_role(RoleName=GROUP, AssumeRolePolicyDocument="{}")
    allowed = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:own-??????",
    }
    iam.put_role_policy(
        RoleName=GROUP, PolicyName="own", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    )
    iam.create_instance_profile(InstanceProfileName=GROUP)
    iam.add_role_to_instance_profile(InstanceProfileName=GROUP, RoleName=GROUP)


@pytest.fixture
def scaling(client: Callable[..., Any], secrets: None) -> Iterator[Any]:
    """Two machines, whose template tells them of a login that is theirs and of one that is not."""
    ec2, scaling = client("ec2", REGION), client("autoscaling", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    service = user_data(command=["app"], environment={"SERVICE": "web"}, logins={"core": "own", "cache": "other"})
    data = {"ImageId": "ami-1", "UserData": service, "IamInstanceProfile": {"Name": GROUP}}
    ec2.create_launch_template(LaunchTemplateName=GROUP, LaunchTemplateData=data)
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=0, MaxSize=4, DesiredCapacity=2, VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "1"},
    )  # fmt: skip
    wait_until(lambda: len(serving(scaling)) == 2, timeout=30, what="two machines")
    yield scaling
    scaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    ec2.delete_launch_template(LaunchTemplateName=GROUP)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def serving(scaling: Any) -> set[str]:
    group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]
    return {each["InstanceId"] for each in group["Instances"] if each["LifecycleState"] == "InService"}


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def processes(world: SimpleNamespace) -> dict[str, dict[str, str]]:
    """The environment of each machine's process."""
    specs = world.fabric.compute.specs.items()
    return {name: dict(spec.env) for (where, space, name), spec in specs if (where, space) == (REGION, GROUP)}


def test_a_machine_is_a_process_with_the_logins_that_its_role_lets_it_read(
    scaling: Any, world: SimpleNamespace
) -> None:
    found = processes(world)
    assert set(found) == serving(scaling)
    for env in found.values():
        assert env == {"SERVICE": "web", "DR_STORE_CORE_USER": "dr_own", "DR_STORE_CORE_PASSWORD": "quiet-one"}


def test_the_group_makes_another_machine_for_one_that_is_gone(
    scaling: Any, client: Callable[..., Any], world: SimpleNamespace
) -> None:
    before = serving(scaling)
    gone = min(before)
    client("ec2", REGION).terminate_instances(InstanceIds=[gone])
    assert gone not in processes(world)
    wait_until(lambda: len(serving(scaling)) == 2, timeout=30, what="another machine")
    assert len(serving(scaling) - before) == 1


def test_a_refresh_takes_all_machines_to_the_wanted_version_and_half_of_them_go_on(
    scaling: Any, client: Callable[..., Any]
) -> None:
    before = serving(scaling)
    client("ec2", REGION).create_launch_template_version(
        LaunchTemplateName=GROUP, LaunchTemplateData={"ImageId": "ami-2"}
    )
    scaling.update_auto_scaling_group(
        AutoScalingGroupName=GROUP, LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "2"}
    )
    assert serving(scaling) == before, "another version by itself replaces no machine"
    preferences = {"MinHealthyPercentage": 50, "SkipMatching": True}
    scaling.start_instance_refresh(AutoScalingGroupName=GROUP, Preferences=preferences)
    again = refused(lambda: scaling.start_instance_refresh(AutoScalingGroupName=GROUP))
    seen = set[int]()

    def is_over() -> bool:
        seen.add(len(serving(scaling)))
        (refresh,) = scaling.describe_instance_refreshes(AutoScalingGroupName=GROUP)["InstanceRefreshes"]
        return bool(refresh["Status"] == "Successful")

    wait_until(is_over, timeout=60, what="the refresh to end")
    assert again == "InstanceRefreshInProgress"
    assert min(seen) >= 1
    assert not serving(scaling) & before
    shown = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]["Instances"]
    assert {each["LaunchTemplate"]["Version"] for each in shown} == {"2"}


def test_what_the_cloud_refuses_is_refused(scaling: Any, client: Callable[..., Any]) -> None:
    ec2 = client("ec2", REGION)

    def change(**more: Any) -> Callable[[], Any]:
        return lambda: scaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, **more)

    assert refused(change(DesiredCapacity=5)) == "ValidationError"
    assert refused(change(LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "9"})) == "ValidationError"
    assert refused(change(LaunchTemplate={"LaunchTemplateName": "nobody"})) == "ValidationError"
    assert refused(lambda: scaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP)) == "ResourceInUse"
    assert refused(lambda: scaling.cancel_instance_refresh(AutoScalingGroupName=GROUP)) == (
        "ActiveInstanceRefreshNotFound"
    )
    assert refused(lambda: ec2.reboot_instances(InstanceIds=["i-0"])) == "InvalidInstanceID.NotFound"
    assert len(serving(scaling)) == 2


def test_a_group_that_is_stopped_runs_nothing_and_is_still_there(scaling: Any, world: SimpleNamespace) -> None:
    scaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, DesiredCapacity=0)
    wait_until(lambda: not processes(world), timeout=30, what="no machine to run")
    assert serving(scaling) == set()
