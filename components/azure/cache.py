"""
A cache of a site on Azure Managed Redis: one of its own in every site that runs or could run at once, empty until it is
filled.

It is reached from the network of its site alone, with TLS and with a key that the cloud makes. Between regions nothing
of it is copied: it writes itself down inside its region, so that a node that starts again has what it held, and what a
site can be given back after more than that is an export (`docs/decisions/caches.md`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure.lock import keep
from model.clouds import azure

if TYPE_CHECKING:
    from model.stores import Redis

DATABASE = "default"
EVERY = {timedelta(hours=12): "12h", timedelta(hours=6): "6h", timedelta(hours=1): "1h"}
"""How often a cache writes itself down; more often it logs each write (Microsoft Learn: data persistence)."""


@dataclass(frozen=True)
class ManagedRedisArgs:
    """`subnet_id` is of the subnet for endpoints, and `zone_id` of the private zone in which the site finds caches."""

    region: str
    group: pulumi.Input[str]
    name: str
    store: "Redis"
    subnet_id: pulumi.Input[str]
    zone_id: pulumi.Input[str]
    protect: bool


class ManagedRedis(pulumi.ComponentResource):
    """Gives `address`, `port` and `key`, which is a secret."""

    def __init__(self, name: str, args: ManagedRedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:ManagedRedis", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        cluster = azure_native.redisenterprise.RedisEnterprise(
            f"{name}-cluster",
            resource_group_name=args.group,
            location=args.region,
            cluster_name=args.name,
            sku={"name": args.store.size.get("azure") or azure.cache_size(args.store.memory_gb)},
            # A node more, in another zone where the region has zones: without it an update of the service empties it.
            high_availability="Enabled",
            minimum_tls_version="1.2",
            public_network_access="Disabled",
            opts=kept,
        )
        database = azure_native.redisenterprise.Database(
            f"{name}-database",
            resource_group_name=args.group,
            cluster_name=cluster.name,
            database_name=DATABASE,
            client_protocol="Encrypted",
            # One address for all clients, also for those that do not know that there are several nodes.
            clustering_policy="EnterpriseCluster",
            eviction_policy="VolatileLRU",
            access_keys_authentication="Enabled",
            persistence=_persistence(args.store.backups.snapshots.every),
            opts=kept,
        )
        endpoint = azure_native.network.PrivateEndpoint(
            f"{name}-endpoint",
            resource_group_name=args.group,
            location=args.region,
            private_endpoint_name=args.name,
            subnet={"id": args.subnet_id},
            private_link_service_connections=[
                {"name": args.name, "private_link_service_id": cluster.id, "group_ids": ["redisEnterprise"]}
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[database]),
        )
        found = azure_native.network.PrivateDnsZoneGroup(
            f"{name}-names",
            resource_group_name=args.group,
            private_endpoint_name=endpoint.name,
            private_dns_zone_group_name="default",
            private_dns_zone_configs=[{"name": "redis", "private_dns_zone_id": args.zone_id}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.protect:
            keep(name, cluster.id, "cache", pulumi.ResourceOptions(parent=self))
        keys = azure_native.redisenterprise.list_database_keys_output(
            resource_group_name=args.group,
            cluster_name=cluster.name,
            database_name=database.name,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        self.key: pulumi.Output[str] = pulumi.Output.secret(keys.apply(lambda known: str(known.primary_key)))
        ready = pulumi.Output.all(cluster.host_name, found.id)
        self.address: pulumi.Output[str] = ready.apply(lambda known: str(known[0]))
        self.port: pulumi.Output[int] = database.port.apply(lambda port: int(port or 0))
        self.register_outputs({"address": self.address, "port": self.port})


def _persistence(every: timedelta) -> dict[str, Any]:
    """The longest that is not longer than what the plan says of snapshots."""
    frequency = next((written for length, written in EVERY.items() if length <= every), None)
    if frequency is None:
        return {"aof_enabled": True, "aof_frequency": "1s", "rdb_enabled": False}
    return {"aof_enabled": False, "rdb_enabled": True, "rdb_frequency": frequency}
