"""
Auto Scaling groups with real machines (`sandbox.clouds.aws.machines`), and those that EKS made for its node groups.

moto launches records, knows no instance refresh, and does not know the groups of EKS.
"""

from typing import Any, ClassVar

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends

from sandbox.clouds.aws.machines import Group, Machine, Machines, NoSuchGroup, Refresh
from sandbox.clouds.context import Context

MADE_BY_EKS = "eks-"
HEALTHY_PERCENT = 90
"""Of an instance refresh that names none (Amazon EC2 Auto Scaling, StartInstanceRefresh)."""
PROCESSES = frozenset({"ReplaceUnhealthy"})
"""Which of a group's own doings can be suspended here."""


class Ties:
    """Which target groups a node group's nodes belong to: (region, group) -> ARNs."""

    def __init__(self, _: Context) -> None:
        self.targets: dict[tuple[str, str], list[str]] = {}


class AutoScaling(AutoScalingResponse):
    """Every call that the sandbox offers."""

    context: ClassVar[Context]

    @property
    def _machines(self) -> Machines:
        return self.context.one(Machines)

    def _group(self) -> Group:
        name = str(self._get_param("AutoScalingGroupName"))
        try:
            return self._machines.find(self.region, name)
        except NoSuchGroup:
            raise ValidationError(f"AutoScalingGroup name not found - {name}") from None

    def create_auto_scaling_group(self) -> ActionResult:
        name, subnets = str(self._get_param("AutoScalingGroupName")), str(self._get_param("VPCZoneIdentifier") or "")
        if (self.region, name) in self._machines.groups:
            raise AutoscalingClientError("AlreadyExists", f"AutoScalingGroup by this name already exists: {name}")
        template, version = self._template()
        least = int(self._get_param("MinSize"))
        group = Group(
            region=self.region, name=name, template=template, version=version, subnets=subnets,
            least=least, most=int(self._get_param("MaxSize")), zones=self._zones(subnets),
            wanted=int(self._get_param("DesiredCapacity", least)),
            targets=list(self._get_param("TargetGroupARNs", [])),
        )  # fmt: skip
        self._change(group)
        self._tag(group, self._get_param("Tags", []))
        self._machines.add(group)
        return EmptyResult()

    def update_auto_scaling_group(self) -> ActionResult:
        with self._machines.lock:
            group = self._group()
            self._change(group)
            if self._get_param("LaunchTemplate"):
                group.template, group.version = self._template()
            if subnets := self._get_param("VPCZoneIdentifier"):
                group.subnets, group.zones = str(subnets), self._zones(str(subnets))
        return EmptyResult()

    def set_desired_capacity(self) -> ActionResult:
        with self._machines.lock:
            self._change(self._group())
        return EmptyResult()

    def _change(self, group: Group) -> None:
        """What a request says of size and health. Raises ValidationError, and has changed nothing then."""
        least, most = int(self._get_param("MinSize", group.least)), int(self._get_param("MaxSize", group.most))
        asked = self._get_param("DesiredCapacity")
        wanted = min(max(group.wanted, least), most) if asked is None else int(asked)
        if not least <= wanted <= most:
            bound = ("below min value", least) if wanted < least else ("above max value", most)
            raise ValidationError(f"New SetDesiredCapacity value {wanted} is {bound[0]} {bound[1]} for the group.")
        group.least, group.most, group.wanted = least, most, wanted
        group.health_check = str(self._get_param("HealthCheckType") or group.health_check)
        group.grace_seconds = float(self._get_param("HealthCheckGracePeriod", group.grace_seconds))

    def _template(self) -> tuple[str, str]:
        """The template that is named, and the version as it is spelled. Raises ValidationError for none."""
        named = self._get_param("LaunchTemplate") or {}
        backend, version = ec2_backends[self.current_account][self.region], str(named.get("Version") or "$Default")
        by_name = {each.name: each for each in backend.launch_templates.values()}
        found = backend.launch_templates.get(named.get("LaunchTemplateId")) or by_name.get(
            named.get("LaunchTemplateName")
        )
        if found is None:
            raise ValidationError("You must use a valid fully-formed launch template.")
        numbers = {str(each.number) for each in found.versions} | {"$Latest", "$Default"}
        if version not in numbers:
            raise ValidationError(f"Could not find the specified version {version} for the launch template.")
        return str(found.id), version

    def _zones(self, subnets: str) -> tuple[str, ...]:
        backend = ec2_backends[self.current_account][self.region]
        return tuple(backend.get_subnet(each).availability_zone for each in subnets.split(",") if each)

    def delete_auto_scaling_group(self) -> ActionResult:
        group = self._group()
        if group.machines and not self._get_bool_param("ForceDelete"):
            raise AutoscalingClientError(
                "ResourceInUse", f"You cannot delete an AutoScalingGroup while there are instances: {group.name}"
            )
        self._machines.remove(self.region, group.name)
        return EmptyResult()

    def describe_auto_scaling_groups(self) -> ActionResult:
        names = self._get_param("AutoScalingGroupNames", [])
        with self._machines.lock:
            here = [each for each in self._machines.groups.values() if each.region == self.region]
            shown = [self._shown(each) for each in here if not names or each.name in names]
        return ActionResult({"AutoScalingGroups": shown})

    def _shown(self, group: Group) -> dict[str, Any]:
        template = ec2_backends[self.current_account][self.region].get_launch_template(group.template)
        named = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        return {
            "AutoScalingGroupName": group.name,
            "AutoScalingGroupARN": (
                f"arn:aws:autoscaling:{self.region}:{self.current_account}:autoScalingGroup:x:"
                f"autoScalingGroupName/{group.name}"
            ),
            "LaunchTemplate": {**named, "Version": group.version},
            "MinSize": group.least,
            "MaxSize": group.most,
            "DesiredCapacity": group.wanted,
            "DefaultCooldown": 300,
            "AvailabilityZones": list(group.zones),
            "TargetGroupARNs": list(group.targets),
            "HealthCheckType": group.health_check,
            "HealthCheckGracePeriod": int(group.grace_seconds),
            "VPCZoneIdentifier": group.subnets,
            "CreatedTime": group.made_at,
            "SuspendedProcesses": [{"ProcessName": each} for each in sorted(group.suspended)],
            "Instances": [self._machine(group, named, each) for each in group.machines.values()],
            "Tags": [
                {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
                 "PropagateAtLaunch": at_launch}
                for key, (value, at_launch) in group.tags.items()
            ],
        }  # fmt: skip

    def _machine(self, group: Group, named: dict[str, Any], machine: Machine) -> dict[str, Any]:
        failed = group.health_check == "ELB" and machine.is_target is False
        return {
            "InstanceId": machine.identity,
            "AvailabilityZone": machine.zone,
            "LifecycleState": "Pending" if machine.in_service is None else "InService",
            "HealthStatus": "Unhealthy" if failed else "Healthy",
            "LaunchTemplate": {**named, "Version": machine.version},
            "ProtectedFromScaleIn": False,
        }

    def start_instance_refresh(self) -> ActionResult:
        with self._machines.lock:
            group = self._group()
            if any(each.status == "InProgress" for each in group.refreshes):
                raise AutoscalingClientError(
                    "InstanceRefreshInProgress", f"An Instance Refresh is already in progress: {group.name}"
                )
            wants = self._get_param("Preferences") or {}
            percent = int(wants.get("MinHealthyPercentage", HEALTHY_PERCENT))
            identity = self._machines.refresh(group, percent, skip_matching=bool(wants.get("SkipMatching")))
        return ActionResult({"InstanceRefreshId": identity})

    def cancel_instance_refresh(self) -> ActionResult:
        """What is being replaced stays as far as it came."""
        with self._machines.lock:
            group = self._group()
            current = next((each for each in group.refreshes if each.status == "InProgress"), None)
            if current is None:
                raise AutoscalingClientError("ActiveInstanceRefreshNotFound", "No in progress Instance Refresh found")
            current.status = "Cancelled"
        return ActionResult({"InstanceRefreshId": current.identity})

    def describe_instance_refreshes(self) -> ActionResult:
        with self._machines.lock:
            group = self._group()
            shown = [self._refresh(group, each) for each in group.refreshes]
        return ActionResult({"InstanceRefreshes": shown[: int(self._get_param("MaxRecords", 50))]})

    def _refresh(self, group: Group, refresh: Refresh) -> dict[str, Any]:
        return {
            "InstanceRefreshId": refresh.identity,
            "AutoScalingGroupName": group.name,
            "Status": refresh.status,
            "StartTime": refresh.began_at,
            "InstancesToUpdate": len(refresh.old & set(group.machines)),
            **({"EndTime": refresh.ended_at} if refresh.ended_at else {}),
        }

    def suspend_processes(self) -> ActionResult:
        self._group().suspended |= self._processes()
        return EmptyResult()

    def resume_processes(self) -> ActionResult:
        self._group().suspended -= self._processes()
        return EmptyResult()

    def _processes(self) -> set[str]:
        asked = set(self._get_param("ScalingProcesses", []))
        if not asked or not asked <= PROCESSES:
            raise ValidationError(f"The sandbox suspends {', '.join(sorted(PROCESSES))} alone, by name.")
        return asked

    def create_or_update_tags(self) -> ActionResult:
        for tag in self._get_param("Tags", []):
            self._tag(self._machines.find(self.region, str(tag["ResourceId"])), [tag])
        return EmptyResult()

    def delete_tags(self) -> ActionResult:
        for tag in self._get_param("Tags", []):
            self._machines.find(self.region, str(tag["ResourceId"])).tags.pop(str(tag["Key"]), None)
        return EmptyResult()

    @staticmethod
    def _tag(group: Group, tags: list[dict[str, Any]]) -> None:
        for tag in tags:
            group.tags[str(tag["Key"])] = (str(tag.get("Value") or ""), bool(tag.get("PropagateAtLaunch")))

    # target groups, of groups of machines and of node groups

    def _tied(self) -> list[str]:
        """The target groups of a group, to be changed in place."""
        name = str(self._get_param("AutoScalingGroupName"))
        if name.startswith(MADE_BY_EKS):
            return self.context.one(Ties).targets.setdefault((self.region, name), [])
        return self._group().targets

    def attach_load_balancer_target_groups(self) -> ActionResult:
        tied = self._tied()
        tied += [arn for arn in self._get_param("TargetGroupARNs", []) if arn not in tied]
        return EmptyResult()

    def describe_load_balancer_target_groups(self) -> ActionResult:
        shown = [{"LoadBalancerTargetGroupARN": arn, "State": "InService"} for arn in self._tied()]
        return ActionResult({"LoadBalancerTargetGroups": shown})

    def detach_load_balancer_target_groups(self) -> ActionResult:
        tied = self._tied()
        for arn in self._get_param("TargetGroupARNs", []):
            if arn in tied:
                tied.remove(arn)
        return EmptyResult()


RESPONSES = {AutoScalingResponse: AutoScaling}
