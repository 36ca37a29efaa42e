"""
What some pods of a cluster act as: a role that one service account of one namespace alone can take up.

The cluster signs a token for the service account, and STS gives the role for it (IAM roles for service accounts). Pods
of another account, and the nodes themselves, have no way to it. EKS Pod Identity would do as well, and needs a daemon
in the cluster, whose failure would take the writer's lease away.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

ANNOTATION = "eks.amazonaws.com/role-arn"
"""Of the service account: by it the cluster knows which role to ask for."""
AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True)
class PodRoleArgs:
    """`issuer` is the cluster's own, an address; `provider_arn` is what the account knows it by."""

    role: str
    issuer: pulumi.Input[str]
    provider_arn: pulumi.Input[str]
    namespace: str
    service_account: str
    statements: Sequence[dict[str, Any]]


class PodRole(pulumi.ComponentResource):
    """Gives `arn`, once the role may do what it is for."""

    def __init__(self, name: str, args: PodRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:PodRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        who = f"system:serviceaccount:{args.namespace}:{args.service_account}"
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role,
            force_detach_policies=True,  # also what a closed site was denied, outside Pulumi
            assume_role_policy=pulumi.Output.all(args.issuer, args.provider_arn).apply(
                lambda known: json.dumps(_trust(known[0].removeprefix("https://"), known[1], who))
            ),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-allowed",
            role=role.name,
            policy=json.dumps({"Version": "2012-10-17", "Statement": list(args.statements)}),
            opts=child,
        )
        self.arn: pulumi.Output[str] = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})


def _trust(issuer: str, provider_arn: str, who: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:sub": who, f"{issuer}:aud": AUDIENCE}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def agent_statements(own: str, witness: str, lease: str, claim: str) -> list[dict[str, Any]]:
    """
    What the agent of a site does: it reads and replaces the writer lease in the bucket `witness`, and takes its site's
    claim back in the bucket `own`. Listing is asked for because S3 says that an object is not there only to who may
    list the bucket; to all others it says that they may not look.
    """
    return [
        _allow(["s3:GetObject", "s3:PutObject"], [f"arn:aws:s3:::{witness}/{lease}"]),
        _allow(["s3:ListBucket"], [f"arn:aws:s3:::{witness}"]),
        _allow(["s3:DeleteObject"], [f"arn:aws:s3:::{own}/{claim}"]),
    ]


def service_statements(buckets: Sequence[str]) -> list[dict[str, Any]]:
    """What a service does with the object stores that it uses, in its own site. Versions are not its to remove."""
    objects = [f"arn:aws:s3:::{bucket}/*" for bucket in buckets]
    return [
        _allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects),
        _allow(["s3:ListBucket"], [f"arn:aws:s3:::{bucket}" for bucket in buckets]),
    ]


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
