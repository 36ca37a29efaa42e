"""
Load balancers with a real front door behind them, a name that resolves, and a deletion protection that protects.

moto keeps records only, gives every balancer the same name server entry, deletes what is protected, and takes an HTTPS
listener without a certificate. Here the door does what its listeners and their rules say, and nothing else.
"""

import hashlib
from collections.abc import Callable
from typing import ClassVar

from moto.acm.models import acm_backends
from moto.core.responses import ActionResult
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import FakeAction
from moto.elbv2.responses import ELBV2Response

from sandbox.clouds.aws.machines import Machines
from sandbox.clouds.aws.overlays import doors
from sandbox.clouds.aws.overlays.acm import hold
from sandbox.clouds.context import Context

ZONES = {
    "eu-north-1": "Z23TAZ6LKFMNIO",
    "eu-west-1": "Z32O12XQLNTSW2",
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-2": "Z1H1FL5HABSF5",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-west-2": "ZHURV8PSTC4K8",
}
"""Hosted zones of application load balancers (AWS General Reference); other regions get a made-up one."""


def zone_of(region: str) -> str:
    return ZONES.get(region, "Z" + hashlib.sha256(region.encode()).hexdigest()[:13].upper())


class ELBV2(ELBV2Response):
    """The calls that have a real effect. The door opens with the first listener and closes with the last."""

    context: ClassVar[Context]

    def describe_target_health(self) -> ActionResult:
        """What the probes of real machines found; for target groups of nodes moto's own answer."""
        arn = str(self._get_param("TargetGroupArn"))
        found = self.context.one(Machines).health(arn)
        group = self.elbv2_backend.target_groups.get(arn)
        if found is None or group is None:
            return super().describe_target_health()
        return ActionResult({
            "TargetHealthDescriptions": [
                {"Target": {"Id": machine, "Port": int(group.port)}, "TargetHealth": {"State": state}}
                for machine, state in found
            ]
        })  # fmt: skip

    def create_load_balancer(self) -> ActionResult:
        result = super().create_load_balancer()
        balancer = result.result["LoadBalancers"][0]
        number = int(hashlib.sha256(balancer.arn.encode()).hexdigest()[:8], 16) % 10**9
        balancer.dns_name = f"{balancer.name}-{number}.elb.{self.region}.amazonaws.com"
        balancer.canonical_hosted_zone_id = zone_of(self.region)
        self.context.names.add_front_door(balancer.dns_name, self.region, balancer.name)
        return result

    def create_listener(self) -> ActionResult:
        self._check_certificates()
        self._check_rule("DefaultActions")
        result = super().create_listener()
        listener = result.result["Listeners"][0]
        balancer = self.elbv2_backend.load_balancers[listener.load_balancer_arn]
        try:
            doors.follow(self.context, balancer)
        except ELBClientError:
            self.elbv2_backend.delete_listener(listener.arn)
            raise
        return result

    def modify_listener(self) -> ActionResult:
        self._check_certificates()
        self._check_rule("DefaultActions")
        return self._rearranged(super().modify_listener)

    def delete_listener(self) -> ActionResult:
        return self._rearranged(super().delete_listener)

    def create_rule(self) -> ActionResult:
        self._check_rule("Actions")
        return self._rearranged(super().create_rule)

    def modify_rule(self) -> ActionResult:
        self._check_rule("Actions")
        return self._rearranged(super().modify_rule)

    def delete_rule(self) -> ActionResult:
        return self._rearranged(super().delete_rule)

    def set_rule_priorities(self) -> ActionResult:
        return self._rearranged(super().set_rule_priorities)

    def delete_load_balancer(self) -> ActionResult:
        balancer = self.elbv2_backend.load_balancers.get(self._get_param("LoadBalancerArn"))
        if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
            raise ELBClientError(
                "OperationNotPermitted", f"Load balancer '{balancer.arn}' cannot be deleted: deletion protection is on"
            )
        result = super().delete_load_balancer()
        if balancer is not None:
            if balancer.listeners:
                doors.close(self.context, balancer)
            self.context.names.remove(balancer.dns_name)
        return result

    def _check_certificates(self) -> None:
        """Elastic Load Balancing API, CreateListener: HTTPS takes exactly one certificate, and one that is there."""
        named = [str(each.get("CertificateArn", "")) for each in self._get_param("Certificates", []) or []]
        if self._get_param("Protocol") == "HTTPS" and not named:
            raise ELBClientError("ValidationError", "A certificate must be specified for HTTPS listeners")
        for arn in named:
            if arn not in acm_backends[self.current_account][self.region]._certificates:
                raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")

    def _check_rule(self, actions: str) -> None:
        """What the world's doors cannot do is refused before anything is kept."""
        named = [FakeAction(dict(action)) for action in self._get_param(actions, []) or []]
        if named:
            doors.route(self._get_param("Conditions", []) or [], named, lambda _: None)

    def _rearranged(self, act: Callable[[], ActionResult]) -> ActionResult:
        """Do it, and have the doors it may have changed follow."""
        balancers = list(self.elbv2_backend.load_balancers.values())
        before = [doors.listeners_of(self.context, balancer) for balancer in balancers]
        result = act()
        for balancer, listeners in zip(balancers, before, strict=True):
            if doors.listeners_of(self.context, balancer) != listeners:
                doors.follow(self.context, balancer)
        return result


def start(context: Context) -> None:
    """Listeners name certificates, which nobody may have asked about yet."""
    hold(context)


RESPONSES = {ELBV2Response: ELBV2}
URLS = "moto.elb.urls"
