"""
Load balancers with a real front door behind them, a name that resolves, and a deletion protection that protects.

moto keeps records only, gives every balancer the same name server entry, and deletes what is protected.
"""

import hashlib
from typing import ClassVar

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.responses import ELBV2Response

from sandbox.clouds.aws.context import Context
from sandbox.fabric import FabricError

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
    """The calls that have a real effect. The door opens with the first listener, whose port is the door's."""

    context: ClassVar[Context]

    def create_load_balancer(self) -> ActionResult:
        result = super().create_load_balancer()
        balancer = result.result["LoadBalancers"][0]
        number = int(hashlib.sha256(balancer.arn.encode()).hexdigest()[:8], 16) % 10**9
        balancer.dns_name = f"{balancer.name}-{number}.elb.{self.region}.amazonaws.com"
        balancer.canonical_hosted_zone_id = zone_of(self.region)
        self.context.names.add_front_door(balancer.dns_name, self.region, balancer.name)
        return result

    def create_listener(self) -> ActionResult:
        result = super().create_listener()
        listener = result.result["Listeners"][0]
        balancer = self.elbv2_backend.load_balancers[listener.load_balancer_arn]
        if len(balancer.listeners) == 1:
            try:
                self.context.fabric.front_doors.open(self.region, balancer.name, port=int(listener.port))
            except FabricError as error:
                self.elbv2_backend.delete_listener(listener.arn)
                raise ELBClientError("InternalFailure", str(error)) from error
        return result

    def delete_listener(self) -> ActionResult:
        arn = self._get_param("ListenerArn")
        balancer = next((b for b in self.elbv2_backend.load_balancers.values() if arn in b.listeners), None)
        result = super().delete_listener()
        if balancer is not None and not balancer.listeners:
            self._close(balancer.name)
        return result

    def delete_load_balancer(self) -> ActionResult:
        balancer = self.elbv2_backend.load_balancers.get(self._get_param("LoadBalancerArn"))
        if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
            raise ELBClientError(
                "OperationNotPermitted", f"Load balancer '{balancer.arn}' cannot be deleted: deletion protection is on"
            )
        result = super().delete_load_balancer()
        if balancer is not None:
            if balancer.listeners:
                self._close(balancer.name)
            self.context.names.remove(balancer.dns_name)
        return result

    def _close(self, name: str) -> None:
        try:
            self.context.fabric.front_doors.close(self.region, name)
        except FabricError as error:
            raise ELBClientError("InternalFailure", str(error)) from error


RESPONSES = {ELBV2Response: ELBV2}
URLS = "moto.elb.urls"
