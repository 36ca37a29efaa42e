"""Data stays in the regions where it may lie, replicas and copies included."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Node, Resource, Rule
from ..kernel.checks import each
from ..kernel.resource import plain_region, region_of_arn
from ..kernel.standards import GDPR_TRANSFERS
from ..kernel.stateful import STATEFUL

REGIONAL = tuple(name for name in STATEFUL if name != "aws:rds/globalCluster:GlobalCluster")
PLACES = {
    "azure-native:cosmosdb:DatabaseAccount": ("locations", "locationName"),
    "aws:dynamodb/table:Table": ("replicas", "regionName"),
    "aws:secretsmanager/secret:Secret": ("replicas", "region"),
}


def allowed_here(region: str | None, ctx: Context) -> bool:
    return region is None or region in ctx.facts.regions("allowedRegions") | {"global"}


def own(r: Resource, ctx: Context) -> Iterator[str]:
    region = r.region()
    if region is None:
        yield "neither the resource nor its provider says in which region it lies"
    if not allowed_here(region, ctx):
        yield f"it lies in {region}, which is none of {', '.join(sorted(ctx.facts.regions('allowedRegions')))}"


def listed(r: Resource, ctx: Context) -> Iterator[str]:
    def look(place: Node) -> Iterator[str]:
        if r.type in PLACES:
            node = place[PLACES[r.type][1]]
            if not allowed_here(plain_region(node.text()), ctx):
                yield f"{node.path} is {node.shown()}, where its data may not lie"
        for action in place["copyActions"].items():
            region = region_of_arn(action["destinationVaultArn"].text())
            if not allowed_here(region, ctx):
                yield f"{action.path} copies to {region}, where its data may not lie"
        for destination in place["destinations"].items():
            if not allowed_here(plain_region(destination["region"].text()), ctx):
                yield f"{destination.path} copies to {destination['region'].shown()}, where its data may not lie"

    if r.type in PLACES:
        yield from each(r[PLACES[r.type][0]].items(), look)
    elif r.type.startswith("aws:ecr"):
        yield from each(r["replicationConfiguration"]["rules"].items(), look)
    else:
        yield from each(r["rules"].items(), look)


RULES = (
    Rule(
        id="DR-RES-001",
        title="What holds data lies in an allowed region",
        severity=CRITICAL,
        types=(*REGIONAL, "azure-native:containerregistry:Replication"),
        checks=(own,),
        needs=("allowedRegions",),
        why="A recovery site abroad is a transfer of personal data, also if it is never used.",
        remedy="Move the resource, or have the region added to residency.allowed_regions by who may decide it.",
        serves=(GDPR_TRANSFERS,),
    ),
    Rule(
        id="DR-RES-002",
        title="Copies and replicas stay in allowed regions",
        severity=CRITICAL,
        types=(*PLACES, "aws:backup/plan:Plan", "aws:ecr/replicationConfiguration:ReplicationConfiguration"),
        checks=(listed,),
        needs=("allowedRegions",),
        why="Replication carries data across a border without a line of code that says so. Azure has policies of its "
        "own against geo-redundant copies: where they hold, this rule tells which regions are meant.",
        remedy="Take the region out of the list of copies.",
        serves=(GDPR_TRANSFERS,),
    ),
)
