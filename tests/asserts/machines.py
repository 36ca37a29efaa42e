"""What a deployment job does to a group of machines: another version of the template, and the machines follow it."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from model import names
from scripts.clouds.aws.session import Session
from scripts.clouds.protocol import ManagedService
from scripts.drills.stage import Stage

FIRST_LINE = "#cloud-config\n"


def client(made: Stage, service: str, site: str = "") -> Any:
    """A client of a service of AWS, in the region of the active site."""
    return Session().client(service, made.plan.site(site or made.active).region)


def group_of(made: Stage, service: str) -> str:
    return names.machines(made.plan, made.active, service)


def deploy(
    made: Stage, service: str, *, command: Sequence[str] | None = None, environment: dict[str, str] | None = None,
    image: str = "",
) -> str:  # fmt: skip
    """Roll a version out that differs from the wanted one by this; gives its number."""
    ec2, scaling, group = client(made, "ec2"), client(made, "autoscaling"), group_of(made, service)
    wanted = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"][0]
    kept = ec2.describe_launch_template_versions(
        LaunchTemplateName=group, Versions=[wanted["LaunchTemplate"]["Version"]]
    )
    content = dict(kept["LaunchTemplateVersions"][0]["LaunchTemplateData"])
    document = json.loads(base64.b64decode(content["UserData"]).decode().removeprefix(FIRST_LINE))
    told = json.loads(document["write_files"][0]["content"])
    told |= {"environment": {**told["environment"], **(environment or {})}}
    told |= {} if command is None else {"command": list(command)}
    document["write_files"][0]["content"] = json.dumps(told, sort_keys=True)
    content["UserData"] = base64.b64encode(f"{FIRST_LINE}{json.dumps(document)}\n".encode()).decode()
    content |= {"ImageId": image} if image else {}
    made_version = ec2.create_launch_template_version(LaunchTemplateName=group, LaunchTemplateData=content)
    version = str(made_version["LaunchTemplateVersion"]["VersionNumber"])
    scaling.update_auto_scaling_group(
        AutoScalingGroupName=group, LaunchTemplate={"LaunchTemplateName": group, "Version": version}
    )
    scaling.start_instance_refresh(
        AutoScalingGroupName=group, Preferences={"MinHealthyPercentage": 50, "SkipMatching": True}
    )
    return version


def wanted_version(managed: ManagedService) -> str:
    """The name of the version that is to run now."""
    return next(each.name for each in managed.versions() if each.is_wanted)
