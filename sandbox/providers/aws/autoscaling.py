"""The tie between a group of nodes and the load balancer in front of it."""

from sandbox.providers.aws.base import AwsResource
from sandbox.providers.aws.cloud import missing_is_none
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


RESOURCES = (Attachment,)
