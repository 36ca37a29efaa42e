"""DynamoDB tables refuse to be deleted."""

from ..kernel import CRITICAL, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-PRO-002",
    title="DynamoDB tables refuse to be deleted",
    severity=CRITICAL,
    types=("aws:dynamodb/table:Table",),
    checks=(is_true("deletionProtectionEnabled"),),
    why="A change of key or name replaces a table. Protection turns the loss of its data into an error.",
    remedy="Set deletionProtectionEnabled to true.",
    fix={"deletionProtectionEnabled": True},
    serves=DELETION,
    see=(
        "AWS Config DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED",
        "prowler dynamodb_table_deletion_protection_enabled",
    ),
)
