"""Two healthy worlds: one of AWS with the stacks of the Samia plan, one of Azure, both with Kubernetes in them."""

from __future__ import annotations

from typing import Any

from tests.previews.worlds import ACCOUNT, STACK_TYPE, Resource, World, resource

REGIONS = {"prod": "eu-north-1", "dr": "eu-west-1", "cold": "us-east-1"}
SITES = {"prod": "primary", "dr": "secondary", "cold": "tertiary"}


def stack(name: str) -> Resource:
    return resource(STACK_TYPE, f"shop-{name}", {})


def _database(site: str, region: str, source: str | None) -> Resource:
    identifier = f"samia-{site}-core-1"
    inputs: dict[str, Any] = {
        "identifier": identifier,
        "instanceClass": "db.r6g.large",
        "allocatedStorage": 100,
        "region": region,
        "backupRetentionPeriod": 14,
        "deletionProtection": True,
        "multiAz": True,
        "storageEncrypted": True,
        "deleteAutomatedBackups": False,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": f"{identifier}-final",
        "password": "[secret]",
    }
    if source:
        inputs["replicateSourceDb"] = source
    else:
        inputs |= {"engine": "postgres", "username": "samia_owner"}
    arn = f"arn:aws:rds:{region}:{ACCOUNT}:db:{identifier}"
    return resource("aws:rds/instance:Instance", "core", inputs, outputs={"arn": arn}, protect=True)


def _bucket(site: str, region: str) -> list[Resource]:
    name = f"samia-{site}-media"
    return [
        resource(
            "aws:s3/bucket:Bucket",
            "media",
            {"bucket": name, "region": region, "forceDestroy": False},
            outputs={"arn": f"arn:aws:s3:::{name}"},
            protect=True,
        ),
        resource(
            "aws:s3/bucketVersioning:BucketVersioning",
            "media-versions",
            {"bucket": name, "region": region, "versioningConfiguration": {"status": "Enabled"}},
        ),
    ]


def _workload(service: str, replicas: int) -> list[Resource]:
    container = {
        "name": "app",
        "image": "registry.example/app:1.4.2",
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": 8080}},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}},
        "env": [{"name": "DATABASE_PASSWORD", "value": "[secret]"}],
    }
    spec = {"replicas": replicas, "template": {"spec": {"containers": [container]}}}
    return [
        resource("kubernetes:apps/v1:Deployment", service, {"spec": spec, "metadata": {"namespace": "samia"}}),
        resource("kubernetes:policy/v1:PodDisruptionBudget", service, {"spec": {"minAvailable": 1}}),
    ]


def _backups(region: str) -> list[Resource]:
    vault = "samia-tertiary"
    copy = {
        "destinationVaultArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:{vault}",
        "lifecycle": {"deleteAfter": 35},
    }
    rules = [
        {
            "ruleName": "hourly",
            "targetVaultName": "samia-primary",
            "schedule": "cron(0 * * * ? *)",
            "lifecycle": {"deleteAfter": 35},
            "copyActions": [copy],
        }
    ]
    arn = f"arn:aws:rds:{region}:{ACCOUNT}:db:samia-primary-core-1"
    return [
        resource("aws:backup/vault:Vault", "vault", {"name": "samia-primary", "region": region, "forceDestroy": False}),
        resource(
            "aws:backup/plan:Plan",
            "plan",
            {"name": "samia", "region": region, "rules": rules},
            outputs={"id": "plan-1"},
        ),
        resource(
            "aws:backup/selection:Selection", "databases", {"planId": "plan-1", "region": region, "resources": [arn]}
        ),
    ]


