"""
Security groups that let nothing through: what is behind them is not reached; and machines that are real processes.

moto keeps rules and instances as records. Here a load balancer or a database none of whose groups has a rule for
incoming traffic is shut off; which addresses and ports a rule names makes no difference.
"""

from typing import ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.responses import EC2Response
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from sandbox.clouds.aws.machines import Machines
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

    def create_launch_template(self) -> ActionResult:
        """
        moto takes the tags of the template itself for a part of its first version, so that a later version of the same
        content looks like another one.
        """
        result = super().create_launch_template()
        templates = ec2_backends[self.current_account][self.region].launch_templates
        made = next(each for each in templates.values() if each.name == self._get_param("LaunchTemplateName"))
        data = made.versions[0].data
        kept = [each for each in data.pop("TagSpecifications", []) if each["ResourceType"] != "launch-template"]
        data |= {"TagSpecifications": kept} if kept else {}
        return result

    def reboot_instances(self) -> ActionResult:
        for identity in self._named():
            self._machines.reboot(self.region, identity)
        return EmptyResult()

    def terminate_instances(self) -> ActionResult:
        named = self._named()
        for identity in named:
            self._machines.terminate(self.region, identity)
        shown = [{"InstanceId": each, "CurrentState": {"Code": 32, "Name": "shutting-down"}} for each in named]
        return ActionResult({"TerminatingInstances": shown})

    def get_console_output(self) -> ActionResult:
        identity = str(self._get_param("InstanceId"))
        if self._machines.find_machine(self.region, identity) is None:
            raise InvalidInstanceIdError([identity])
        text = self._machines.console(self.region, identity)
        return ActionResult(
            {"InstanceId": identity, "Timestamp": utcnow(), "Output": Base64EncodedString.from_raw_string(text)}
        )

    @property
    def _machines(self) -> Machines:
        return self.context.one(Machines)

    def _named(self) -> list[str]:
        """Raises InvalidInstanceIdError for one that is not there."""
        asked = [str(each) for each in self._get_param("InstanceIds", [])]
        gone = [each for each in asked if self._machines.find_machine(self.region, each) is None]
        if gone:
            raise InvalidInstanceIdError(gone)
        return asked

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
