"""DocumentDB and Neptune keep automated backups long enough."""

from ..kernel import CRITICAL, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-RET-002",
    title="DocumentDB and Neptune keep automated backups long enough",
    severity=CRITICAL,
    types=("aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster"),
    checks=(at_least("backupRetentionPeriod", "minDays", absent=1),),
    thresholds=(days("minDays", 14, "shortest point-in-time window", fact="pitrDays"),),
    why="Left out, these clusters keep one day of backups: an error found on Monday is out of reach since Saturday.",
    remedy="Set backupRetentionPeriod (1 to 35).",
    fix={"backupRetentionPeriod": "$minDays"},
    serves=BACKUP,
    see=("checkov CKV_AWS_360", "prowler documentdb_cluster_backup_enabled", "prowler neptune_cluster_backup_enabled"),
    differs=("CKV_AWS_360 asks for any backups, this rule for `minDays` of them: what keeps fewer days passes there."),
)
