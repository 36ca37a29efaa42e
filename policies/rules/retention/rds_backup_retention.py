"""RDS and Aurora keep automated backups long enough."""

from ..kernel import CRITICAL, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-RET-001",
    title="RDS keeps automated backups long enough",
    severity=CRITICAL,
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    checks=(at_least("backupRetentionPeriod", "minDays"),),
    thresholds=(days("minDays", 14, "shortest point-in-time window", fact="pitrDays"),),
    why=(
        "Point-in-time restore reaches back only as far as the automated backups. Left out, the retention of an "
        "instance is 0: no backups at all, and no replica can be made of it. A replica needs it too, or promotion "
        "makes a primary without backups."
    ),
    remedy="Set backupRetentionPeriod (1 to 35) on every instance and cluster, replicas included.",
    fix={"backupRetentionPeriod": "$minDays"},
    serves=BACKUP,
    see=("checkov CKV_AWS_133", "AWS Config DB_INSTANCE_BACKUP_ENABLED", "prowler rds_instance_backup_enabled"),
)
