"""Redshift keeps automated snapshots long enough."""

from ..kernel import HIGH, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-RET-003",
    title="Redshift keeps automated snapshots long enough",
    severity=HIGH,
    types=("aws:redshift/cluster:Cluster",),
    checks=(at_least("automatedSnapshotRetentionPeriod", "minDays", absent=1),),
    thresholds=(days("minDays", 14, "shortest retention of automated snapshots"),),
    why="With 0 there are no automated snapshots; left out there is one day of them.",
    remedy="Set automatedSnapshotRetentionPeriod (1 to 35).",
    fix={"automatedSnapshotRetentionPeriod": "$minDays"},
    serves=BACKUP,
    see=("checkov CKV_AWS_343", "AWS Config REDSHIFT_BACKUP_ENABLED", "prowler redshift_cluster_automated_snapshot"),
    differs=(
        "CKV_AWS_343 asks for any snapshots, this rule for `minDays` of them: what keeps fewer days passes there."
    ),
)
