"""
Firewalls before load balancers: whom they keep out is answered 403 by the door itself.

moto keeps records only: nothing is kept out, a balancer may have several firewalls, and what is in use can be deleted.
"""

import json
from ipaddress import ip_network
from typing import Any, ClassVar

from moto.elbv2.models import elbv2_backends
from moto.wafv2.exceptions import WAFNonexistentItemException, WAFv2ClientError
from moto.wafv2.models import FakeWebACL
from moto.wafv2.responses import WAFV2Response

from sandbox.clouds.aws.overlays.doors import KeptOut, follow, place_of
from sandbox.clouds.context import Context

Answer = Any
"""Status, headers and body, as moto's own methods give them."""


class WAFV2(WAFV2Response):
    """The calls that change who is kept out, and those that AWS refuses."""

    context: ClassVar[Context]

    def create_web_acl(self) -> Answer:
        self._check_rules()
        return super().create_web_acl()

    def update_web_acl(self) -> Answer:
        self._check_rules()
        answer = super().update_web_acl()
        self._follow()
        return answer

    def delete_web_acl(self) -> Answer:
        acl = self.wafv2_backend.get_web_acl(None, self._get_param("Name"), self._get_param("Id"))
        if acl.associated_resources:
            raise _in_use("the web ACL stands before a resource")
        return super().delete_web_acl()

    def create_ip_set(self) -> Answer:
        _check_addresses(json.loads(self.body))
        return super().create_ip_set()

    def update_ip_set(self) -> Answer:
        _check_addresses(json.loads(self.body))
        answer = super().update_ip_set()
        self._follow()
        return answer

    def delete_ip_set(self) -> Answer:
        named = str(self._get_param("Id"))
        if any(_sets_of(acl, named) for acl in self.wafv2_backend.wacls.values()):
            raise _in_use("a rule refers to the IP set")
        return super().delete_ip_set()

    def associate_web_acl(self) -> Answer:
        """A second web ACL takes the place of the first (AWS WAF API, AssociateWebACL)."""
        arn = str(self._get_param("ResourceArn"))
        account, region = place_of(arn)
        if arn not in elbv2_backends[account][region].load_balancers:
            raise WAFNonexistentItemException
        self.wafv2_backend.disassociate_web_acl(arn)
        answer = super().associate_web_acl()
        self._follow()
        return answer

    def disassociate_web_acl(self) -> Answer:
        answer = super().disassociate_web_acl()
        self._follow()
        return answer

    def _check_rules(self) -> None:
        """What the world's doors cannot do is refused before anything is kept."""
        body = json.loads(self.body)
        if "Allow" not in (body.get("DefaultAction") or {}):
            raise WAFv2ClientError("WAFInvalidParameterException", "The sandbox's firewalls let in by default")
        for rule in body.get("Rules") or []:
            if "IPSetReferenceStatement" not in rule["Statement"] or "Block" not in (rule.get("Action") or {}):
                said = f"Rule {rule['Name']}: the sandbox's firewalls keep out the addresses of IP sets, and no others"
                raise WAFv2ClientError("WAFInvalidParameterException", said)

    def _follow(self) -> None:
        """Have the doors follow what firewalls say now."""
        balancers = elbv2_backends[self.current_account][self.region].load_balancers
        kept_out = self.context.one(KeptOut)
        acls = list(self.wafv2_backend.wacls.values())
        for arn, balancer in balancers.items():
            acl = next((each for each in acls if arn in each.associated_resources), None)
            sets = _sets_of(acl) if acl is not None else []
            networks = [network for each in sets for network in self.wafv2_backend.ip_sets[each].addresses]
            if tuple(sorted(set(networks))) != kept_out.of(arn):
                kept_out.put(arn, networks)
                follow(self.context, balancer)


def _sets_of(acl: FakeWebACL, only: str = "") -> list[str]:
    """The ARNs of the IP sets that its rules refer to: all, or those of one id."""
    arns = [str(rule.statement["IPSetReferenceStatement"]["ARN"]) for rule in acl.rules]
    return [arn for arn in arns if arn.endswith(only)]


def _check_addresses(body: dict[str, Any]) -> None:
    """CIDR of any prefix but /0 (AWS WAF API, UpdateIPSet)."""
    for address in body.get("Addresses") or []:
        try:
            network = ip_network(address)
        except ValueError as error:
            raise WAFv2ClientError("WAFInvalidParameterException", f"{address}: {error}") from error
        if "/" not in address or network.prefixlen == 0:
            raise WAFv2ClientError("WAFInvalidParameterException", f"{address} has no prefix from 1 on")


def _in_use(said: str) -> WAFv2ClientError:
    return WAFv2ClientError("WAFAssociatedItemException", f"AWS WAF couldn't delete it: {said}")


RESPONSES = {WAFV2Response: WAFV2}
URLS = "moto.wafv2.urls"
