"""Buckets are copied to another region, and the copying is on and measured."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, MEDIUM, Context, Node, Resource, Rule
from ..kernel.checks import each
from ..kernel.context import Stack
from ..kernel.standards import OTHER_REGION
from ..kernel.stateful import holds_no_data
from ..kernel.values import Unknown

BUCKET = "aws:s3/bucket:Bucket"
CONFIG = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


def copies(stack: Stack) -> set[str]:
    """The names of the buckets that others are copied to, as far as they are known."""
    found: set[str] = set()
    for config in stack.of(CONFIG):
        try:
            arns = [rule["destination.bucket"].text() or "" for rule in config["rules"].items()]
        except Unknown:
            continue
        found |= {arn.rpartition(":::")[2] for arn in arns}
    return found - {""}


def present(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) in ("warm", "cold", "traffic") or holds_no_data(r, ctx):
        return  # what is here is the copy, or nothing to keep
    if r["replicationConfiguration"].present():
        return  # the older, inline form

    if (r["bucket"].text() or r.name) in ctx.stack.remembered("copies of buckets", lambda: copies(ctx.stack)):
        return
    if ctx.stack.first_naming((CONFIG,), "bucket", r) is None:
        yield "no BucketReplicationConfig names this bucket"


def enabled(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["rules"].present():
        yield "rules is absent: nothing is copied"

    def look(rule: Node) -> Iterator[str]:
        if (rule["status"].text() or "").lower() != "enabled":
            yield f"{rule.path}.status is {rule['status'].shown()}, needs to be Enabled"

    yield from each(r["rules"].items(), look)


def elsewhere(r: Resource, ctx: Context) -> Iterator[str]:
    source = ctx.stack.target((BUCKET,), r, "bucket")
    home = source.region() if source else r.region()

    def by_name() -> dict[str, Resource]:
        return ctx.stack.remembered(
            "buckets", lambda: {name: bucket for bucket in ctx.stack.of(BUCKET) for name in bucket.names}
        )

    def look(rule: Node) -> Iterator[str]:
        arn = rule["destination.bucket"].text() or ""
        copy = by_name().get(arn.rpartition(":::")[2])
        if copy and home and copy.region() == home:
            yield f"{rule.path}.destination.bucket is {copy.label}, which is in {home} too"

    yield from each(r["rules"].items(), look)


def measured(r: Resource, ctx: Context) -> Iterator[str]:
    def look(rule: Node) -> Iterator[str]:
        for part in ("replicationTime", "metrics"):
            status = rule[f"destination.{part}.status"]
            if (status.text() or "").lower() != "enabled":
                yield f"{status.path} is {status.shown()}, needs to be Enabled"

    yield from each(r["rules"].items(), look)


RULES = (
    Rule(
        id="DR-REP-007",
        title="Every S3 bucket is replicated",
        severity=HIGH,
        types=("aws:s3/bucket:Bucket",),
        scope="stack",
        checks=(present,),
        why="A bucket lives in one region. Its objects come back from nowhere else.",
        remedy="Add a BucketReplicationConfig to a bucket in the recovery region.",
        serves=OTHER_REGION,
        see=(
            "checkov CKV_AWS_144",
            "AWS Config S3_BUCKET_REPLICATION_ENABLED",
            "prowler s3_bucket_cross_region_replication",
        ),
    ),
    Rule(
        id="DR-REP-008",
        title="S3 replication is on",
        severity=HIGH,
        types=(CONFIG,),
        checks=(enabled,),
        why="A rule that was switched off for a migration stays off, and nothing fails.",
        remedy="Set the status of every rule to Enabled.",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-REP-009",
        title="S3 replication leaves the region",
        severity=CRITICAL,
        types=(CONFIG,),
        scope="stack",
        checks=(elsewhere,),
        why="A copy in the same region is lost with its source.",
        remedy="Replicate to a bucket in the recovery region.",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-REP-010",
        title="S3 replication is timed and measured",
        severity=MEDIUM,
        types=(CONFIG,),
        checks=(measured,),
        why="Without replication time control there is no promise, and without metrics nobody sees how far it lags.",
        remedy="Enable destination.replicationTime and destination.metrics in every rule.",
        serves=OTHER_REGION,
    ),
)
