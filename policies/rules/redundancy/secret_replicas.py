"""Secrets can be read in another region."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.resource import plain_region
from ..kernel.standards import NIST_KEYS, OTHER_REGION


def check(r: Resource, ctx: Context) -> Iterator[str]:
    home = r.region()
    found = {plain_region(replica["region"].text()) for replica in r["replicas"].items()} - {None, home}
    wanted = ctx.facts.regions("recoveryRegions")
    if not found:
        yield "replicas names no other region"
    elif wanted and home not in wanted and not found & wanted:
        yield f"replicas names {', '.join(sorted(str(name) for name in found))}, none of them a recovery region"


RULE = Rule(
    id="DR-GEO-013",
    title="Secrets can be read in a recovery region",
    severity=HIGH,
    types=("aws:secretsmanager/secret:Secret",),
    checks=(check,),
    why="A service that starts in the recovery region asks its own region for its passwords.",
    remedy="Add the recovery region to replicas.",
    serves=(*OTHER_REGION, NIST_KEYS),
)
