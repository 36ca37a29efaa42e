"""Copies of Google Cloud stores: Cloud SQL with its standby, its backups and its replicas."""

from __future__ import annotations

from previews import assumptions
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
    is_on,
    last_part,
    text,
)
from previews.previewed import Resource
from previews.safety import is_secret, is_unknown
from previews.units import DAY

_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
_BACKUPS = "settings.backupConfiguration"


def stores(side: Side) -> list[Store]:
    """Every Cloud SQL instance of a side, with its copies."""
    instances = side.of(_SQL)
    found = [_instance(side, each) for each in instances if not given(each, "masterInstanceName")]
    for replica in (each for each in instances if given(each, "masterInstanceName")):
        source = last_part(text(replica, "masterInstanceName"))
        for store in found:
            if source in {last_part(name) for name in store.identities} or (not source and len(found) == 1):
                store.copies.append(Copy(side.region(replica), REPLICA, assumptions.REPLICA_LAG))
                store.unsure |= replica.unsure
    return found


def _instance(side: Side, resource: Resource) -> Store:
    region = side.region(resource)
    backed_up = is_on(resource, f"{_BACKUPS}.enabled")
    recovers = is_on(resource, f"{_BACKUPS}.pointInTimeRecoveryEnabled")
    kept = amount(resource, f"{_BACKUPS}.backupRetentionSettings.retainedBackups")
    names = (resource.outputs.get("id", ""), resource.outputs.get("name", ""), text(resource, "name"))
    store = Store(
        resource.name,
        resource.stack,
        "database",
        region,
        frozenset(name for name in names if name and not is_unknown(name) and not is_secret(name)),
        required=True,
        urn=resource.urn,
        # One automated backup a day.
        retention=(7 if kept is None else kept) * DAY if backed_up else 0,
        size_gb=amount(resource, "settings.diskSize") or 0,
    )
    if text(resource, "settings.availabilityType") == "REGIONAL":
        store.copies.append(Copy(region, STANDBY, 0))
    if backed_up:
        store.copies.append(Copy(region, SNAPSHOT, assumptions.SNAPSHOT, clean=True))
    if backed_up and recovers:
        store.copies.append(Copy(region, LOG, assumptions.LOG_INTERVAL, clean=True))
    store.unsure = resource.unsure
    return store
