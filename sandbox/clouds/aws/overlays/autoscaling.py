"""Auto Scaling groups that EKS made for its node groups: moto does not know them and ties nothing to them."""

from typing import ClassVar

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from sandbox.clouds.context import Context

MADE_BY_EKS = "eks-"


class Ties:
    """Which target groups a node group's nodes belong to: (region, group) -> ARNs."""

    def __init__(self, _: Context) -> None:
        self.targets: dict[tuple[str, str], list[str]] = {}


class AutoScaling(AutoScalingResponse):
    """The calls that tie a group to load balancers; for other groups moto's own."""

    context: ClassVar[Context]

    def _tied(self) -> list[str] | None:
        group = self._get_param("AutoScalingGroupName")
        if not group.startswith(MADE_BY_EKS):
            return None
        return self.context.one(Ties).targets.setdefault((self.region, group), [])

    def attach_load_balancer_target_groups(self) -> ActionResult:
        tied = self._tied()
        if tied is None:
            return super().attach_load_balancer_target_groups()
        tied += [arn for arn in self._get_param("TargetGroupARNs", []) if arn not in tied]
        return EmptyResult()

    def describe_load_balancer_target_groups(self) -> ActionResult:
        tied = self._tied()
        if tied is None:
            return super().describe_load_balancer_target_groups()
        shown = [{"LoadBalancerTargetGroupARN": arn, "State": "InService"} for arn in tied]
        return ActionResult({"LoadBalancerTargetGroups": shown})

    def detach_load_balancer_target_groups(self) -> ActionResult:
        tied = self._tied()
        if tied is None:
            return super().detach_load_balancer_target_groups()
        for arn in self._get_param("TargetGroupARNs", []):
            if arn in tied:
                tied.remove(arn)
        return EmptyResult()


RESPONSES = {AutoScalingResponse: AutoScaling}
