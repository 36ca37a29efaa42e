"""Groups of machines, and the tie between a group of nodes and the load balancer in front of it."""

from typing import Any

from sandbox.providers.aws.base import AwsResource
from sandbox.providers.aws.cloud import code_of, is_cloud_error, missing_is_none
from sandbox.providers.values import Properties


class Attachment(AwsResource):
    """aws.autoscaling.Attachment of a target group"""

    type_name = "aws:autoscaling/attachment:Attachment"
    sdk = ("autoscaling", "Attachment")
    service = "autoscaling"
    create_only = frozenset({"*"})

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        faults = super().check(inputs, old)
        if not inputs.get("lbTargetGroupArn"):
            faults.append(("lbTargetGroupArn", "must be given: the sandbox has no classic load balancers"))
        return faults

    def create(self, inputs: Properties) -> str:
        self.client(inputs).attach_load_balancer_target_groups(
            AutoScalingGroupName=inputs["autoscalingGroupName"], TargetGroupARNs=[inputs["lbTargetGroupArn"]]
        )
        return f"{inputs['autoscalingGroupName']}|{inputs['lbTargetGroupArn']}"

    def read(self, identity: str, state: Properties) -> Properties | None:
        group, arn = identity.split("|")
        client = self.client(state, arn)
        found = missing_is_none(
            lambda: client.describe_load_balancer_target_groups(AutoScalingGroupName=group), "ValidationError"
        )
        if found is None or arn not in {
            target["LoadBalancerTargetGroupARN"] for target in found["LoadBalancerTargetGroups"]
        }:
            return None
        return {"region": self.region(state, arn), "autoscalingGroupName": group, "lbTargetGroupArn": arn}

    def delete(self, identity: str, state: Properties) -> None:
        group, arn = identity.split("|")
        client = self.client(state, arn)
        missing_is_none(
            lambda: client.detach_load_balancer_target_groups(AutoScalingGroupName=group, TargetGroupARNs=[arn]),
            "ValidationError",
        )


SIZES = {
    "minSize": "MinSize",
    "maxSize": "MaxSize",
    "desiredCapacity": "DesiredCapacity",
    "healthCheckType": "HealthCheckType",
    "healthCheckGracePeriod": "HealthCheckGracePeriod",
}


