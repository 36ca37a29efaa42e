"""Images can be pulled from another region."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule
from ..kernel.checks import each
from ..kernel.resource import plain_region
from ..kernel.standards import OTHER_REGION

REPLICATION = "azure-native:containerregistry:Replication"
ECR_REPLICATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"


def acr(r: Resource, ctx: Context) -> Iterator[str]:
    if (r["sku.name"].text() or "").lower() != "premium":
        yield f"sku.name is {r['sku.name'].shown()}, needs to be Premium: only that can be replicated"
        return
    home = r.region()

    def elsewhere(other: Resource) -> bool:
        return other.region() not in (None, home)

    if ctx.stack.first_naming((REPLICATION,), "registryName", r, elsewhere) is None:
        yield "no Replication of this registry lies in another region"


def ecr(r: Resource, ctx: Context) -> Iterator[str]:
    home = r.region()
    found: set[str] = set()

    def look(rule: Node) -> Iterator[str]:
        for destination in rule["destinations"].items():
            found.add(plain_region(destination["region"].text()) or "")
        yield from ()

    yield from each(r["replicationConfiguration"]["rules"].items(), look)
    if not found - {"", home}:
        yield "replicationConfiguration.rules names no other region"


def ecr_present(r: Resource, ctx: Context) -> Iterator[str]:
    home, name = r.region(), r["name"].text() or r.name

    def takes(configuration: Resource) -> bool:
        if home and configuration.region() not in (None, home):
            return False  # the registry of another region
        rules = list(configuration["replicationConfiguration.rules"].items())
        prefixes = [[node["filter"].text() or "" for node in rule["repositoryFilters"].items()] for rule in rules]
        return not rules or any(not some or name.startswith(tuple(some)) for some in prefixes)

    if ctx.stack.first((ECR_REPLICATION,), takes) is None:
        yield "no ReplicationConfiguration of its registry takes it in: its images stay in this region"


RULES = (
    Rule(
        id="DR-GEO-006",
        title="Azure container registries are replicated to another region",
        severity=HIGH,
        types=("azure-native:containerregistry:Registry",),
        scope="stack",
        checks=(acr,),
        why="A recovery region that cannot pull an image cannot start a single pod.",
        remedy="Use the Premium sku and a containerregistry.Replication in the recovery region.",
        serves=OTHER_REGION,
        see=("checkov CKV_AZURE_165",),
        differs=("CKV_AZURE_165 asks for any replication of a Premium registry, this rule for one in another region."),
    ),
    Rule(
        id="DR-GEO-007",
        title="ECR replication reaches another region",
        severity=HIGH,
        types=(ECR_REPLICATION,),
        checks=(ecr,),
        why="Replication to the registry's own region or to none does not help when the region is lost.",
        remedy="Name the recovery region in replicationConfiguration.rules[].destinations[].",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-GEO-008",
        title="ECR repositories are replicated",
        severity=HIGH,
        types=("aws:ecr/repository:Repository",),
        scope="stack",
        checks=(ecr_present,),
        why="Replication is a setting of the registry and region: without it no repository leaves the region.",
        remedy="Add one ecr.ReplicationConfiguration for the region. Only later pushes are copied.",
        serves=OTHER_REGION,
    ),
)
