"""Stores are encrypted at rest."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_true
from ..kernel.standards import GDPR_ENCRYPTION, NIST_BACKUP

RULES = (
    Rule(
        id="DR-KEY-001",
        title="Databases and their backups are encrypted",
        severity=HIGH,
        types=(
            "aws:rds/instance:Instance",
            "aws:rds/cluster:Cluster",
            "aws:docdb/cluster:Cluster",
            "aws:neptune/cluster:Cluster",
        ),
        checks=(is_true("storageEncrypted"),),
        why="Backups and replicas inherit it, and it cannot be turned on later: the database would be replaced.",
        remedy="Set storageEncrypted to true when the database is made.",
        serves=(GDPR_ENCRYPTION, NIST_BACKUP),
    ),
    Rule(
        id="DR-KEY-002",
        title="Caches and file systems are encrypted",
        severity=HIGH,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        checks=(is_true("atRestEncryptionEnabled"),),
        why="Snapshots of a cache hold what the cache holds: sessions, tokens, personal data.",
        remedy="Set atRestEncryptionEnabled to true when the group is made.",
        serves=(GDPR_ENCRYPTION, NIST_BACKUP),
    ),
)