class Group(AwsResource):
    """aws.autoscaling.Group of a launch template"""

    type_name = "aws:autoscaling/group:Group"
    sdk = ("autoscaling", "Group")
    service = "autoscaling"
    name = "name"
    create_only = frozenset({"name", "namePrefix"})
    computed = (
        *("arn", "availabilityZones", "defaultCooldown", "desiredCapacity", "healthCheckType", "serviceLinkedRoleArn"),
        *("vpcZoneIdentifiers", "targetGroupArns", "predictedCapacity", "warmPoolSize"),
    )
    defaults = {"forceDelete": False, "waitForCapacityTimeout": "10m", "healthCheckGracePeriod": 300}
    write_only = frozenset({"forceDelete", "waitForCapacityTimeout", "instanceRefresh"})

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        known = {*SIZES, *self.write_only, "name", "namePrefix", "region", "launchTemplate", "targetGroupArns"}
        known |= {"vpcZoneIdentifiers", "tags"}
        unknown = [each for each in inputs if each not in known and not each.startswith("__")]
        faults = [*super().check(inputs, old), *((each, "the sandbox's groups have none") for each in unknown)]
        if inputs.get("waitForCapacityTimeout") != "0":
            faults.append(("waitForCapacityTimeout", 'must be "0": the sandbox does not wait for machines'))
        return faults

    def create(self, inputs: Properties) -> str:
        self.client(inputs).create_auto_scaling_group(
            AutoScalingGroupName=inputs["name"],
            LaunchTemplate=_template(inputs),
            VPCZoneIdentifier=",".join(inputs.get("vpcZoneIdentifiers") or []),
            TargetGroupARNs=inputs.get("targetGroupArns") or [],
            Tags=_tags(inputs["name"], inputs),
            **_sizes(inputs),
        )
        return str(inputs["name"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        found = self.client(state).describe_auto_scaling_groups(AutoScalingGroupNames=[identity])
        if not found["AutoScalingGroups"]:
            return None
        shown = found["AutoScalingGroups"][0]
        subnets, declared = shown["VPCZoneIdentifier"].split(","), state.get("vpcZoneIdentifiers") or []
        named = state.get("launchTemplate") or {}
        template = shown["LaunchTemplate"]
        way = {"id": template["LaunchTemplateId"]} if "id" in named else {"name": template["LaunchTemplateName"]}
        ours = {each["key"] for each in state.get("tags") or []}
        tags = [
            {"key": each["Key"], "value": each["Value"], "propagateAtLaunch": each["PropagateAtLaunch"]}
            for each in shown["Tags"]
            if each["Key"] in ours or not state
        ]
        return {
            "region": self.region(state),
            "name": identity,
            "arn": shown["AutoScalingGroupARN"],
            "availabilityZones": shown["AvailabilityZones"],
            "defaultCooldown": shown["DefaultCooldown"],
            "launchTemplate": {**way, "version": template["Version"]},
            "targetGroupArns": shown["TargetGroupARNs"],
            "vpcZoneIdentifiers": declared if sorted(declared) == sorted(subnets) else subnets,
            "tags": state["tags"] if _same(state.get("tags"), tags) else tags,
            **{name: shown[api] for name, api in SIZES.items()},
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        client = self.client(new)
        template = {"LaunchTemplate": _template(new)} if "launchTemplate" in changed else {}
        subnets = {}
        if "vpcZoneIdentifiers" in changed:
            subnets = {"VPCZoneIdentifier": ",".join(new.get("vpcZoneIdentifiers") or [])}
        sizes = {api: new[name] for name, api in SIZES.items() if name in changed and new.get(name) is not None}
        if template or subnets or sizes:
            client.update_auto_scaling_group(AutoScalingGroupName=identity, **template, **subnets, **sizes)
        if "tags" in changed:
            wanted, gone = _tags(identity, new), {each["key"] for each in old.get("tags") or []}
            gone -= {each["Key"] for each in wanted}
            if gone:
                named = {"ResourceId": identity, "ResourceType": "auto-scaling-group"}
                client.delete_tags(Tags=[{**named, "Key": key} for key in gone])
            if wanted:
                client.create_or_update_tags(Tags=wanted)
        if "targetGroupArns" in changed:
            before, after = set(old.get("targetGroupArns") or []), set(new.get("targetGroupArns") or [])
            if after - before:
                client.attach_load_balancer_target_groups(
                    AutoScalingGroupName=identity, TargetGroupARNs=sorted(after - before)
                )
            if before - after:
                client.detach_load_balancer_target_groups(
                    AutoScalingGroupName=identity, TargetGroupARNs=sorted(before - after)
                )
        if template and new.get("instanceRefresh"):
            self._refresh(client, identity, new["instanceRefresh"])

    @staticmethod
    def _refresh(client: Any, identity: str, wanted: Properties) -> None:
        """As the provider does: an active refresh makes way for the new one."""
        told = wanted.get("preferences") or {}
        preferences = {
            "MinHealthyPercentage": told.get("minHealthyPercentage", 90),
            "SkipMatching": bool(told.get("skipMatching")),
        }
        try:
            client.cancel_instance_refresh(AutoScalingGroupName=identity)
        except Exception as error:
            if not is_cloud_error(error) or code_of(error) != "ActiveInstanceRefreshNotFound":
                raise
        client.start_instance_refresh(AutoScalingGroupName=identity, Preferences=preferences)

    def delete(self, identity: str, state: Properties) -> None:
        client = self.client(state)
        missing_is_none(
            lambda: client.delete_auto_scaling_group(
                AutoScalingGroupName=identity, ForceDelete=bool(state.get("forceDelete"))
            ),
            "ValidationError",
        )


def _template(inputs: Properties) -> dict[str, str]:
    named = inputs["launchTemplate"]
    way = {"LaunchTemplateId": named["id"]} if named.get("id") else {"LaunchTemplateName": named["name"]}
    return {**way, "Version": str(named.get("version") or "$Default")}


def _sizes(inputs: Properties) -> Properties:
    return {api: inputs[name] for name, api in SIZES.items() if inputs.get(name) is not None}


def _tags(group: str, inputs: Properties) -> list[dict[str, Any]]:
    named = {"ResourceId": group, "ResourceType": "auto-scaling-group"}
    return [
        {**named, "Key": each["key"], "Value": each["value"], "PropagateAtLaunch": each["propagateAtLaunch"]}
        for each in inputs.get("tags") or []
    ]


def _same(declared: list[Any] | None, real: list[Any]) -> bool:
    return declared is not None and sorted(map(str, (sorted(each.items()) for each in declared))) == sorted(
        map(str, (sorted(each.items()) for each in real))
    )


RESOURCES = (Attachment, Group)