def aws() -> World:
    """prod with the database, its backups and the app; dr with a replica; cold with a locked vault; traffic."""
    source = f"arn:aws:rds:eu-north-1:{ACCOUNT}:db:samia-primary-core-1"
    world: World = {name: [stack(name)] for name in (*REGIONS, "traffic")}
    for name in ("prod", "dr"):
        region, site = REGIONS[name], SITES[name]
        world[name] += [
            _database(site, region, None if name == "prod" else source),
            *_bucket(site, region),
            *_workload("booking", 2 if name == "prod" else 1),
            resource(
                "aws:secretsmanager/secret:Secret", "database-login", {"region": region, "recoveryWindowInDays": 30}
            ),
            resource(
                "aws:cloudwatch/metricAlarm:MetricAlarm",
                "replication-lag",
                {
                    "region": region,
                    "actionsEnabled": True,
                    "alarmActions": ["arn:aws:sns:x:1:page"],
                    "evaluationPeriods": 2,
                },
            ),
            resource(
                "kubernetes:velero.io/v1:Schedule",
                "cluster-backup",
                {"spec": {"schedule": "0 */6 * * *", "template": {"ttl": "720h0m0s", "includedNamespaces": ["samia"]}}},
            ),
        ]
    world["prod"] += [
        resource(
            "aws:kms/key:Key",
            "key",
            {"region": "eu-north-1", "multiRegion": True, "deletionWindowInDays": 30},
            protect=True,
        ),
        *_backups("eu-north-1"),
        resource(
            "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
            "media-replication",
            {
                "bucket": "samia-primary-media",
                "region": "eu-north-1",
                "rules": [
                    {
                        "id": "warm",
                        "status": "Enabled",
                        "destination": {"bucket": "arn:aws:s3:::samia-secondary-media"},
                    },
                    {"id": "cold", "status": "Enabled", "destination": {"bucket": "arn:aws:s3:::samia-tertiary-media"}},
                ],
            },
        ),
        resource("kubernetes:core/v1:PersistentVolumeClaim", "uploads", {"spec": {"accessModes": ["ReadWriteOnce"]}}),
    ]
    world["dr"].append(
        resource(
            "aws:kms/replicaKey:ReplicaKey",
            "key",
            {"region": "eu-west-1", "primaryKeyArn": "arn:aws:kms:eu-north-1:1:key/k"},
        )
    )
    world["cold"] += [
        *_bucket("tertiary", "us-east-1"),
        resource(
            "aws:backup/vault:Vault", "vault", {"name": "samia-tertiary", "region": "us-east-1", "forceDestroy": False}
        ),
        resource(
            "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
            "vault-lock",
            {"backupVaultName": "samia-tertiary", "region": "us-east-1", "minRetentionDays": 35},
        ),
    ]
    world["traffic"] += [
        resource(
            "aws:route53/healthCheck:HealthCheck",
            "primary",
            {"type": "HTTP", "fqdn": "x.example", "requestInterval": 10, "failureThreshold": 3, "disabled": False},
        ),
        resource(
            "aws:route53/record:Record",
            "api",
            {
                "name": "api.samia-tarot.com",
                "type": "CNAME",
                "ttl": 5,
                "records": ["a.example"],
                "healthCheckId": "hc-1",
            },
        ),
    ]
    return world


def azure() -> World:
    """west with a database, a vault and storage; north with a replica; both behind Traffic Manager."""
    source = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/comet-west"
    world: World = {"west": [stack("west")], "north": [stack("north")], "edge": [stack("edge")]}
    for name, region in (("west", "West Europe"), ("north", "North Europe")):
        server: dict[str, Any] = {
            "serverName": f"comet-{name}",
            "location": region,
            "backup": {"backupRetentionDays": 30, "geoRedundantBackup": "Enabled"},
            "highAvailability": {"mode": "ZoneRedundant"},
            "administratorLoginPassword": "[secret]",
        }
        if name == "north":
            server |= {"createMode": "Replica", "sourceServerResourceId": source}
        server_id = source.replace("comet-west", f"comet-{name}")
        world[name] += [
            resource(
                "azure-native:dbforpostgresql:Server", "database", server, outputs={"id": server_id}, protect=True
            ),
            resource(
                "azure-native:keyvault:Vault",
                "secrets",
                {
                    "location": region,
                    "properties": {
                        "enablePurgeProtection": True,
                        "enableSoftDelete": True,
                        "softDeleteRetentionInDays": 90,
                    },
                },
                protect=True,
            ),
            resource(
                "azure-native:storage:StorageAccount",
                "files",
                {
                    "accountName": f"comet{name}",
                    "location": region,
                    "kind": "StorageV2",
                    "sku": {"name": "Standard_RAGRS"},
                },
                protect=True,
            ),
            resource(
                "azure-native:storage:BlobServiceProperties",
                "files-blobs",
                {"isVersioningEnabled": True, "deleteRetentionPolicy": {"enabled": True, "days": 30}},
            ),
            resource("azure-native:authorization:ManagementLockByScope", "lock", {"level": "CanNotDelete"}),
        ]
    world["west"] += [
        resource(
            "azure-native:dataprotection:BackupVault",
            "backups",
            {
                "location": "West Europe",
                "properties": {
                    "storageSettings": [{"datastoreType": "VaultStore", "type": "GeoRedundant"}],
                    "securitySettings": {
                        "immutabilitySettings": {"state": "Locked"},
                        "softDeleteSettings": {"state": "AlwaysOn", "retentionDurationInDays": 14},
                    },
                },
            },
            protect=True,
        ),
        resource(
            "azure-native:cosmosdb:DatabaseAccount",
            "sessions",
            {
                "accountName": "comet-sessions",
                "location": "West Europe",
                "locations": [
                    {"locationName": "West Europe", "failoverPriority": 0},
                    {"locationName": "North Europe", "failoverPriority": 1},
                ],
                "enableAutomaticFailover": True,
                "backupPolicy": {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous30Days"}},
            },
            protect=True,
        ),
        resource("azure-native:containerregistry:Replication", "images-north", {"location": "North Europe"}),
    ]
    world["edge"] += [
        resource(
            "azure-native:trafficmanager:Profile",
            "profile",
            {
                "dnsConfig": {"relativeName": "comet", "ttl": 30},
                "monitorConfig": {"intervalInSeconds": 10, "toleratedNumberOfFailures": 2},
            },
        ),
        resource("azure-native:trafficmanager:Endpoint", "west", {"endpointStatus": "Enabled", "priority": 1}),
        resource("azure-native:trafficmanager:Endpoint", "north", {"endpointStatus": "Enabled", "priority": 2}),
    ]
    return world
