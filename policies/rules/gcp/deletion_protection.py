"""Databases and clusters of Google Cloud refuse to be deleted."""

from ..kernel import CRITICAL, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-PRO-017",
    title="Cloud SQL, Spanner, Bigtable and GKE refuse to be deleted",
    severity=CRITICAL,
    types=(
        "gcp:sql/databaseInstance:DatabaseInstance",
        "gcp:spanner/database:Database",
        "gcp:bigtable/instance:Instance",
        "gcp:container/cluster:Cluster",
    ),
    checks=(is_true("deletionProtection", absent=True),),
    why="The provider protects them unless told otherwise. A renamed resource is then enough to lose the database.",
    remedy=(
        "Leave deletionProtection out. Against people, Cloud SQL has settings.deletionProtectionEnabled, Spanner "
        "enableDropProtection."
    ),
    fix={"deletionProtection": True},
    serves=DELETION,
)
