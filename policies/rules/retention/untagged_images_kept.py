"""An image whose tag was moved stays until a bad deployment is noticed."""

from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import DELETION

POLICY = "policies.retentionPolicy"


def kept(r: Resource, ctx: Context) -> Iterator[str]:
    """A registry without the policy deletes nothing."""
    if (r[f"{POLICY}.status"].text() or "disabled").lower() == "enabled":
        yield from at_least(f"{POLICY}.days", "minDays", absent=7)(r, ctx)


RULE = Rule(
    id="DR-RET-035",
    title="Images that lost their tag are kept long enough",
    severity=MEDIUM,
    types=("azure-native:containerregistry:Registry",),
    checks=(kept,),
    thresholds=(days("minDays", 30, "how long an image without a tag is kept"),),
    why="A tag that was moved to a bad image is set back to the digest before, unless that was deleted meanwhile.",
    remedy="Set policies.retentionPolicy.days to 30 or more, or leave the policy out.",
    fix={"policies.retentionPolicy.days": "$minDays"},
    serves=DELETION,
)
