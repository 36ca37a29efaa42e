"""Buckets of Google Cloud: versions, soft delete, and more than one region."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule, days
from ..kernel.checks import is_true
from ..kernel.standards import BACKUP, OTHER_REGION

BUCKET = "gcp:storage/bucket:Bucket"
# Names of places that are several regions (Cloud Storage docs, "Bucket locations").
MULTI = ("US", "EU", "ASIA", "NAM4", "EUR4", "EUR5", "EUR7", "EUR8", "ASIA1")


def soft_delete(r: Resource, ctx: Context) -> Iterator[str]:
    node, needed = r["softDeletePolicy.retentionDurationSeconds"], ctx.number("minDays")
    # Left out, seven days (Cloud Storage docs).
    if (7 * 86400 if node.raw is None else node.number() or 0) < needed * 86400:
        yield f"{node.path} is {node.shown()}, needs at least {needed * 86400:g}"


def regions(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["location"]
    placed = {place.text() for place in r["customPlacementConfig.dataLocations"].items()} - {None}
    if (node.text() or "").upper() not in MULTI and len(placed) < 2:
        yield f"location is {node.shown()}: its objects lie in one region"


RULES = (
    Rule(
        id="DR-RET-027",
        title="Buckets of Google Cloud keep versions",
        severity=HIGH,
        types=(BUCKET,),
        checks=(is_true("versioning.enabled"),),
        why="Versions are the way back from an overwritten object after soft delete has ended.",
        remedy="Set versioning.enabled to true.",
        fix={"versioning.enabled": True},
        serves=BACKUP,
        see=("checkov CKV_GCP_78", "prowler cloudstorage_bucket_versioning_enabled"),
    ),
    Rule(
        id="DR-RET-028",
        title="Buckets of Google Cloud keep what is deleted",
        severity=HIGH,
        types=(BUCKET,),
        checks=(soft_delete,),
        thresholds=(days("minDays", 7, "how long a deleted object can be had back"),),
        why="With 0 a deleted object is gone at once, and so are those of a deleted bucket.",
        remedy="Leave softDeletePolicy out (7 days), or set retentionDurationSeconds.",
        serves=BACKUP,
        see=("prowler cloudstorage_bucket_soft_delete_enabled",),
    ),
    Rule(
        id="DR-GEO-014",
        title="Buckets of Google Cloud lie in several regions",
        severity=MEDIUM,
        types=(BUCKET,),
        checks=(regions,),
        why="A bucket of one region is away with it. The location cannot be changed later.",
        remedy="Use a multi-region (EU) or dual-region (EUR4) when the bucket is made, or customPlacementConfig.",
        serves=OTHER_REGION,
    ),
)
