"""Security groups and roles: a site's network is closed, and what was taken up from it is ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model import names
from scripts.clouds.aws.rds import describe
from scripts.clouds.aws.session import Session, code_of, said
from scripts.clouds.protocol import Opening
from scripts.core.errors import CloudFailed

if TYPE_CHECKING:
    from model import Plan

OLDER_SESSIONS = "AWSRevokeOlderSessions"
"""The name that the IAM console gives to such a policy: whoever looks there finds what they know."""


class SecurityGroups:
    """See `Isolation`. `instances` are the identifiers of every database of the site that is declared."""

    def __init__(self, session: Session, plan: Plan, site: str, instances: Sequence[str]) -> None:
        self._session, self._plan, self._site, self._instances = session, plan, site, instances
        self._region = plan.site(site).region

    def openings(self) -> list[Opening]:
        return [self._opening(group) for group in sorted(self._groups())]

    def close(self, opening: Opening) -> None:
        ec2 = self._session.client("ec2", self._region)
        with said(f"closing the security group {opening.name}"):
            if inward := opening.rules["ingress"]:
                ec2.revoke_security_group_ingress(GroupId=opening.name, IpPermissions=list(inward))
            if outward := opening.rules["egress"]:
                ec2.revoke_security_group_egress(GroupId=opening.name, IpPermissions=list(outward))

    def end_sessions(self, site: str, before: datetime, *, goes_on: bool = False) -> list[str]:
        """IAM is one for all regions; this site's region only says whose clients are used."""
        plan = self._plan
        roles = [names.control_role(plan, site), names.nodes_role(plan, site)]
        roles = [*([] if goes_on else roles), names.agent_role(plan, site)]
        roles += [names.service_role(plan, site, service.name) for service in plan.services]
        return [role for role in roles if self._end_sessions(role, before)]

    def why_sessions_stay(self) -> str | None:
        return None

    def _groups(self) -> set[str]:
        """Those of the load balancer and of the databases; what does not exist has none."""
        found: set[str] = set()
        balancer = names.load_balancer(self._plan, self._site)
        try:
            with said(f"looking for the load balancer {balancer}"):
                shown = self._session.client("elbv2", self._region).describe_load_balancers(Names=[balancer])
            for each in shown["LoadBalancers"]:
                found.update(each.get("SecurityGroups", ()))
        except CloudFailed as error:
            if code_of(error) not in {"LoadBalancerNotFound", "LoadBalancerNotFoundException"}:
                raise
        for identifier in self._instances:
            if (instance := describe(self._session, self._region, identifier)) is not None:
                found.update(group["VpcSecurityGroupId"] for group in instance.get("VpcSecurityGroups", ()))
        return found

    def _opening(self, group: str) -> Opening:
        with said(f"looking at the security group {group}"):
            answer = self._session.client("ec2", self._region).describe_security_groups(GroupIds=[group])
        shown = answer["SecurityGroups"][0]
        rules = {"ingress": _as_given(shown["IpPermissions"]), "egress": _as_given(shown["IpPermissionsEgress"])}
        return Opening(group, rules)

    def _end_sessions(self, role: str, before: datetime) -> bool:
        older = {"DateLessThan": {"aws:TokenIssueTime": f"{before:%Y-%m-%dT%H:%M:%SZ}"}}
        deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
        iam = self._session.client("iam", self._region)
        try:
            with said(f"ending the sessions of the role {role}"):
                iam.put_role_policy(RoleName=role, PolicyName=OLDER_SESSIONS, PolicyDocument=policy)
                iam.get_role_policy(RoleName=role, PolicyName=OLDER_SESSIONS)
        except CloudFailed as error:
            if code_of(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return False
            raise
        return True


def _as_given(rules: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without the empty parts, which the calls that change rules do not all take."""
    return [{key: value for key, value in rule.items() if value != []} for rule in rules]
