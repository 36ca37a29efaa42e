"""A KMS key waits long enough before it is deleted."""

from ..kernel import HIGH, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import DELETION, NIST_KEYS

RULE = Rule(
    id="DR-RET-018",
    title="A KMS key waits long enough before it is deleted",
    severity=HIGH,
    types=("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"),
    checks=(at_least("deletionWindowInDays", "minDays", absent=30),),
    thresholds=(days("minDays", 30, "how long a key scheduled for deletion can be had back"),),
    why="A lost key is a lost backup: everything encrypted with it, copies included, can no longer be read.",
    remedy="Leave deletionWindowInDays out (30) or set it to 30.",
    fix={"deletionWindowInDays": "$minDays"},
    serves=(*DELETION, NIST_KEYS),
)
