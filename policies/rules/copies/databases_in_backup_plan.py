"""What holds data is selected by a backup plan."""

from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule
from ..kernel.standards import BACKUP

SELECTION = "aws:backup/selection:Selection"


def check(r: Resource, ctx: Context) -> Iterator[str]:
    tags = {(key, r["tags"].key(key).text()) for key in r["tags"].names()}

    def selects(selection: Resource) -> bool:
        if selection.refers_to("resources", r):
            return True
        for entry in selection["resources"].items():
            pattern = entry.text() or ""
            if pattern in ("*", r["arn"].text()) or (
                pattern.endswith("*") and (r["arn"].text() or "").startswith(pattern[:-1])
            ):
                return True
        return any((tag["key"].text(), tag["value"].text()) in tags for tag in selection["selectionTags"].items())

    if ctx.stack.first((SELECTION,), selects) is None:
        yield "no backup Selection covers it, by ARN or by tag"


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
    why="Backups of the service itself end with it; a plan's recovery points have a vault, a lock and copies.",
    remedy="Add the resource, or a tag it carries, to a backup Selection.",
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
