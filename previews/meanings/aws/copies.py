"""Copies of AWS stores: RDS, Aurora, DynamoDB, S3, EFS, with the backup plans that cover them."""

from __future__ import annotations

from collections.abc import Iterator

from previews import assumptions
from previews.copies import (
    LOG,
    REPLICA,
    STANDBY,
    Copy,
    Side,
    Store,
    amount,
    arn_region,
    given,
    is_on,
    known,
    last_part,
    leaves,
    spread_doubt,
    text,
)
from previews.meanings.aws.backups import PLAN, SELECTION, Names, add_backups
from previews.previewed import Resource
from previews.safety import is_secret, is_unknown

_INSTANCE = "aws:rds/instance:Instance"
_CLUSTERS = ("aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster")
_TABLE = "aws:dynamodb/table:Table"
_TABLE_REPLICA = "aws:dynamodb/tableReplica:TableReplica"
_BUCKET = "aws:s3/bucket:Bucket"
_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
_FILE_REPLICATION = "aws:efs/replicationConfiguration:ReplicationConfiguration"
_BACKUPS_ELSEWHERE = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
# What says nothing of which stores it is about, where that is not known: then it may be about each of them.
_DECIDING = (_VERSIONING, _REPLICATION, _FILE_REPLICATION, _BACKUPS_ELSEWHERE, _TABLE_REPLICA, PLAN, SELECTION)
_SOURCES = ("replicateSourceDb", "replicationSourceIdentifier")
DAY = 86400.0


def stores(side: Side) -> list[Store]:
    """Every AWS store of a side, with its copies."""
    found = [*_databases(side), *_tables(side), *_buckets(side), *_file_systems(side)]
    add_backups(side, found, Names(found))
    spread_doubt(side, _DECIDING, found)
    for store in found:
        store.copies = list(dict.fromkeys(store.copies))
    return found


def _identities(resource: Resource, *more: str) -> frozenset[str]:
    names = (resource.outputs.get("arn"), resource.outputs.get("id"), resource.outputs.get("identifier"), *more)
    return frozenset(name for name in names if name and not is_unknown(name) and not is_secret(name))


def _tags(resource: Resource) -> dict[str, str]:
    tags = known(resource, (resource.inputs or {}).get("tags"))
    return {key: value for key, value in tags.items() if isinstance(value, str)} if isinstance(tags, dict) else {}


def _databases(side: Side) -> Iterator[Store]:
    primaries: list[Store] = []
    groups: dict[str, Store] = {}
    replicas: list[Resource] = []
    for resource in side.of_all((_INSTANCE, *_CLUSTERS)):
        if any([given(resource, source) for source in _SOURCES]):  # noqa: C419 - each is looked at, for what is unknown
            replicas.append(resource)
            continue
        store = _database(side, resource)
        group = text(resource, "globalClusterIdentifier")
        store.unsure = resource.unsure
        if group and group in groups:
            groups[group].copies.append(Copy(store.region, REPLICA, assumptions.REPLICA_LAG))
            groups[group].identities |= store.identities
            groups[group].unsure |= store.unsure
            continue
        groups.setdefault(group or resource.urn, store)
        primaries.append(store)
    names = Names(primaries)
    for resource in side.of(_BACKUPS_ELSEWHERE):
        source = text(resource, "sourceDbInstanceArn")
        for store in names.named(source, arn_region(source)):
            store.copies.append(Copy(side.region(resource), LOG, assumptions.LOG_INTERVAL, clean=True))
    for resource in replicas:
        source = next((name for key in _SOURCES if (name := text(resource, key))), "")
        region = side.region(resource)
        for store in names.named(source, arn_region(source) or region):
            store.copies.append(Copy(region, REPLICA, assumptions.REPLICA_LAG))
            store.unsure |= resource.unsure
    yield from primaries


