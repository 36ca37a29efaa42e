"""
Changes that weaken a healthy world, each with the words that a reviewer must find in the report.

`line` must stand in the headline, `also` anywhere in the report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.previews.worlds import World, find, put, remove


@dataclass(frozen=True)
class Mutation:
    name: str
    change: Callable[[World], object]
    line: str
    also: str = ""


def _put(stack: str, name: str, path: str, value: Any, kind: str = "") -> Callable[[World], None]:
    def change(world: World) -> None:
        put(find(world, stack, name, kind), path, value)

    return change


def _all(*changes: Callable[[World], object]) -> Callable[[World], None]:
    def change(world: World) -> None:
        for each in changes:
            each(world)

    return change


def _drop(stack: str, name: str, kind: str = "") -> Callable[[World], None]:
    return partial(remove, stack=stack, name=name, kind=kind)


def _unprotect(stack: str, name: str, kind: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        find(world, stack, name, kind)["protect"] = False

    return change


RDS = "rds/instance"
AWS = (
    Mutation(
        "retention cut on both sites",
        _all(_put("prod", "core", "backupRetentionPeriod", 3), _put("dr", "core", "backupRetentionPeriod", 3)),
        "backup retention 14 days → 3 days on core",
        "Backup retention",
    ),
    Mutation(
        "retention removed", _put("prod", "core", "backupRetentionPeriod", None), "backup retention 14 days → 0 days"
    ),
    Mutation(
        "replica moved into the region of its source",
        _put("dr", "core", "region", "eu-north-1"),
        "RPO regional outage",
        "replica moved",
    ),
    Mutation("replica removed", _drop("dr", "core"), "replica removed on core", "RTO (forecast)"),
    Mutation(
        "promotion that looks like an update",
        _put("dr", "core", "replicateSourceDb", None),
        "promotion: replication source",
        "it stops following db:samia-primary-core-1",
    ),
    Mutation(
        "deletion protection off", _put("prod", "core", "deletionProtection", False), "deletion protection on → off"
    ),
    Mutation(
        "engine protection off", _unprotect("prod", "core", RDS), "protect (the engine refuses to delete it) on → off"
    ),
    Mutation("standby dropped", _put("prod", "core", "multiAz", False), "standby in a second zone on → off"),
    Mutation(
        "final snapshot skipped", _put("prod", "core", "skipFinalSnapshot", True), "deletion without a final snapshot"
    ),
    Mutation(
        "backups deleted with it",
        _put("prod", "core", "deleteAutomatedBackups", True),
        "deletion takes the backups too",
    ),
    Mutation(
        "database replaced", _put("prod", "core", "storageEncrypted", False), "Data at stake: core (database, replaced)"
    ),
    Mutation("volume claim deleted", _drop("prod", "uploads"), "Data at stake: uploads (volume claim, deleted)"),
    Mutation("bucket deleted", _drop("dr", "media"), "Data at stake: media (bucket, deleted)"),
    Mutation(
        "versions suspended",
        _put("prod", "media-versions", "versioningConfiguration.status", "Suspended"),
        "object versions Enabled → Suspended",
    ),
    Mutation("replication removed", _drop("prod", "media-replication"), "bucket replication removed"),
    Mutation(
        "replication rule switched off",
        _put("prod", "media-replication", "rules.0.status", "Disabled"),
        "replication rule Enabled → Disabled",
    ),
    Mutation("bucket may be emptied", _put("prod", "media", "forceDestroy", True), "deletion takes the objects too"),
    Mutation("TTL raised", _put("traffic", "api", "ttl", 3600), "DNS TTL 5 s → 3600 s on api", "RTO (forecast)"),
    Mutation("health check unhooked", _put("traffic", "api", "healthCheckId", None), "health check of the record"),
    Mutation("health check removed", _drop("traffic", "primary"), "health check removed on primary"),
    Mutation("health check blinded", _put("traffic", "primary", "disabled", True), "health check disabled off → on"),
    Mutation(
        "health check slowed", _put("traffic", "primary", "requestInterval", 30), "health check interval 10 s → 30 s"
    ),
    Mutation(
        "backups less often",
        _put("prod", "plan", "rules.0.schedule", "cron(0 5 * * ? *)"),
        "backup schedule",
        "RPO (forecast)",
    ),
    Mutation(
        "backup copies dropped",
        _put("prod", "plan", "rules.0.copyActions", []),
        "backup copy targets",
        "not recoverable",
    ),
    Mutation(
        "backup copies kept shorter",
        _put("prod", "plan", "rules.0.copyActions.0.lifecycle.deleteAfter", 7),
        "backup copies kept",
    ),
    Mutation("backup selection removed", _drop("prod", "databases"), "backup selection removed"),
    Mutation("vault lock removed", _drop("cold", "vault-lock"), "vault lock removed"),
    Mutation(
        "vault lock shortened", _put("cold", "vault-lock", "minRetentionDays", 1), "vault lock, shortest retention"
    ),
    Mutation(
        "key window cut",
        _put("prod", "key", "deletionWindowInDays", 7, "kms/key"),
        "key deletion window 30 days → 7 days",
    ),
    Mutation("key of the other region removed", _drop("dr", "key"), "key in another region removed"),
    Mutation(
        "secret purged at once", _put("dr", "database-login", "recoveryWindowInDays", 0), "window to undo a deletion"
    ),
    Mutation("alarm silenced", _put("dr", "replication-lag", "actionsEnabled", False), "alarm actions on → off"),
    Mutation("alarm reaches nobody", _put("dr", "replication-lag", "alarmActions", []), "who an alarm reaches"),
    Mutation(
        "warm site shrunk to none", _put("dr", "booking", "spec.replicas", 0, "Deployment"), "replicas 1 pod → 0 pods"
    ),
    Mutation(
        "probe removed",
        _put("prod", "booking", "spec.template.spec.containers.0.readinessProbe", None, "Deployment"),
        "readiness probe",
    ),
    Mutation("disruption budget removed", _drop("prod", "booking", "PodDisruptionBudget"), "disruption budget removed"),
    Mutation(
        "cluster backup expires sooner", _put("prod", "cluster-backup", "spec.template.ttl", "24h"), "backups kept"
    ),
    Mutation(
        "cluster backup paused", _put("prod", "cluster-backup", "spec.paused", True), "backup schedule paused off → on"
    ),
    Mutation(
        "cluster backup less often", _put("prod", "cluster-backup", "spec.schedule", "0 3 * * *"), "backup schedule"
    ),
    Mutation(
        "cluster backup leaves the namespace out",
        _put("prod", "cluster-backup", "spec.template.includedNamespaces", ["other"]),
        "namespaces backed up",
    ),
    Mutation(
        "site drift",
        _put("prod", "booking", "spec.template.spec.containers.0.image", "registry.example/app:1.5.0", "Deployment"),
        "One site only: 1 change on booking",
        "now differs: spec.template.spec.containers[0].image",
    ),
)

AZURE = (
    Mutation(
        "retention cut", _put("west", "database", "backup.backupRetentionDays", 7), "backup retention 30 days → 7 days"
    ),
    Mutation(
        "geo backup off",
        _put("west", "database", "backup.geoRedundantBackup", "Disabled"),
        "geo-redundant backup Enabled → Disabled",
    ),
    Mutation(
        "high availability off", _put("west", "database", "highAvailability.mode", "Disabled"), "high availability"
    ),
    Mutation(
        "replica replaced by an empty server",
        _put("north", "database", "sourceServerResourceId", None),
        "Data at stake: database (database, replaced)",
        "a new and empty database",
    ),
    Mutation(
        "replica moved beside its source", _put("north", "database", "location", "West Europe"), "RPO regional outage"
    ),
    Mutation(
        "purge protection dropped",
        _put("west", "secrets", "properties.enablePurgeProtection", None),
        "purge protection on → off on secrets",
    ),
    Mutation(
        "soft delete shortened",
        _put("west", "secrets", "properties.softDeleteRetentionInDays", 7),
        "window to undo a deletion 90 days → 7 days",
    ),
    Mutation("storage made local", _put("west", "files", "sku.name", "Standard_LRS"), "Standard_RAGRS → Standard_LRS"),
    Mutation("versions off", _put("west", "files-blobs", "isVersioningEnabled", False), "object versions on → off"),
    Mutation(
        "soft delete of objects cut",
        _put("west", "files-blobs", "deleteRetentionPolicy.days", 1),
        "deleted objects kept",
    ),
    Mutation("lock removed", _drop("west", "lock"), "management lock removed"),
    Mutation(
        "backup vault made local",
        _put("west", "backups", "properties.storageSettings.0.type", "LocallyRedundant"),
        "GeoRedundant → LocallyRedundant",
    ),
    Mutation(
        "vault unlocked",
        _put("west", "backups", "properties.securitySettings.immutabilitySettings.state", "Unlocked"),
        "vault immutability Locked → Unlocked",
    ),
    Mutation(
        "region of Cosmos removed",
        _put("west", "sessions", "locations", [{"locationName": "West Europe", "failoverPriority": 0}]),
        "replica regions",
        "Regions that may be lost",
    ),
    Mutation(
        "automatic failover off",
        _put("west", "sessions", "enableAutomaticFailover", False),
        "automatic failover on → off",
    ),
    Mutation(
        "continuous backup shortened",
        _put("west", "sessions", "backupPolicy.continuousModeProperties.tier", "Continuous7Days"),
        "point-in-time window Continuous30Days → Continuous7Days",
    ),
    Mutation("image replica removed", _drop("west", "images-north"), "image replica removed"),
    Mutation("TTL raised", _put("edge", "profile", "dnsConfig.ttl", 600), "DNS TTL 30 s → 600 s"),
    Mutation(
        "failures tolerated",
        _put("edge", "profile", "monitorConfig.toleratedNumberOfFailures", 9),
        "failures tolerated 2 → 9",
    ),
    Mutation(
        "endpoint disabled", _put("edge", "north", "endpointStatus", "Disabled"), "endpoint in use Enabled → Disabled"
    ),
    Mutation("endpoint removed", _drop("edge", "north"), "traffic endpoint removed"),
)
