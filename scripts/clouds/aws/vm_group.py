"""Services on machines of their own: one Auto Scaling group each, whose versions are those of its launch template."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from model import names
from scripts.clouds.aws.session import code_of, said, unless
from scripts.clouds.protocol import ServiceFeature, ServiceState, ServiceVersion, need
from scripts.core.errors import CloudFailed

if TYPE_CHECKING:
    from model import Plan
    from model.hooks import RunAs
    from scripts.clouds.aws.session import Session
    from scripts.clouds.protocol import Declared
    from scripts.core.commands import Ran

GROUP = "aws:autoscaling/group:Group"
"""The type of the resource by which a stack declares one."""
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
RESTARTED_AT, REPLACED_AT = "dr/restarted-at", "dr/replaced-at"
"""Tags of a group: the moment of what was asked for last, so that it is done once."""
HEALTHY_PERCENT = 50
NO_TEMPLATE = ("InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFound")
REFRESHING = frozenset({"Pending", "InProgress", "Cancelling", "Baking"})
AT_ONCE = 50  # groups that one call describes


class MachineGroups:
    """All services of this kind at a site."""

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        self._session, self._plan, self.site = session, plan, site
        self.region = plan.site(site).region

    def service(self, name: str) -> MachineGroup:
        return MachineGroup(self, name)

    def running(self) -> Mapping[str, ServiceState]:
        kinds = MachineGroup.kind
        groups = {self.group_of(each.name): each.name for each in self._plan.services if each.kind == kinds}
        return {groups[name]: self.state(groups[name], group) for name, group in self.describe(list(groups)).items()}

    def group_of(self, service: str) -> str:
        return names.machines(self._plan, self.site, service)

    def client(self, service: str) -> Any:
        return self._session.client(service, self.region)

    def describe(self, groups: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What the cloud says of those of them that are there and stay, by name."""
        found: dict[str, Mapping[str, Any]] = {}
        for first in range(0, len(groups), AT_ONCE):
            some = list(groups[first : first + AT_ONCE])
            with said(f"looking at the groups of machines in {self.region}"):
                shown = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=some)
            found |= {
                each["AutoScalingGroupName"]: each for each in shown["AutoScalingGroups"] if not each.get("Status")
            }
        return found

    def state(self, service: str, group: Mapping[str, Any]) -> ServiceState:
        """A machine is ready when its group takes it for healthy and the front door does too."""
        wanted, version = int(group["DesiredCapacity"]), _version_of(group)
        machines = group.get("Instances", [])
        serving = self._serving(group.get("TargetGroupARNs", []))
        ready = [
            each
            for each in machines
            if each["LifecycleState"] == "InService"
            and each["HealthStatus"] == "Healthy"
            and (serving is None or each["InstanceId"] in serving)
        ]
        current = [each for each in ready if _version_of(each) == version]
        settled = len(machines) == wanted and len(current) >= wanted and not self.refreshing(service)
        return ServiceState(service, wanted, len(ready), version, settled)

    def _serving(self, target_groups: Sequence[str]) -> set[str] | None:
        """The machines that every front door in front of them takes for healthy; None where there is no door."""
        found: set[str] | None = None
        for arn in target_groups:
            with said(f"looking at the health of the targets in {self.region}"):
                shown = self.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            healthy = {each["Target"]["Id"] for each in shown if each["TargetHealth"]["State"] == "healthy"}
            found = healthy if found is None else found & healthy
        return found

    def refreshing(self, service: str) -> bool:
        """Are its machines being replaced?"""
        with said(f"looking for a refresh of {service} in {self.region}"):
            shown = self.client("autoscaling").describe_instance_refreshes(
                AutoScalingGroupName=self.group_of(service), MaxRecords=1
            )
        return any(each["Status"] in REFRESHING for each in shown["InstanceRefreshes"])


