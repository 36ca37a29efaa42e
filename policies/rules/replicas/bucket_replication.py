"""Buckets are copied to another region, and the copying is on and measured."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..kernel import CRITICAL, HIGH, MEDIUM, Context, Node, Resource, Rule
from ..kernel.buckets import BUCKET, replication_rules
from ..kernel.buckets import REPLICATION as CONFIG
from ..kernel.checks import each, unless
from ..kernel.context import Stack
from ..kernel.standards import OTHER_REGION
from ..kernel.stateful import holds_no_data
from ..kernel.values import Unknown


@dataclass
class Copies:
    """The buckets that others are copied to: their names, their URNs, and why there may be more of them than that."""

    names: set[str] = field(default_factory=set)
    urns: set[str] = field(default_factory=set)
    undecided: Unknown | None = None


def copies(stack: Stack) -> Copies:
    found = Copies()
    for config in stack.of(CONFIG, BUCKET):
        rules = "replicationConfiguration" if config.type == BUCKET else "rules"
        recorded = (config.property_dependencies or {}).get(rules) or ()
        found.urns.update(recorded)
        try:
            arns = [rule["destination.bucket"].text() or "" for rule in replication_rules(config).items()]
        except Unknown as error:
            if not recorded:
                found.undecided = found.undecided or Unknown(f"{config.label}.{error.path}")
            continue
        found.names |= {arn.rpartition(":::")[2] for arn in arns} - {""}
    return found


def present(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) in ("warm", "cold", "traffic") or holds_no_data(r, ctx):
        return  # what is here is the copy, or nothing to keep
    if r["replicationConfiguration"].present():
        return  # the older, inline form

    known: Copies = ctx.stack.remembered("copies of buckets", lambda: copies(ctx.stack))
    if r.urn in known.urns or (r["bucket"].text() or r.name) in known.names:
        return
    if ctx.stack.first_naming((CONFIG,), "bucket", r) is None:
        if known.undecided:
            raise known.undecided
        yield "no BucketReplicationConfig names this bucket"


def without_replication(r: Resource) -> bool:
    """A bucket without the older, inline form: its replication is a resource of its own, or DR-REP-007 asks for it."""
    return r.type == BUCKET and not r["replicationConfiguration"].present()


def enabled(r: Resource, ctx: Context) -> Iterator[str]:
    if not replication_rules(r).present():
        yield f"{replication_rules(r).path} is absent: nothing is copied"

    def look(rule: Node) -> Iterator[str]:
        if (rule["status"].text() or "").lower() != "enabled":
            yield f"{rule.path}.status is {rule['status'].shown()}, needs to be Enabled"

    yield from each(replication_rules(r).items(), look)


def elsewhere(r: Resource, ctx: Context) -> Iterator[str]:
    source = r if r.type == BUCKET else ctx.stack.target((BUCKET,), r, "bucket")
    home = source.region() if source else r.region()

    def by_name() -> dict[str, Resource]:
        return ctx.stack.remembered(
            "buckets", lambda: {name: bucket for bucket in ctx.stack.of(BUCKET) for name in bucket.names}
        )

    def look(rule: Node) -> Iterator[str]:
        arn = rule["destination.bucket"].text() or ""
        copy = by_name().get(arn.rpartition(":::")[2])
        if copy is source and copy is not None:
            yield f"{rule.path}.destination.bucket is the bucket itself"
            return
        if copy and home and copy.region() == home:
            yield f"{rule.path}.destination.bucket is {copy.label}, which is in {home} too"

    yield from each(replication_rules(r).items(), look)


def measured(r: Resource, ctx: Context) -> Iterator[str]:
    def look(rule: Node) -> Iterator[str]:
        for part in ("replicationTime", "metrics"):
            status = rule[f"destination.{part}.status"]
            if (status.text() or "").lower() != "enabled":
                yield f"{status.path} is {status.shown()}, needs to be Enabled"

    yield from each(replication_rules(r).items(), look)


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
        types=(CONFIG, BUCKET),
        checks=(unless(without_replication, enabled),),
        why="A rule that was switched off for a migration stays off, and nothing fails.",
        remedy="Set the status of every rule to Enabled.",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-REP-009",
        title="S3 replication leaves the region",
        severity=CRITICAL,
        types=(CONFIG, BUCKET),
        scope="stack",
        checks=(unless(without_replication, elsewhere),),
        why="A copy in the same region is lost with its source.",
        remedy="Replicate to a bucket in the recovery region.",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-REP-010",
        title="S3 replication is timed and measured",
        severity=MEDIUM,
        types=(CONFIG, BUCKET),
        checks=(unless(without_replication, measured),),
        why="Without replication time control there is no promise, and without metrics nobody sees how far it lags.",
        remedy="Enable destination.replicationTime and destination.metrics in every rule.",
        serves=OTHER_REGION,
    ),
)
