"""GKE clusters are backed up, on a schedule, with their volumes."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule, days
from ..kernel.checks import at_least, is_false, is_true
from ..kernel.standards import BACKUP

CLUSTER = "gcp:container/cluster:Cluster"
PLAN = "gcp:gkebackup/backupPlan:BackupPlan"


def planned(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.stack.first_naming((PLAN,), "cluster", r) is None:
        yield "no BackupPlan of Backup for GKE names it"


def scheduled(r: Resource, ctx: Context) -> Iterator[str]:
    schedule = r["backupSchedule"]
    if not schedule["cronSchedule"].present() and not schedule["rpoConfig.targetRpoMinutes"].present():
        yield "backupSchedule has neither cronSchedule nor rpoConfig: nothing is backed up unless somebody asks"


RULES = (
    Rule(
        id="DR-CPY-009",
        title="GKE clusters are in a backup plan",
        severity=HIGH,
        types=(CLUSTER,),
        scope="stack",
        checks=(planned,),
        reads=(PLAN,),
        why="What runs in a cluster, and its volumes, comes back from a backup or not at all.",
        remedy="Add a gkebackup.BackupPlan, and turn on addonsConfig.gkeBackupAgentConfig of the cluster.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RET-031",
        title="Backup plans of GKE run, take volumes in, and keep backups long enough",
        severity=HIGH,
        types=(PLAN,),
        checks=(
            scheduled,
            is_false("backupSchedule.paused"),
            is_false("deactivated"),
            is_true("backupConfig.includeVolumeData"),
            at_least("retentionPolicy.backupRetainDays", "minDays", absent=0),
        ),
        thresholds=(days("minDays", 30, "shortest life of a cluster backup"),),
        why="Without a schedule a plan makes nothing; without volumes it brings back empty databases.",
        remedy="Set backupSchedule, backupConfig.includeVolumeData and retentionPolicy.backupRetainDays.",
        serves=BACKUP,
    ),
)