class MachineGroup:
    """
    See `ManagedService`. Versions are those of the launch template; a group takes its machines to another one a few at
    a time, so that half of them go on serving.
    """

    kind = "vm_group"
    features = (
        ServiceFeature.START
        | ServiceFeature.RESTART
        | ServiceFeature.ROLL_BACK
        | ServiceFeature.REPLACE
        | ServiceFeature.LOGS
    )

    def __init__(self, groups: MachineGroups, name: str) -> None:
        self._groups, self._name = groups, name
        self._group = groups.group_of(name)

    @property
    def where(self) -> str:
        return self._group

    def state(self) -> ServiceState | None:
        found = self._groups.describe([self._group]).get(self._group)
        return None if found is None else self._groups.state(self._name, found)

    def start(self, count: int) -> None:
        most = max(count, int(self._must_find()["MaxSize"]))
        with said(f"scaling {self._group}"):
            self._scaling.update_auto_scaling_group(
                AutoScalingGroupName=self._group, MaxSize=most, DesiredCapacity=count
            )

    def stop(self) -> None:
        with said(f"stopping {self._group}"):
            self._scaling.update_auto_scaling_group(AutoScalingGroupName=self._group, MinSize=0, DesiredCapacity=0)

    def restart(self, asked_at: datetime) -> None:
        """Start every machine again, with the disk that it has."""
        group, moment = self._must_find(), _moment(asked_at)
        if self._tag(group, RESTARTED_AT) == moment:
            return
        machines = [each["InstanceId"] for each in group["Instances"] if each["LifecycleState"] == "InService"]
        if machines:
            with said(f"restarting the machines of {self._group}"):
                self._groups.client("ec2").reboot_instances(InstanceIds=machines)
        self._set_tag(RESTARTED_AT, moment)

    def replace(self, asked_at: datetime) -> None:
        """Give up each machine and make another one in its place."""
        group, moment = self._must_find(), _moment(asked_at)
        if self._tag(group, REPLACED_AT) == moment:
            return
        self._refresh(skip_matching=False)
        self._set_tag(REPLACED_AT, moment)

    def versions(self) -> list[ServiceVersion]:
        """None where somebody has deleted the template: only the code knows then what a machine is."""
        wanted = _version_of(self._must_find())
        found: list[Mapping[str, Any]] = []
        with unless(*NO_TEMPLATE), said(f"listing the versions of the launch template {self._group}"):
            pages = self._groups.client("ec2").get_paginator("describe_launch_template_versions")
            found = [each for page in pages.paginate(LaunchTemplateName=self._group)
                     for each in page["LaunchTemplateVersions"]]  # fmt: skip
        found.sort(key=lambda each: int(each["VersionNumber"]), reverse=True)
        return [
            ServiceVersion(
                name=str(each["VersionNumber"]),
                artefact=str(each["LaunchTemplateData"].get("ImageId", "")),
                made_at=each["CreateTime"],
                is_wanted=str(each["VersionNumber"]) == wanted,
                content=_content(each["LaunchTemplateData"]),
            )
            for each in found
        ]

    def roll_back(self, version: str) -> None:
        group = self._must_find()
        kept = [each.name for each in self.versions()]
        if version not in kept:
            raise CloudFailed(f"{self._group} keeps no version {version}", f"it keeps {', '.join(kept)}")
        if version != _version_of(group):
            template = {"LaunchTemplateName": self._group, "Version": version}
            with said(f"taking {self._group} back to version {version}"):
                self._scaling.update_auto_scaling_group(AutoScalingGroupName=self._group, LaunchTemplate=template)
        if any(_version_of(each) != version for each in group["Instances"]):
            self._refresh(skip_matching=True)

    def run_once(self, name: str, command: Sequence[str], seconds: float, *, login: RunAs = "service") -> Ran:
        """A plan that wants this of a group of machines is refused before."""
        del command, seconds, login
        need(self._name, f"run {name} once", able=ServiceFeature.RUN_ONCE in self.features)
        raise CloudFailed(f"{self._group} runs no command")

    def logs(self, lines: int) -> Mapping[str, tuple[str, ...]]:
        """The console of each machine, to which what it runs writes; one that does not run yet has no lines."""
        return {each["InstanceId"]: self._console(each["InstanceId"], lines) for each in self._must_find()["Instances"]}

    def is_declared_by(self, resource: Declared) -> bool:
        return resource.type == TEMPLATE and resource.inputs["name"] == self._group

    def declared_artefact(self, resource: Declared) -> str:
        return str(resource.inputs["imageId"])

    def resources(self, resources: Sequence[Declared]) -> list[str]:
        """The group and its template: the machines, and what they are made from."""
        made = [each for each in resources if each.type in {GROUP, TEMPLATE} and each.inputs["name"] == self._group]
        return [each.urn for each in made]

    @property
    def _scaling(self) -> Any:
        return self._groups.client("autoscaling")

    def _must_find(self) -> Mapping[str, Any]:
        found = self._groups.describe([self._group]).get(self._group)
        if found is None:
            raise CloudFailed(f"there is no group {self._group}", "`dr up` on the stack of its site makes it")
        return found

    def _refresh(self, *, skip_matching: bool) -> None:
        """A refresh that is under way is for a version that is not wanted any more: it is cancelled first."""
        if self._groups.refreshing(self._name):
            with unless("ActiveInstanceRefreshNotFound"), said(f"cancelling the refresh of {self._group}"):
                self._scaling.cancel_instance_refresh(
                    AutoScalingGroupName=self._group, WaitForTransitioningInstances=False
                )
        with unless("InstanceRefreshInProgress"), said(f"replacing the machines of {self._group}"):
            self._scaling.start_instance_refresh(
                AutoScalingGroupName=self._group,
                Preferences={"MinHealthyPercentage": HEALTHY_PERCENT, "SkipMatching": skip_matching},
            )

    def _console(self, machine: str, lines: int) -> tuple[str, ...]:
        """A machine may have gone since it was listed."""
        try:
            with said(f"reading the console of {machine}"):
                shown = self._groups.client("ec2").get_console_output(InstanceId=machine, Latest=True)
        except CloudFailed as error:
            if code_of(error) == "InvalidInstanceID.NotFound":
                return ()
            raise
        return tuple(str(shown.get("Output") or "").splitlines()[-lines:])  # botocore decodes it

    @staticmethod
    def _tag(group: Mapping[str, Any], key: str) -> str:
        return next((str(each["Value"]) for each in group.get("Tags", []) if each["Key"] == key), "")

    def _set_tag(self, key: str, value: str) -> None:
        tag = {"ResourceId": self._group, "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
               "PropagateAtLaunch": False}  # fmt: skip
        with said(f"noting what was asked of {self._group}"):
            self._scaling.create_or_update_tags(Tags=[tag])


def _version_of(shown: Mapping[str, Any]) -> str:
    """Of a group or of one of its machines."""
    return str((shown.get("LaunchTemplate") or {}).get("Version", ""))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _content(template: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True, default=str).encode()).hexdigest()[:12]
