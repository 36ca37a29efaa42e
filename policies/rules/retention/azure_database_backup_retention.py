"""Azure Database for PostgreSQL and MySQL keep backups long enough."""

from ..kernel import CRITICAL, Rule, days
from ..kernel.checks import at_least, unless
from ..kernel.following import is_azure_replica
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-RET-006",
    title="Azure Database for PostgreSQL and MySQL keep backups long enough",
    severity=CRITICAL,
    types=("azure-native:dbforpostgresql:Server", "azure-native:dbformysql:Server"),
    checks=(unless(is_azure_replica, at_least("backup.backupRetentionDays", "minDays", absent=7)),),
    thresholds=(days("minDays", 14, "shortest point-in-time window", fact="pitrDays"),),
    why=(
        "Left out, the window is 7 days. Point-in-time and geo restore reach back no further. Replicas have no backups."
    ),
    remedy="Set backup.backupRetentionDays (7 to 35).",
    fix={"backup.backupRetentionDays": "$minDays"},
    serves=BACKUP,
)
