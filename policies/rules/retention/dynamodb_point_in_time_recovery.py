"""DynamoDB tables can be restored to a point in time."""

from ..kernel import CRITICAL, Rule, days
from ..kernel.checks import at_least, is_true
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-RET-005",
    title="DynamoDB tables can be restored to a point in time",
    severity=CRITICAL,
    types=("aws:dynamodb/table:Table",),
    checks=(
        is_true("pointInTimeRecovery.enabled"),
        at_least("pointInTimeRecovery.recoveryPeriodInDays", "minDays", absent=35),
    ),
    thresholds=(days("minDays", 14, "shortest point-in-time window", fact="pitrDays"),),
    why="Without it a bad deployment that overwrites items cannot be undone; it is off unless asked for.",
    remedy="Set pointInTimeRecovery.enabled, and leave recoveryPeriodInDays out (35 days) or long enough.",
    fix={"pointInTimeRecovery.enabled": True, "pointInTimeRecovery.recoveryPeriodInDays": 35},
    serves=BACKUP,
    see=("checkov CKV_AWS_28", "AWS Config DYNAMODB_PITR_ENABLED", "prowler dynamodb_tables_pitr_enabled"),
)
