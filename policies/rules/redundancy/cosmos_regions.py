"""Cosmos DB lives in two regions and changes over by itself."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule
from ..kernel.checks import each, is_true
from ..kernel.resource import plain_region
from ..kernel.standards import OTHER_REGION, SWITCHING


def regions(r: Resource, ctx: Context) -> Iterator[str]:
    found = {name for place in r["locations"].items() if (name := plain_region(place["locationName"].text()))}
    if len(found) < 2:
        yield f"locations names {len(found)} region(s), needs at least 2"


def backup_redundancy(r: Resource, ctx: Context) -> Iterator[str]:
    def look(policy: Node) -> Iterator[str]:
        where = policy["periodicModeProperties.backupStorageRedundancy"]
        # Left out, Azure takes Geo where the region has a pair.
        if (policy["type"].text() or "").lower() == "periodic" and (where.text() or "Geo").lower() != "geo":
            yield f"{where.path} is {where.shown()}, needs to be Geo"

    yield from each(r["backupPolicy"].items(), look)


RULES = (
    Rule(
        id="DR-GEO-003",
        title="Cosmos DB lives in two regions",
        severity=HIGH,
        types=("azure-native:cosmosdb:DatabaseAccount",),
        checks=(regions,),
        why="With one region an account is as lost as that region.",
        remedy="Add a second entry to locations. Adding a region and other changes cannot share one update.",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-GEO-004",
        title="Cosmos DB fails over by itself",
        severity=HIGH,
        types=("azure-native:cosmosdb:DatabaseAccount",),
        checks=(is_true("enableAutomaticFailover"),),
        why="Without it the write region stays lost until somebody calls the very control plane that is in trouble.",
        remedy="Set enableAutomaticFailover to true.",
        fix={"enableAutomaticFailover": True},
        serves=SWITCHING,
        see=("prowler cosmosdb_account_automatic_failover_enabled",),
    ),
    Rule(
        id="DR-GEO-005",
        title="Periodic backups of Cosmos DB are geo-redundant",
        severity=HIGH,
        types=("azure-native:cosmosdb:DatabaseAccount",),
        checks=(backup_redundancy,),
        why="Local and zone redundant backups are lost with the region whose loss they are meant for.",
        remedy="Set backupStorageRedundancy to Geo.",
        serves=OTHER_REGION,
    ),
)
