"""S3 lifecycle rules do not remove old versions too early."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule, days
from ..kernel.buckets import BUCKET, LIFECYCLE
from ..kernel.checks import each
from ..kernel.standards import BACKUP
from ..kernel.stateful import holds_no_data


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if holds_no_data(r, ctx):
        return
    needed = ctx.number("minDays")
    inline = r.type == BUCKET

    def look(rule: Node) -> Iterator[str]:
        # A configuration says status and noncurrentDays, a bucket's own rules say enabled and days.
        if (rule["status"].text() or "").lower() == "disabled" or rule["enabled"].flag() is False:
            return
        expiry = rule["noncurrentVersionExpiration"]
        after = expiry["days" if inline else "noncurrentDays"]
        if expiry.present() and (after.number() or 0) < needed:
            yield f"{after.path} is {after.shown()}, needs at least {needed:g} days"

    yield from each(r["lifecycleRules" if inline else "rules"].items(), look)


RULE = Rule(
    id="DR-RET-011",
    title="S3 lifecycle rules keep old versions long enough",
    severity=HIGH,
    types=(LIFECYCLE, BUCKET),
    checks=(check,),
    thresholds=(days("minDays", 30, "how long an overwritten or deleted object can be had back"),),
    why="With versions on, old versions are the backup of a bucket; a lifecycle rule can delete that backup.",
    remedy="Raise noncurrentVersionExpiration.noncurrentDays. Buckets of leases and signals may stay as they are.",
    serves=BACKUP,
    see=("AWS Config S3_VERSION_LIFECYCLE_POLICY_CHECK",),
)
