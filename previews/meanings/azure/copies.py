"""Copies of Azure stores: PostgreSQL and MySQL flexible servers, SQL databases, Cosmos DB, storage accounts."""

from __future__ import annotations

from collections.abc import Iterator

from previews import assumptions
from previews.changes import switched
from previews.copies import (
    LOG,
    REPLICA,
    SNAPSHOT,
    STANDBY,
    Copy,
    Side,
    Store,
    amount,
    given,
    last_part,
    leaves,
    spread_doubt,
    text,
)
from previews.copies import normal_region as normal
from previews.previewed import Resource
from previews.safety import is_secret, is_unknown

DAY = 86400.0
_SERVERS = ("azure-native:dbforpostgresql:Server", "azure-native:dbformysql:Server")
# Where geo-redundant copies go: Azure documentation, "Azure paired regions". Others are named after their own region.
_PAIRS = (
    ("northeurope", "westeurope"),
    ("eastus", "westus"),
    ("eastus2", "centralus"),
    ("northcentralus", "southcentralus"),
    ("westus2", "westcentralus"),
    ("uksouth", "ukwest"),
    ("francecentral", "francesouth"),
    ("germanywestcentral", "germanynorth"),
    ("swedencentral", "swedensouth"),
    ("norwayeast", "norwaywest"),
    ("switzerlandnorth", "switzerlandwest"),
    ("southeastasia", "eastasia"),
    ("australiaeast", "australiasoutheast"),
    ("japaneast", "japanwest"),
    ("koreacentral", "koreasouth"),
    ("canadacentral", "canadaeast"),
    ("centralindia", "southindia"),
    ("uaenorth", "uaecentral"),
    ("southafricanorth", "southafricawest"),
)
_PAIR = {**dict(_PAIRS), **{second: first for first, second in _PAIRS}}


def pair_of(region: str) -> str:
    """The paired region, or a name of its own where the region has none or is not known."""
    return _PAIR.get(region, f"pair of {region}" if region else "")


def stores(side: Side) -> list[Store]:
    """Every Azure store of a side, with its copies."""
    found = [*_servers(side), *_sql(side), *_cosmos(side), *_accounts(side)]
    spread_doubt(side, ("azure-native:sql:FailoverGroup",), found)
    return found


def _identities(resource: Resource, *keys: str) -> frozenset[str]:
    names = [resource.outputs.get("id", ""), resource.outputs.get("name", ""), *(text(resource, key) for key in keys)]
    return frozenset(name for name in names if name and not is_unknown(name) and not is_secret(name))


def _servers(side: Side) -> Iterator[Store]:
    resources = [resource for kind in _SERVERS for resource in side.of(kind)]
    replicas = [resource for resource in resources if _follows(resource)]
    primaries = [_server(side, resource) for resource in resources if not _follows(resource)]
    for resource in replicas:
        source = last_part(text(resource, "sourceServerResourceId"))
        for store in primaries:
            if source in {last_part(name) for name in store.identities} or (not source and len(primaries) == 1):
                store.copies.append(Copy(side.region(resource), REPLICA, assumptions.REPLICA_LAG))
                store.unsure |= resource.unsure
    yield from primaries


def _follows(resource: Resource) -> bool:
    """A server with a source is a replica, unless it was restored from it or has been promoted."""
    promoted = text(resource, "replicationRole") in {"None", "Primary"} or given(resource, "replica.promoteMode")
    restored = text(resource, "createMode") in {"PointInTimeRestore", "GeoRestore", "ReviveDropped"}
    return given(resource, "sourceServerResourceId") and not promoted and not restored


def _server(side: Side, resource: Resource) -> Store:
    region = side.region(resource)
    days = amount(resource, "backup.backupRetentionDays")
    store = Store(
        resource.name,
        resource.stack,
        "database",
        region,
        _identities(resource, "serverName"),
        required=True,
        urn=resource.urn,
        retention=(7 if days is None else days) * DAY,
        size_gb=amount(resource, "storage.storageSizeGB") or 0,
    )
    store.copies.append(Copy(region, LOG, assumptions.LOG_INTERVAL, clean=True))
    if text(resource, "highAvailability.mode") in {"ZoneRedundant", "SameZone"}:
        store.copies.append(Copy(region, STANDBY, 0))
    if switched(text(resource, "backup.geoRedundantBackup")):
        store.copies.append(Copy(pair_of(region), LOG, assumptions.GEO_BACKUP, clean=True))
    store.unsure = resource.unsure
    return store


def _sql(side: Side) -> Iterator[Store]:
    partners = [
        name for group in side.of("azure-native:sql:FailoverGroup") for name in leaves(group, "partnerServers[*].id")
    ]
    regions = {text(server, "serverName"): side.region(server) for server in side.of("azure-native:sql:Server")}
    for resource in side.of("azure-native:sql:Database"):
        if text(resource, "createMode") in {"Secondary", "OnlineSecondary"}:
            continue
        region = side.region(resource)
        store = Store(
            resource.name,
            resource.stack,
            "database",
            region,
            _identities(resource, "databaseName"),
            True,
            resource.urn,
            retention=7 * DAY,
        )
        store.copies.append(Copy(region, LOG, assumptions.LOG_INTERVAL, clean=True))
        redundancy = text(resource, "requestedBackupStorageRedundancy") or "Geo"
        if redundancy in {"Geo", "GeoZone"}:
            store.copies.append(Copy(pair_of(region), LOG, assumptions.GEO_BACKUP, clean=True))
        for partner in partners:
            if place := regions.get(last_part(partner)):
                store.copies.append(Copy(place, REPLICA, assumptions.REPLICA_LAG))
        store.unsure = resource.unsure
        yield store


def _cosmos(side: Side) -> Iterator[Store]:
    for resource in side.of("azure-native:cosmosdb:DatabaseAccount"):
        places = [normal(place) for place in leaves(resource, "locations[*].locationName")]
        region = places[0] if places else side.region(resource)
        ids = _identities(resource, "accountName")
        store = Store(resource.name, resource.stack, "database", region, ids, True, resource.urn)
        store.copies += [Copy(place, REPLICA, assumptions.REPLICA_LAG) for place in places[1:]]
        if text(resource, "backupPolicy.type") == "Continuous":
            short = text(resource, "backupPolicy.continuousModeProperties.tier") == "Continuous7Days"
            store.retention = (7 if short else 30) * DAY
            store.copies += [Copy(place, LOG, assumptions.LOG_INTERVAL, clean=True) for place in places or [region]]
        else:
            properties = "backupPolicy.periodicModeProperties"
            interval = amount(resource, f"{properties}.backupIntervalInMinutes") or 240
            hours = amount(resource, f"{properties}.backupRetentionIntervalInHours") or 8
            store.retention = hours * 3600
            store.copies.append(Copy(region, SNAPSHOT, interval * 60, clean=True))
            if text(resource, f"{properties}.backupStorageRedundancy") in {"", "Geo"}:
                store.copies.append(Copy(pair_of(region), SNAPSHOT, interval * 60, clean=True))
        store.unsure = resource.unsure
        yield store


def _accounts(side: Side) -> Iterator[Store]:
    for resource in side.of("azure-native:storage:StorageAccount"):
        region = side.region(resource)
        ids = _identities(resource, "accountName")
        store = Store(resource.name, resource.stack, "storage account", region, ids, False, resource.urn)
        sku = text(resource, "sku.name")
        if any(word in sku for word in ("GRS", "GZRS")):
            store.required = True
            store.copies.append(Copy(pair_of(region), REPLICA, assumptions.OBJECT_REPLICATION))
        store.unsure = resource.unsure
        yield store
