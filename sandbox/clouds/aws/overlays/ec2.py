"""
Security groups that let nothing through: what is behind them is not reached.

moto keeps their rules as records. Here a load balancer or a database none of whose groups has a rule for incoming
traffic is shut off; which addresses and ports a rule names makes no difference.
"""

from typing import ClassVar

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.responses import EC2Response
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from sandbox.clouds.context import Context


class EC2(EC2Response):
    """The calls that change the rules for incoming traffic."""

    context: ClassVar[Context]

    def authorize_security_group_ingress(self) -> ActionResult:
        result = super().authorize_security_group_ingress()
        self._shut_off()
        return result

    def revoke_security_group_ingress(self) -> ActionResult:
        result = super().revoke_security_group_ingress()
        self._shut_off()
        return result

    def _shut_off(self) -> None:
        """Everything behind the group that was changed, as all of its groups now say."""
        changed = self._get_param("GroupId")
        account, region, fabric = self.current_account, self.region, self.context.fabric
        for balancer in elbv2_backends[account][region].load_balancers.values():
            if changed in balancer.security_groups and balancer.listeners:
                fabric.front_doors.shut(region, balancer.name, shut=not self._let_in(balancer.security_groups))
        for identifier, database in rds_backends[account][region].databases.items():
            groups = database.vpc_security_group_ids
            if changed in groups and fabric.databases.describe(region, identifier) is not None:
                fabric.databases.shut(region, identifier, shut=not self._let_in(groups))

    def _let_in(self, groups: list[str]) -> bool:
        backend = ec2_backends[self.current_account][self.region]
        found: list[SecurityGroup | None] = [backend.get_security_group_from_id(group) for group in groups]
        return any(group is not None and group.ingress_rules for group in found)


RESPONSES = {EC2Response: EC2}
