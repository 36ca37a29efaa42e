"""Buckets, vaults and registries are not emptied in order to delete them."""

from ..kernel import CRITICAL, HIGH, Rule
from ..kernel.checks import is_false
from ..kernel.standards import DELETION

RULES = (
    Rule(
        id="DR-PRO-009",
        title="Buckets and backup vaults are not emptied on deletion",
        severity=CRITICAL,
        types=(
            "aws:s3/bucket:Bucket",
            "aws:s3/directoryBucket:DirectoryBucket",
            "aws:backup/vault:Vault",
            "gcp:storage/bucket:Bucket",
            "gcp:spanner/instance:Instance",
        ),
        checks=(is_false("forceDestroy"),),
        why="A destroy then deletes every object and recovery point in it, locked objects included.",
        remedy="Leave forceDestroy out.",
        fix={"forceDestroy": False},
        serves=DELETION,
    ),
    Rule(
        id="DR-PRO-010",
        title="Image repositories are not emptied on deletion",
        severity=HIGH,
        types=("aws:ecr/repository:Repository",),
        checks=(is_false("forceDelete"),),
        why="A service without its images cannot be started in any region.",
        remedy="Leave forceDelete out.",
        fix={"forceDelete": False},
        serves=DELETION,
    ),
)
