"""Resource policies of AWS: where each type has its own, and what somebody who recovers has to be let do with it.

The property holds JSON text or an object. The action is what a recovery begins with: whoever denies it to everybody
has the data and cannot use it (Service Authorization Reference, for the names of the actions).
"""

from __future__ import annotations

from collections.abc import Iterator

from .access import public_resources, shuts_out
from .buckets import POLICY as BUCKET_POLICY
from .resource import Resource
from .values import Node

# Resource type: the property, and the action.
POLICIES: dict[str, tuple[str, str]] = {
    BUCKET_POLICY: ("policy", "s3:GetObject"),
    "aws:kms/key:Key": ("policy", "kms:Decrypt"),
    "aws:kms/externalKey:ExternalKey": ("policy", "kms:Decrypt"),
    "aws:kms/replicaKey:ReplicaKey": ("policy", "kms:Decrypt"),
    "aws:kms/replicaExternalKey:ReplicaExternalKey": ("policy", "kms:Decrypt"),
    "aws:kms/keyPolicy:KeyPolicy": ("policy", "kms:Decrypt"),
    "aws:secretsmanager/secret:Secret": ("policy", "secretsmanager:GetSecretValue"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("policy", "secretsmanager:GetSecretValue"),
    "aws:sqs/queue:Queue": ("policy", "sqs:ReceiveMessage"),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy", "sqs:ReceiveMessage"),
    "aws:sns/topic:Topic": ("policy", "sns:Publish"),
    "aws:sns/topicPolicy:TopicPolicy": ("policy", "sns:Publish"),
    "aws:backup/vaultPolicy:VaultPolicy": ("policy", "backup:StartRestoreJob"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy", "ecr:BatchGetImage"),
    "aws:ecr/registryPolicy:RegistryPolicy": ("policy", "ecr:ReplicateImage"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": ("policy", "elasticfilesystem:ClientMount"),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": ("policy", "dynamodb:GetItem"),
    "aws:kinesis/resourcePolicy:ResourcePolicy": ("policy", "kinesis:GetRecords"),
    "aws:glacier/vault:Vault": ("accessPolicy", "glacier:InitiateJob"),
    "aws:opensearch/domain:Domain": ("accessPolicies", "es:ESHttpGet"),
    "aws:opensearch/domainPolicy:DomainPolicy": ("accessPolicies", "es:ESHttpGet"),
    "aws:elasticsearch/domain:Domain": ("accessPolicies", "es:ESHttpGet"),
    "aws:elasticsearch/domainPolicy:DomainPolicy": ("accessPolicies", "es:ESHttpGet"),
}
_KEYS = "aws:kms/"


def policy_of(r: Resource) -> Node:
    """The policy that a resource of one of these types has. Raises Unknown."""
    return r[POLICIES[r.type][0]]


def opened(r: Resource) -> Iterator[str]:
    """What the policy of a resource lets everybody use. Raises Unknown.

    A search domain in a network of its own is reached from there only, whomever its policy names.
    """
    policy = policy_of(r)
    if policy.present() and not reached_from_a_network(r.props):
        yield from public_resources(policy)


def reached_from_a_network(properties: Node) -> bool:
    """Whether something (a search domain) lies in a network of its own. Raises Unknown."""
    return properties["vpcOptions.subnetIds"].present()


def closed_to_all(r: Resource) -> str | None:
    """The action that a recovery needs and that the policy leaves to nobody; None where somebody has it.

    Raises Unknown.
    """
    policy = policy_of(r)
    if not policy.present():
        return None
    return shuts_out(policy, POLICIES[r.type][1], only_here=r.type.startswith(_KEYS))
