"""Buckets that hold backups are made with object lock."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule, days, words
from ..kernel.buckets import BUCKET, OBJECT_LOCK, is_locked, lock_rules
from ..kernel.checks import each
from ..kernel.standards import BACKUP
from ..kernel.stateful import holds_no_data


def check(r: Resource, ctx: Context) -> Iterator[str]:
    names = f"{r.name} {r['bucket'].text() or ''}".lower()
    if any(word.lower() in names for word in ctx.words("backupNames")) and not is_locked(r):
        yield f"objectLockEnabled is {r['objectLockEnabled'].shown()}, needs to be true for a bucket of backups"


def retention(r: Resource, ctx: Context) -> Iterator[str]:
    rules = lock_rules(r)
    if r.type == BUCKET and not rules.present():
        # The default of a locked bucket stands in a resource of its own, or nowhere.
        if is_locked(r) and not holds_no_data(r, ctx) and ctx.stack.first_naming((OBJECT_LOCK,), "bucket", r) is None:
            yield "no BucketObjectLockConfiguration gives it a default: objects are locked only when their writer asks"
        return
    if not rules.present():
        yield "rule is absent: objects are locked only when their writer asks for it"

    def look(rule: Node) -> Iterator[str]:
        default = rule["defaultRetention"]
        kept = (default["days"].number() or 0) + 365 * (default["years"].number() or 0)
        if (default["mode"].text() or "").upper() not in ("GOVERNANCE", "COMPLIANCE"):
            yield f"{default.path}.mode is {default['mode'].shown()}, needs to be COMPLIANCE or GOVERNANCE"
        if kept < ctx.number("minDays"):
            yield f"{default.path} keeps objects {kept:g} days, needs at least {ctx.number('minDays'):g}"

    yield from each(rules.items(), look)


RULES = (
    Rule(
        id="DR-IMM-005",
        title="Buckets of backups are made with object lock",
        severity=HIGH,
        types=(BUCKET,),
        checks=(check,),
        thresholds=(words("backupNames", ("backup", "archive", "velero"), "a bucket named so holds backups"),),
        why="Object lock is decided when a bucket is made: adding it later replaces the bucket.",
        remedy="Set objectLockEnabled when the bucket is made, and add a BucketObjectLockConfiguration.",
        serves=BACKUP,
        see=("checkov CKV_AWS_143", "AWS Config S3_BUCKET_DEFAULT_LOCK_ENABLED", "prowler s3_bucket_object_lock"),
        differs=(
            "CKV_AWS_143 looks at every bucket with a lock configuration; this rule at those whose name says that "
            "they hold backups, where a lock that is switched off counts as none."
        ),
    ),
    Rule(
        id="DR-IMM-006",
        title="Object lock has a default long enough",
        severity=HIGH,
        types=(OBJECT_LOCK, BUCKET),
        scope="stack",
        checks=(retention,),
        thresholds=(days("minDays", 7, "shortest time during which nobody can delete an object"),),
        why="Without a default, objects are locked only when the program that writes them asks for it; few do.",
        remedy="Give the bucket a BucketObjectLockConfiguration whose rule.defaultRetention has mode and days.",
        serves=BACKUP,
        see=("AWS Config S3_BUCKET_DEFAULT_LOCK_ENABLED",),
    ),
)
