"""A replica does not share the region of its source."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule
from ..kernel.resource import region_of_arn
from ..kernel.standards import OTHER_REGION
from ..kernel.values import Unknown

SOURCES = {
    "aws:rds/instance:Instance": "replicateSourceDb",
    "aws:rds/cluster:Cluster": "replicationSourceIdentifier",
    "azure-native:dbforpostgresql:Server": "sourceServerResourceId",
    "azure-native:dbformysql:Server": "sourceServerResourceId",
    "azure-native:redis:LinkedServer": "linkedRedisCacheId",
}


def source_region(r: Resource, ctx: Context) -> str | None:
    """Where the source of a replica is: by the resource it refers to, else by the ARN. None: it is no replica."""
    prop = SOURCES[r.type]
    try:
        given = r[prop]
        if not given.present():
            return None
        by_name = region_of_arn(given.text())
        unknown = None
    except Unknown as error:
        by_name, unknown = None, error
    source = None if unknown and not r.property_dependencies else ctx.stack.target((r.type,), r, prop)
    if by_name or source is None:
        if unknown:
            raise unknown
        # RDS takes a bare name only for a source in the replica's own region.
        return by_name or (r.region() if r.type.startswith("aws:") else "")
    return source.region()


def check(r: Resource, ctx: Context) -> Iterator[str]:
    home = source_region(r, ctx)
    if home and home == r.region():
        yield f"the replica and its source are both in {home}"


def redis(r: Resource, ctx: Context) -> Iterator[str]:
    def region(prop: str) -> str | None:
        cache = ctx.stack.target(("azure-native:redis:Redis",), r, prop)
        return cache.region() if cache else None

    linked = (
        region("linkedRedisCacheId")
        or Resource("", "", "", lambda: {"region": r["linkedRedisCacheLocation"].text()}).region()
    )
    if linked and linked == region("name"):
        yield f"both caches of the link are in {linked}"


RULES = (
    Rule(
        id="DR-REP-001",
        title="A database replica does not share the region of its source",
        severity=CRITICAL,
        types=tuple(token for token in SOURCES if not token.endswith("LinkedServer")),
        scope="stack",
        checks=(check,),
        why="A replica in the same region serves reads. It is lost together with its source.",
        remedy="Give the replica the recovery region (region, location) and the source's full ARN or id.",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-REP-002",
        title="Linked Redis caches are in different regions",
        severity=HIGH,
        types=("azure-native:redis:LinkedServer",),
        scope="stack",
        checks=(redis,),
        why="A geo-replication link within one region copies the cache into the same disaster.",
        remedy="Link the cache to one in the recovery region.",
        serves=OTHER_REGION,
    ),
)
