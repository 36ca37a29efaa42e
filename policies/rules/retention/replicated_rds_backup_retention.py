"""Automated backups that RDS replicates to another region are kept there long enough."""

from ..kernel import HIGH, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP, OTHER_REGION

RULE = Rule(
    id="DR-RET-014",
    title="RDS backups replicated to another region are kept long enough",
    severity=HIGH,
    types=("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",),
    checks=(at_least("retentionPeriod", "minDays", absent=7),),
    thresholds=(days("minDays", 14, "shortest point-in-time window in the recovery region", fact="pitrDays"),),
    why="The copy has a retention of its own, 7 days when left out. A change of it replaces the copy: it starts anew.",
    remedy="Set retentionPeriod when the replication is first made.",
    serves=(*BACKUP, *OTHER_REGION[:1]),
)