def _database(side: Side, resource: Resource) -> Store:
    is_instance = resource.type == _INSTANCE
    days = amount(resource, "backupRetentionPeriod")
    days = (0 if is_instance else 1) if days is None else days
    region = side.region(resource)
    identifier = text(resource, "identifier") or text(resource, "clusterIdentifier")
    store = Store(
        resource.name,
        resource.stack,
        "database",
        region,
        _identities(resource, identifier),
        required=True,
        urn=resource.urn,
        retention=days * DAY,
        size_gb=amount(resource, "allocatedStorage") or 0,
        tags=_tags(resource),
    )
    if is_on(resource, "multiAz") or not is_instance:
        store.copies.append(Copy(region, STANDBY, 0))
    if days > 0:
        store.copies.append(Copy(region, LOG, assumptions.LOG_INTERVAL, clean=True))
    return store


def _tables(side: Side) -> Iterator[Store]:
    found: list[Store] = []
    for resource in side.of(_TABLE):
        region = side.region(resource)
        recovers = is_on(resource, "pointInTimeRecovery.enabled")
        days = amount(resource, "pointInTimeRecovery.recoveryPeriodInDays") or 35
        store = Store(
            resource.name,
            resource.stack,
            "table",
            region,
            _identities(resource, text(resource, "name")),
            required=True,
            urn=resource.urn,
            retention=days * DAY if recovers else 0,
            tags=_tags(resource),
        )
        if recovers:
            store.copies.append(Copy(region, LOG, assumptions.LOG_INTERVAL, clean=True))
        regions = leaves(resource, "replicas[*].regionName")
        store.copies += [Copy(there, REPLICA, assumptions.GLOBAL_TABLE) for there in regions]
        store.unsure = resource.unsure
        found.append(store)
    names = Names(found)
    for replica in side.of(_TABLE_REPLICA):
        source = text(replica, "globalTableArn")
        for store in names.named(source, arn_region(source)):
            store.copies.append(Copy(side.region(replica), REPLICA, assumptions.GLOBAL_TABLE))
            store.unsure |= replica.unsure
    yield from found


def _buckets(side: Side) -> Iterator[Store]:
    buckets: list[Store] = []
    by_name: dict[str, Store] = {}
    for resource in side.of(_BUCKET):
        name = text(resource, "bucket") or resource.outputs.get("bucket", "")
        ids = _identities(resource, name, f"arn:aws:s3:::{name}" if name else "")
        region = side.region(resource)
        store = Store(resource.name, resource.stack, "bucket", region, ids, False, resource.urn, tags=_tags(resource))
        store.unsure = resource.unsure
        buckets.append(store)
        by_name.update(dict.fromkeys(map(last_part, ids), store))
    versioned = {
        last_part(text(resource, "bucket"))
        for resource in side.of(_VERSIONING)
        if text(resource, "versioningConfiguration.status") == "Enabled"
    }
    targets: set[int] = set()
    for config in side.of(_REPLICATION):
        source = by_name.get(last_part(text(config, "bucket")))
        for arn in leaves(config, "rules[*].destination.bucket"):
            target = by_name.get(last_part(arn))
            if source is not None and target is not None and source is not target:
                rpo = assumptions.OBJECT_REPLICATION
                clean = last_part(arn) in versioned  # old versions are from before the damage
                source.copies.append(Copy(target.region, REPLICA, rpo, clean=clean))
                source.required = True
                targets.add(id(target))
    # The target of a replication is a copy; what it would lack is not lost.
    yield from (store for store in buckets if id(store) not in targets or store.copies)


def _file_systems(side: Side) -> Iterator[Store]:
    by_id: dict[str, Store] = {}
    for resource in side.of(_FILE_SYSTEM):
        region = side.region(resource)
        store = Store(resource.name, resource.stack, "file system", region, _identities(resource), True, resource.urn)
        by_id.update(dict.fromkeys(map(last_part, store.identities), store))
        yield store
    for resource in side.of(_FILE_REPLICATION):
        source = by_id.get(last_part(text(resource, "sourceFileSystemId")))
        region = text(resource, "destination.region")
        if source is not None and region:
            source.copies.append(Copy(region, REPLICA, assumptions.OBJECT_REPLICATION))
