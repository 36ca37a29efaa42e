"""What holds data is selected by a backup plan."""

from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule
from ..kernel.backed_up import SELECTION, selection_of
from ..kernel.standards import BACKUP


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if selection_of(r, ctx) is None:
        yield "no backup Selection takes it in, by ARN or by tag"


RULE = Rule(
    id="DR-CPY-005",
    title="What holds data in AWS is in a backup plan",
    severity=MEDIUM,
    types=(
        "aws:rds/cluster:Cluster",
        "aws:dynamodb/table:Table",
        "aws:efs/fileSystem:FileSystem",
        "aws:ebs/volume:Volume",
    ),
    scope="stack",
    checks=(check,),
    reads=(SELECTION,),
    why="Backups of the service itself end with it; a plan's recovery points have a vault, a lock and copies.",
    remedy="Add the resource, or a tag it carries, to a backup Selection; notResources and conditions take out again.",
    serves=BACKUP,
    see=(
        "checkov CKV2_AWS_8",
        "checkov CKV2_AWS_18",
        "checkov CKV2_AWS_9",
        "AWS Config RDS_IN_BACKUP_PLAN",
        "AWS Config DYNAMODB_IN_BACKUP_PLAN",
        "AWS Config EFS_IN_BACKUP_PLAN",
        "AWS Config EBS_IN_BACKUP_PLAN",
        "prowler dynamodb_table_protected_by_backup_plan",
        "prowler efs_have_backup_enabled",
        "prowler ec2_ebs_volume_protected_by_backup_plan",
    ),
)
