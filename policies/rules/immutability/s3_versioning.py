"""S3 keeps versions: it is on where it is configured, and configured for every bucket."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule
from ..kernel.checks import is_one_of
from ..kernel.standards import BACKUP
from ..kernel.stateful import holds_no_data

VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


def has_versioning(r: Resource, ctx: Context) -> Iterator[str]:
    if any(entry["enabled"].flag() for entry in r["versioning"].items()):
        return  # the older, inline form
    if holds_no_data(r, ctx):
        return
    if ctx.stack.first_naming((VERSIONING,), "bucket", r) is None:
        yield "no BucketVersioning names this bucket: what is overwritten or deleted is gone"


RULES = (
    Rule(
        id="DR-IMM-003",
        title="S3 versioning is on",
        severity=CRITICAL,
        types=(VERSIONING,),
        checks=(is_one_of("versioningConfiguration.status", "Enabled"),),
        why="Suspended versioning keeps old versions but makes no new ones; replication stops with it.",
        remedy="Set versioningConfiguration.status to Enabled.",
        fix={"versioningConfiguration.status": "Enabled"},
        serves=BACKUP,
        see=("checkov CKV_AWS_21", "AWS Config S3_BUCKET_VERSIONING_ENABLED", "prowler s3_bucket_object_versioning"),
    ),
    Rule(
        id="DR-IMM-004",
        title="Every S3 bucket has versioning",
        severity=HIGH,
        types=("aws:s3/bucket:Bucket",),
        scope="stack",
        checks=(has_versioning,),
        why="Versions are the only way back from a wrong delete, and replication needs them on both sides.",
        remedy="Add a BucketVersioning for the bucket.",
        serves=BACKUP,
        see=("checkov CKV_AWS_21", "AWS Config S3_BUCKET_VERSIONING_ENABLED", "prowler s3_bucket_object_versioning"),
    ),
)
