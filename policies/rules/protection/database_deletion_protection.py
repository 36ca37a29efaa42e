"""Databases refuse to be deleted."""

from ..kernel import CRITICAL, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-PRO-001",
    title="RDS, Aurora, DocumentDB and Neptune refuse to be deleted",
    severity=CRITICAL,
    types=(
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        "aws:rds/globalCluster:GlobalCluster",
        "aws:docdb/cluster:Cluster",
        "aws:neptune/cluster:Cluster",
    ),
    checks=(is_true("deletionProtection"),),
    why="It is off unless asked for. A renamed resource or a wrong stack name is then enough to lose the database.",
    remedy="Set deletionProtection to true, on replicas too: they are the next primary.",
    fix={"deletionProtection": True},
    serves=DELETION,
    see=(
        "checkov CKV_AWS_293",
        "checkov CKV_AWS_139",
        "AWS Config RDS_INSTANCE_DELETION_PROTECTION_ENABLED",
        "AWS Config RDS_CLUSTER_DELETION_PROTECTION_ENABLED",
        "prowler rds_instance_deletion_protection",
        "prowler rds_cluster_deletion_protection",
        "prowler documentdb_cluster_deletion_protection",
        "prowler neptune_cluster_deletion_protection",
    ),
)
