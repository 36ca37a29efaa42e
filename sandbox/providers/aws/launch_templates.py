"""What machines are made from. Another content is another version, and no version is ever changed."""

from typing import Any

from sandbox.providers.aws.base import from_api, tag_list, tag_map, to_api
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.aws.ec2 import Ec2Resource
from sandbox.providers.values import Properties

SPELLED = {"vpcSecurityGroupIds": "SecurityGroupIds", "ramDiskId": "RamDiskId"}
CONTENT = (
    *("imageId", "instanceType", "iamInstanceProfile", "vpcSecurityGroupIds", "userData", "metadataOptions"),
    *("ebsOptimized", "keyName", "monitoring"),
)
NOT_FOUND = ("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException")


class LaunchTemplate(Ec2Resource):
    """aws.ec2.LaunchTemplate, as far as `CONTENT` goes"""

    type_name = "aws:ec2/launchTemplate:LaunchTemplate"
    sdk = ("ec2", "LaunchTemplate")
    name = "name"
    create_only = frozenset({"name", "namePrefix"})
    computed = ("arn", "defaultVersion", "latestVersion", "tagsAll")
    write_only = frozenset({"updateDefaultVersion"})

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        known = {*CONTENT, "name", "namePrefix", "region", "tags", "description", "updateDefaultVersion"}
        unknown = [each for each in inputs if each not in known and not each.startswith("__")]
        return [*super().check(inputs, old), *((each, "the sandbox's machines have none") for each in unknown)]

    def create(self, inputs: Properties) -> str:
        tags = [{"ResourceType": "launch-template", "Tags": tag_list(inputs["tags"])}] if inputs.get("tags") else []
        made = self.client(inputs).create_launch_template(
            LaunchTemplateName=inputs["name"],
            VersionDescription=inputs.get("description") or "",
            LaunchTemplateData=_content(inputs),
            **({"TagSpecifications": tags} if tags else {}),
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        ec2 = self.client(state, identity)
        found = missing_is_none(lambda: ec2.describe_launch_templates(LaunchTemplateIds=[identity]), *NOT_FOUND)
        if not found or not found["LaunchTemplates"]:
            return None
        shown, region = found["LaunchTemplates"][0], self.region(state, identity)
        latest = ec2.describe_launch_template_versions(LaunchTemplateId=identity, Versions=["$Latest"])
        version = latest["LaunchTemplateVersions"][0]
        tags = tag_map(shown.get("Tags"))
        content = from_api(version["LaunchTemplateData"], SPELLED)
        return {
            **{name: content[name] for name in CONTENT if name in content},
            "region": region,
            "name": shown["LaunchTemplateName"],
            "description": version.get("VersionDescription") or "",
            "arn": f"arn:aws:ec2:{region}:{self.cloud.account}:launch-template/{identity}",
            "defaultVersion": shown["DefaultVersionNumber"],
            "latestVersion": shown["LatestVersionNumber"],
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        ec2 = self.client(new, identity)
        if changed & {*CONTENT, "description"}:
            made = ec2.create_launch_template_version(
                LaunchTemplateId=identity,
                VersionDescription=new.get("description") or "",
                LaunchTemplateData=_content(new),
            )
            if new.get("updateDefaultVersion"):
                number = str(made["LaunchTemplateVersion"]["VersionNumber"])
                ec2.modify_launch_template(LaunchTemplateId=identity, DefaultVersion=number)
        self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        ec2 = self.client(state, identity)
        missing_is_none(lambda: ec2.delete_launch_template(LaunchTemplateId=identity), *NOT_FOUND)


def _content(inputs: Properties) -> dict[str, Any]:
    content: dict[str, Any] = to_api({name: inputs[name] for name in CONTENT if inputs.get(name) is not None}, SPELLED)
    return content


RESOURCES = (LaunchTemplate,)
