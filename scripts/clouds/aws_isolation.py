"""AWS for a site that was found compromised: its network is closed, its credentials are ended, and evidence is kept."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scripts.clouds.aws import code_of, said
from scripts.core.errors import CloudFailed, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scripts.clouds.aws import Aws

OLDER_SESSIONS = "AWSRevokeOlderSessions"
"""The name that the IAM console gives to such a policy: whoever looks there finds what they know."""


@dataclass(frozen=True)
class Rules:
    """Of a security group, as the API takes them back."""

    group: str
    ingress: tuple[Mapping[str, Any], ...]
    egress: tuple[Mapping[str, Any], ...]

    @property
    def none(self) -> bool:
        """Nothing gets in or out."""
        return not self.ingress and not self.egress


# the network


def groups_of(aws: Aws, region: str, balancer: str, databases: Sequence[str]) -> list[str]:
    """The security groups of a load balancer and of database instances; those that do not exist have none."""
    found: set[str] = set()
    try:
        with said(f"looking for the load balancer {balancer}"):
            for each in aws.client("elbv2", region).describe_load_balancers(Names=[balancer])["LoadBalancers"]:
                found.update(each.get("SecurityGroups", ()))
    except CloudFailed as error:
        if code_of(error) not in {"LoadBalancerNotFound", "LoadBalancerNotFoundException"}:
            raise
    for identifier in databases:
        if (shown := _instance(aws, region, identifier)) is not None:
            found.update(group["VpcSecurityGroupId"] for group in shown.get("VpcSecurityGroups", ()))
    return sorted(found)


def rules_of(aws: Aws, region: str, group: str) -> Rules:
    with said(f"looking at the security group {group}"):
        shown = aws.client("ec2", region).describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    return Rules(group, *(_as_given(shown[side]) for side in ("IpPermissions", "IpPermissionsEgress")))


def take_away(aws: Aws, region: str, rules: Rules) -> None:
    """These rules of a group, inward and outward."""
    ec2 = aws.client("ec2", region)
    with said(f"closing the security group {rules.group}"):
        if rules.ingress:
            ec2.revoke_security_group_ingress(GroupId=rules.group, IpPermissions=list(rules.ingress))
        if rules.egress:
            ec2.revoke_security_group_egress(GroupId=rules.group, IpPermissions=list(rules.egress))


def _as_given(rules: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Without the empty parts, which the calls that change rules do not all take."""
    return tuple({key: value for key, value in rule.items() if value != []} for rule in rules)


# credentials


def end_sessions(aws: Aws, region: str, role: str, before: datetime) -> bool:
    """
    Nothing is allowed any more to who took up the role before a moment. False where there is no such role.

    IAM is one for all regions; `region` only says whose clients are used.
    """
    older = {"DateLessThan": {"aws:TokenIssueTime": f"{before:%Y-%m-%dT%H:%M:%SZ}"}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam = aws.client("iam", region)
    try:
        with said(f"ending the sessions of the role {role}"):
            iam.put_role_policy(RoleName=role, PolicyName=OLDER_SESSIONS, PolicyDocument=policy)
            iam.get_role_policy(RoleName=role, PolicyName=OLDER_SESSIONS)
    except CloudFailed as error:
        if code_of(error) in {"NoSuchEntity", "NoSuchEntityException"}:
            return False
        raise
    return True


def forget_password(aws: Aws, region: str, identifier: str) -> None:
    """Give a database a password that nobody knows. Whoever is to look inside sets another one by the same call."""
    with said(f"changing the password of {identifier}"):
        aws.client("rds", region, slow=True).modify_db_instance(
            DBInstanceIdentifier=identifier, MasterUserPassword=secrets.token_hex(32), ApplyImmediately=True
        )


@dataclass(frozen=True)
class SecretValue:
    """One version of a secret. `text` never shows in a repr."""

    version: str
    text: str

    def __repr__(self) -> str:
        return f"SecretValue({self.version!r}, ***)"


def read_secret(aws: Aws, region: str, name: str, version: str = "") -> SecretValue | None:
    """The present version, or the one that is named; None where that version is not there."""
    which = {"VersionId": version} if version else {}
    try:
        with said(f"reading the secret {name} in {region}"):
            found = aws.client("secretsmanager", region).get_secret_value(SecretId=name, **which)
    except CloudFailed as error:
        if version and code_of(error) == "ResourceNotFoundException":
            return None
        raise
    return SecretValue(found["VersionId"], found["SecretString"])


def write_secret(aws: Aws, region: str, name: str, text: str, version: str) -> None:
    """A new version, which becomes the present one. Written once: the same version again changes nothing."""
    with said(f"writing the secret {name} in {region}"):
        aws.client("secretsmanager", region, slow=True).put_secret_value(
            SecretId=name, SecretString=text, ClientRequestToken=version
        )


def stop_copies(aws: Aws, region: str, name: str, regions: Sequence[str]) -> list[str]:
    """The secret is no longer copied to these regions, and the copies there are deleted. Gives those that had one."""
    client = aws.client("secretsmanager", region, slow=True)
    with said(f"stopping the copies of the secret {name}"):
        shown = client.describe_secret(SecretId=name).get("ReplicationStatus") or []
        there = sorted({each["Region"] for each in shown} & set(regions))
        if there:
            client.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=there)
    return there


# evidence


def copy_snapshot(aws: Aws, region: str, name: str, *, to: str, key: str, tags: Mapping[str, str]) -> None:
    """Copy a snapshot into another region, under a key of that region; already there counts as done."""
    if region in aws.lost:
        raise Refused(f"{region} counts as lost and is not asked", "this is a defect in a step")
    with said(f"looking for the snapshot {name}"):
        found = aws.client("rds", region).describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
    try:
        with said(f"copying the snapshot {name} to {to}"):
            aws.client("rds", to, slow=True).copy_db_snapshot(
                SourceDBSnapshotIdentifier=found[0]["DBSnapshotArn"],
                TargetDBSnapshotIdentifier=name,
                SourceRegion=region,
                KmsKeyId=key,
                Tags=[{"Key": tag, "Value": value} for tag, value in tags.items()],
            )
    except CloudFailed as error:
        if code_of(error) not in {"DBSnapshotAlreadyExists", "DBSnapshotAlreadyExistsFault"}:
            raise


def _instance(aws: Aws, region: str, identifier: str) -> Mapping[str, Any] | None:
    try:
        with said(f"describing {identifier} in {region}"):
            found = aws.client("rds", region).describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    except CloudFailed as error:
        if code_of(error) in {"DBInstanceNotFound", "DBInstanceNotFoundFault"}:
            return None
        raise
    shown: Mapping[str, Any] | None = found[0] if found else None
    return shown
