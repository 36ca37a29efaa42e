"""The resources of Google Cloud that say who may use a bucket, a key, a secret, a topic or an image."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .values import Node

# What grants name, by module and stem; each comes as a member, a binding and a whole policy (provider docs).
_GRANTED = (
    ("storage", "bucketIAM", "BucketIAM"),
    ("kms", "cryptoKeyIAM", "CryptoKeyIAM"),
    ("kms", "keyRingIAM", "KeyRingIAM"),
    ("secretmanager", "secretIam", "SecretIam"),
    ("secretmanager", "regionalSecretIam", "RegionalSecretIam"),
    ("pubsub", "topicIAM", "TopicIAM"),
    ("pubsub", "subscriptionIAM", "SubscriptionIAM"),
    ("bigquery", "datasetIam", "DatasetIam"),
    ("bigquery", "iam", "Iam"),
    ("bigtable", "instanceIam", "InstanceIam"),
    ("bigtable", "tableIam", "TableIam"),
    ("spanner", "databaseIAM", "DatabaseIAM"),
    ("spanner", "instanceIAM", "InstanceIAM"),
    ("artifactregistry", "repositoryIam", "RepositoryIam"),
    ("gkebackup", "backupPlanIam", "BackupPlanIam"),
)
GRANTS = tuple(
    f"gcp:{module}/{file}{form}:{name}{form}"
    for module, file, name in _GRANTED
    for form in ("Member", "Binding", "Policy")
)
ENTITIES = (
    "gcp:storage/bucketAccessControl:BucketAccessControl",
    "gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl",
    "gcp:storage/objectAccessControl:ObjectAccessControl",
)
LISTS = (
    "gcp:storage/bucketACL:BucketACL",
    "gcp:storage/defaultObjectACL:DefaultObjectACL",
    "gcp:storage/objectACL:ObjectACL",
)


def members_of(policy: Node) -> Iterator[Node]:
    """Whom the bindings of a policy name, which is JSON text. One that cannot be read is refused by the provider."""
    try:
        document = Node(json.loads(policy.text() or ""), policy.path)
    except (ValueError, RecursionError):
        return
    for binding in document["bindings"].items():
        yield from binding["members"].items() if isinstance(binding["members"].raw, list) else ()
