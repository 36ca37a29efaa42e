"""File systems are backed up without anybody asking."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule, days
from ..kernel.backed_up import SELECTION, selection_of
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP

POLICY = "aws:efs/backupPolicy:BackupPolicy"


def efs(r: Resource, ctx: Context) -> Iterator[str]:
    def enabled(policy: Resource) -> bool:
        return (policy["backupPolicy.status"].text() or "").upper() == "ENABLED"

    if ctx.stack.first_naming((POLICY,), "fileSystemId", r, enabled) is not None or selection_of(r, ctx) is not None:
        return
    # A file system of one zone has automatic backups unless told otherwise, the others have none (EFS docs).
    if not r["availabilityZoneName"].present() or ctx.stack.first_naming((POLICY,), "fileSystemId", r) is not None:
        yield "no BackupPolicy with the status ENABLED names it, and no backup Selection takes it in"


def fsx(r: Resource, ctx: Context) -> Iterator[str]:
    lustre = r.type.endswith(":LustreFileSystem")
    if lustre and not (r["deploymentType"].text() or "").upper().startswith("PERSISTENT"):
        return  # scratch file systems have no backups
    # Left out, FSx for Windows keeps seven days, the others make none (provider docs).
    absent = 7 if r.type.endswith(":WindowsFileSystem") else 0
    yield from at_least("automaticBackupRetentionDays", "minDays", absent=absent)(r, ctx)


RULES = (
    Rule(
        id="DR-RET-020",
        title="EFS file systems are backed up",
        severity=HIGH,
        types=("aws:efs/fileSystem:FileSystem",),
        scope="stack",
        checks=(efs,),
        reads=(POLICY, SELECTION),
        why="A file system keeps no versions: what is overwritten or encrypted by somebody else is gone.",
        remedy="Add a BackupPolicy with the status ENABLED, or take the file system into a backup Selection.",
        serves=BACKUP,
        see=("checkov CKV2_AWS_18", "prowler efs_have_backup_enabled", "AWS Config EFS_AUTOMATIC_BACKUPS_ENABLED"),
    ),
    Rule(
        id="DR-RET-021",
        title="FSx file systems keep automatic backups long enough",
        severity=HIGH,
        types=(
            "aws:fsx/windowsFileSystem:WindowsFileSystem",
            "aws:fsx/lustreFileSystem:LustreFileSystem",
            "aws:fsx/ontapFileSystem:OntapFileSystem",
            "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
        ),
        checks=(fsx,),
        thresholds=(days("minDays", 14, "shortest retention of automatic backups"),),
        why="Only FSx for Windows makes backups unless told otherwise, and keeps them a week. Scratch ones have none.",
        remedy="Set automaticBackupRetentionDays (1 to 90).",
        serves=BACKUP,
        see=("AWS Config FSX_RESOURCES_PROTECTED_BY_BACKUP_PLAN",),
    ),
)
