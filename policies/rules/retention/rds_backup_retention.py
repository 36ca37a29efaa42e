"""RDS and Aurora keep automated backups long enough."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule, days
from ..kernel.checks import at_least
from ..kernel.following import is_rds_replica
from ..kernel.standards import BACKUP


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if (r["engine"].text() or "").lower().startswith("sqlserver") and is_rds_replica(r):
        return  # RDS makes no backups of SQL Server replicas
    # Left out, an Aurora cluster keeps one day, an instance nothing (provider docs).
    absent = 1 if r.type == "aws:rds/cluster:Cluster" else 0
    yield from at_least("backupRetentionPeriod", "minDays", absent=absent)(r, ctx)


RULE = Rule(
    id="DR-RET-001",
    title="RDS keeps automated backups long enough",
    severity=CRITICAL,
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    checks=(check,),
    thresholds=(days("minDays", 14, "shortest point-in-time window", fact="pitrDays"),),
    why=(
        "Point-in-time restore reaches back only as far as the automated backups. Left out, the retention of an "
        "instance is 0: no backups at all, and no replica can be made of it; a cluster keeps one day. A replica "
        "needs it too, or promotion "
        "makes a primary without backups."
    ),
    remedy="Set backupRetentionPeriod (1 to 35) on every instance and cluster, replicas included.",
    fix={"backupRetentionPeriod": "$minDays"},
    serves=BACKUP,
    see=("checkov CKV_AWS_133", "AWS Config DB_INSTANCE_BACKUP_ENABLED", "prowler rds_instance_backup_enabled"),
    differs=("CKV_AWS_133 asks for any backups, this rule for `minDays` of them: what keeps fewer days passes there."),
)
