"""Copies of AWS stores: RDS, Aurora, DynamoDB, S3, with the backup plans that cover them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator

from previews import assumptions, property_paths, schedules
from previews.changes import number, switched
from previews.copies import (
    LOG,
    REPLICA,
    SNAPSHOT,
    STANDBY,
    Copy,
    Side,
    Store,
    arn_region,
    given,
    last_part,
    leaves,
    text,
)
from previews.previewed import Resource

_INSTANCE = "aws:rds/instance:Instance"
_CLUSTERS = ("aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster")
_SOURCES = ("replicateSourceDb", "replicationSourceIdentifier")
DAY = 86400.0


def stores(side: Side) -> list[Store]:
    """Every AWS store of a side, with its copies."""
    found = [*_databases(side), *_tables(side), *_buckets(side), *_file_systems(side)]
    _add_backups(side, found)
    for store in found:
        store.copies = list(dict.fromkeys(store.copies))
    return found


def _identities(resource: Resource, *more: str) -> frozenset[str]:
    names = (resource.outputs.get("arn"), resource.outputs.get("id"), resource.outputs.get("identifier"), *more)
    return frozenset(name for name in names if name)


def _tags(resource: Resource) -> dict[str, str]:
    tags = (resource.inputs or {}).get("tags")
    return {key: value for key, value in tags.items() if isinstance(value, str)} if isinstance(tags, dict) else {}


def _databases(side: Side) -> Iterator[Store]:
    resources = [resource for kind in (_INSTANCE, *_CLUSTERS) for resource in side.of(kind)]
    primaries: list[Store] = []
    groups: dict[str, Store] = {}
    replicas: list[Resource] = []
    for resource in resources:
        if any(given(resource, source) for source in _SOURCES):
            replicas.append(resource)
            continue
        store = _database(side, resource)
        group = text(resource, "globalClusterIdentifier")
        if group and group in groups:
            groups[group].copies.append(Copy(store.region, REPLICA, assumptions.REPLICA_LAG))
            groups[group].identities |= store.identities
            continue
        groups.setdefault(group or resource.urn, store)
        primaries.append(store)
    index = _Index(primaries)
    for resource in side.of("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"):
        source = text(resource, "sourceDbInstanceArn")
        for store in index.named(source, arn_region(source)):
            store.copies.append(Copy(side.region(resource), LOG, assumptions.LOG_INTERVAL, clean=True))
    for resource in replicas:
        source = next((name for key in _SOURCES if (name := text(resource, key))), "")
        region = side.region(resource)
        for store in index.named(source, arn_region(source) or region):
            store.copies.append(Copy(region, REPLICA, assumptions.REPLICA_LAG))
    yield from primaries


def _database(side: Side, resource: Resource) -> Store:
    is_instance = resource.type == _INSTANCE
    days = number(property_paths.value_at(resource.inputs or {}, "backupRetentionPeriod"))
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
        retention=days * DAY,
        size_gb=number(property_paths.value_at(resource.inputs or {}, "allocatedStorage")) or 0,
        tags=_tags(resource),
    )
    if switched(property_paths.value_at(resource.inputs or {}, "multiAz")) or not is_instance:
        store.copies.append(Copy(region, STANDBY, 0))
    if days > 0:
        store.copies.append(Copy(region, LOG, assumptions.LOG_INTERVAL, clean=True))
    return store


class _Index:
    """Stores by what a reference may call them: by every identity, and by region and the last part of it."""

    def __init__(self, stores: Iterable[Store]) -> None:
        self._stores = list(stores)
        self._by_identity: dict[str, list[Store]] = {}
        self._by_place: dict[tuple[str, str], list[Store]] = {}
        for store in self._stores:
            for name in store.identities:
                self._by_identity.setdefault(name, []).append(store)
            for short in {last_part(name) for name in store.identities}:
                self._by_place.setdefault((store.region, short), []).append(store)

    def named(self, reference: str, region: str) -> list[Store]:
        """The stores that a reference names; where it is not known yet, the only store there is."""
        if reference:
            return self._by_identity.get(reference) or self._by_place.get((region, last_part(reference)), [])
        return self._stores if len(self._stores) == 1 else []

    def matching(self, pattern: str, region: str) -> list[Store]:
        """The stores of a region that a pattern with wildcards selects."""
        if not any(char in pattern for char in "*?["):
            return [store for store in self.named(pattern, region) if store.region == region]
        here = (store for store in self._stores if store.region == region)
        return [store for store in here if any(fnmatch.fnmatchcase(name, pattern) for name in store.identities)]


def _tables(side: Side) -> Iterator[Store]:
    for resource in side.of("aws:dynamodb/table:Table"):
        region = side.region(resource)
        recovers = switched(property_paths.value_at(resource.inputs or {}, "pointInTimeRecovery.enabled")) is True
        days = number(property_paths.value_at(resource.inputs or {}, "pointInTimeRecovery.recoveryPeriodInDays")) or 35
        store = Store(
            resource.name,
            resource.stack,
            "table",
            region,
            _identities(resource, text(resource, "name")),
            required=True,
            retention=days * DAY if recovers else 0,
            tags=_tags(resource),
        )
        if recovers:
            store.copies.append(Copy(region, LOG, assumptions.LOG_INTERVAL, clean=True))
        for replica in leaves(resource, "replicas[*].regionName"):
            store.copies.append(Copy(replica, REPLICA, assumptions.GLOBAL_TABLE))
        yield store


def _buckets(side: Side) -> Iterator[Store]:
    buckets: list[Store] = []
    by_name: dict[str, Store] = {}
    for resource in side.of("aws:s3/bucket:Bucket"):
        name = text(resource, "bucket") or resource.outputs.get("bucket", "")
        ids = _identities(resource, name, f"arn:aws:s3:::{name}" if name else "")
        region = side.region(resource)
        store = Store(resource.name, resource.stack, "bucket", region, ids, required=False, tags=_tags(resource))
        buckets.append(store)
        by_name.update(dict.fromkeys(map(last_part, ids), store))
    versioned = {
        last_part(text(resource, "bucket"))
        for resource in side.of("aws:s3/bucketVersioning:BucketVersioning")
        if text(resource, "versioningConfiguration.status") == "Enabled"
    }
    targets: set[int] = set()
    for config in side.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig"):
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
    for resource in side.of("aws:efs/fileSystem:FileSystem"):
        store = Store(resource.name, resource.stack, "file system", side.region(resource), _identities(resource), True)
        by_id.update(dict.fromkeys(map(last_part, store.identities), store))
        yield store
    for resource in side.of("aws:efs/replicationConfiguration:ReplicationConfiguration"):
        source = by_id.get(last_part(text(resource, "sourceFileSystemId")))
        region = text(resource, "destination.region")
        if source is not None and region:
            source.copies.append(Copy(region, REPLICA, assumptions.OBJECT_REPLICATION))


def _add_backups(side: Side, found: list[Store]) -> None:
    """Copies that backup plans make of the stores which their selections name, by reference, pattern or tag."""
    index = _Index(found)
    tagged: dict[tuple[str, str, str], list[Store]] = {}
    for store in found:
        for key, value in store.tags.items():
            tagged.setdefault((store.region, key, value), []).append(store)
    locked = {
        (side.region(lock), text(lock, "backupVaultName"))
        for lock in side.of("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
    }
    plans = side.of("aws:backup/plan:Plan")
    by_id = {plan.outputs.get("id", "") or plan.urn: plan for plan in plans}
    for selection in side.of("aws:backup/selection:Selection"):
        region = side.region(selection)
        plan_id = text(selection, "planId")
        # Before the first update a plan has no id: then it is the one of the selection's own name.
        plan = by_id.get(plan_id) or next(
            (p for p in plans if (p.stack, p.name) == (selection.stack, selection.name)), None
        )
        plan = plan or (plans[0] if len(plans) == 1 else None)
        if plan is None:
            continue
        chosen = [store for pattern in leaves(selection, "resources") for store in index.matching(pattern, region)]
        for tag in property_paths.values_at(selection.inputs or {}, "selectionTags[*]").values():
            if isinstance(tag, dict):
                chosen += tagged.get((region, str(tag.get("key")), str(tag.get("value"))), [])
        copies = _plan_copies(plan, side.region(plan), locked)
        for store in {id(store): store for store in chosen}.values():
            store.copies.extend(copies)


def _plan_copies(plan: Resource, region: str, locked: set[tuple[str, str]]) -> list[Copy]:
    copies: list[Copy] = []
    for rule in property_paths.values_at(plan.inputs or {}, "rules[*]").values():
        if not isinstance(rule, dict):
            continue
        schedule = rule.get("schedule")
        gap = schedules.longest_gap(schedule) if isinstance(schedule, str) else None
        rpo = gap or assumptions.SNAPSHOT
        continuous = switched(rule.get("enableContinuousBackup")) is True
        kept = assumptions.LOG_INTERVAL if continuous else rpo
        own = (region, str(rule.get("targetVaultName"))) in locked
        copies.append(Copy(region, LOG if continuous else SNAPSHOT, kept, clean=True, locked=own))
        for action in rule.get("copyActions") or []:
            arn = action.get("destinationVaultArn") if isinstance(action, dict) else None
            if isinstance(arn, str) and (there := arn_region(arn)):
                copies.append(Copy(there, SNAPSHOT, rpo, clean=True, locked=(there, last_part(arn)) in locked))
    return copies
