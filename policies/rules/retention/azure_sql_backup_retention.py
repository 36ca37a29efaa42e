"""Azure SQL databases keep point-in-time backups long enough."""

from ..kernel import CRITICAL, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-RET-013",
    title="Azure SQL databases keep point-in-time backups long enough",
    severity=CRITICAL,
    types=("azure-native:sql:BackupShortTermRetentionPolicy",),
    checks=(at_least("retentionDays", "minDays", absent=7),),
    thresholds=(days("minDays", 14, "shortest point-in-time window", fact="pitrDays"),),
    why="Left out, the window is 7 days; the Basic tier cannot have more.",
    remedy="Set retentionDays (1 to 35).",
    fix={"retentionDays": "$minDays"},
    serves=BACKUP,
)
