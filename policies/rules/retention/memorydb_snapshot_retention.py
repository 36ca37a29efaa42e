"""MemoryDB keeps snapshots."""

from ..kernel import HIGH, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-RET-022",
    title="MemoryDB keeps snapshots",
    severity=HIGH,
    types=("aws:memorydb/cluster:Cluster",),
    checks=(at_least("snapshotRetentionLimit", "minDays", absent=0),),
    thresholds=(days("minDays", 7, "shortest retention of snapshots"),),
    why="MemoryDB is the store, not a copy of one. Left out, no snapshot is taken, and a wrong FLUSHALL is final.",
    remedy="Set snapshotRetentionLimit (1 to 35).",
    fix={"snapshotRetentionLimit": "$minDays"},
    serves=BACKUP,
)
