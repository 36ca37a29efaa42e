"""
A small network of a site: a subnet that its apps go out through, one for commands that run once beside them, and one
that its databases stand in.

What reaches a database is said by one group of rules: those two subnets, and nothing else. Taking these rules away
closes the site, and its stack gives them back. Servers of other regions replicate through the network of the cloud.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure_native

from model.clouds import azure

POSTGRES_PORT, CACHE_PORT = 5432, 10000


@dataclass(frozen=True)
class NetworkArgs:
    """
    `number` makes the address range 10.<number>.0.0/16; `group` is the name of the site's resource group, and `zone`
    that of the private zone of its databases. `has_endpoints`: caches have their addresses in it.
    """

    region: str
    group: pulumi.Input[str]
    name: str
    zone: str
    number: int
    has_endpoints: bool = False


class Network(pulumi.ComponentResource):
    """
    Gives `apps_subnet_id`, `database_subnet_id` and `zone_id`, the private DNS zone of the databases; and where it has
    endpoints `endpoints_subnet_id` and `caches_zone_id`, else None for both.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:Network", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        prefix = f"10.{args.number}"
        apps, jobs, stores = f"{prefix}.0.0/24", f"{prefix}.1.0/24", f"{prefix}.100.0/24"
        rules = azure_native.network.NetworkSecurityGroup(
            f"{name}-stores-rules",
            resource_group_name=args.group,
            location=args.region,
            network_security_group_name=f"{args.name}-stores",
            security_rules=[
                _rule("apps-to-stores", 100, "Allow", apps, str(POSTGRES_PORT)),
                _rule("jobs-to-stores", 110, "Allow", jobs, str(POSTGRES_PORT)),
                *([_rule("apps-to-caches", 120, "Allow", apps, str(CACHE_PORT))] if args.has_endpoints else []),
                _rule("nobody-else", 4096, "Deny", "*", "*"),
            ],
            opts=child,
        )
        self._network = azure_native.network.VirtualNetwork(
            f"{name}-network",
            resource_group_name=args.group,
            location=args.region,
            virtual_network_name=args.name,
            address_space={"address_prefixes": [f"{prefix}.0.0/16"]},
            # Subnets are resources of their own; listed in both places, an update of one takes away the other.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnets"]),
        )
        apps_subnet = self._subnet(
            "apps",
            apps,
            "Microsoft.Web/serverFarms",
            # Without them a vault or an account cannot tell that a call comes from here.
            service_endpoints=[{"service": each} for each in ("Microsoft.KeyVault", "Microsoft.Storage")],
        )
        jobs_subnet = self._subnet("jobs", jobs, "Microsoft.ContainerInstance/containerGroups", after=apps_subnet)
        stores_subnet = self._subnet(
            "stores",
            stores,
            "Microsoft.DBforPostgreSQL/flexibleServers",
            after=jobs_subnet,
            network_security_group={"id": rules.id},
        )
        self.apps_subnet_id: pulumi.Output[str] = apps_subnet.id
        self.database_subnet_id: pulumi.Output[str] = stores_subnet.id
        self.zone_id: pulumi.Output[str] = self._zone("zone", args.zone)
        self.endpoints_subnet_id: pulumi.Output[str] | None = None
        self.caches_zone_id: pulumi.Output[str] | None = None
        if args.has_endpoints:
            endpoints_subnet = azure_native.network.Subnet(
                f"{name}-endpoints",
                resource_group_name=args.group,
                virtual_network_name=self._network.name,
                subnet_name="endpoints",
                address_prefix=f"{prefix}.101.0/24",
                network_security_group={"id": rules.id},
                # Without it the rules are not looked at where an endpoint stands.
                private_endpoint_network_policies="Enabled",
                opts=pulumi.ResourceOptions(parent=self, depends_on=[stores_subnet]),
            )
            self.endpoints_subnet_id = endpoints_subnet.id
            self.caches_zone_id = self._zone("caches-zone", azure.CACHE_ZONE)
        self.register_outputs({"network": self._network.name})

    def _zone(self, part: str, zone: str) -> pulumi.Output[str]:
        """The ID of a private DNS zone, once the network looks into it."""
        made = azure_native.privatedns.PrivateZone(
            f"{self._name}-{part}",
            resource_group_name=self._args.group,
            location="global",
            private_zone_name=zone,
            opts=pulumi.ResourceOptions(parent=self),
        )
        linked = azure_native.privatedns.VirtualNetworkLink(
            f"{self._name}-{part}-link",
            resource_group_name=self._args.group,
            location="global",
            private_zone_name=made.name,
            virtual_network_link_name=self._args.name,
            virtual_network={"id": self._network.id},
            registration_enabled=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.all(made.id, linked.id).apply(lambda known: str(known[0]))

    def _subnet(
        self, part: str, addresses: str, service: str, *, after: pulumi.Resource | None = None, **more: Any
    ) -> azure_native.network.Subnet:
        """One that is given to a service of the cloud. Two of a network cannot be changed at once: each waits."""
        return azure_native.network.Subnet(
            f"{self._name}-{part}",
            resource_group_name=self._args.group,
            virtual_network_name=self._network.name,
            subnet_name=part,
            address_prefix=addresses,
            delegations=[{"name": part, "service_name": service}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after] if after else None),
            **more,
        )


def _rule(name: str, priority: int, access: str, source: str, port: str) -> dict[str, object]:
    return {
        "name": name,
        "priority": priority,
        "direction": "Inbound",
        "access": access,
        "protocol": "Tcp" if access == "Allow" else "*",
        "source_address_prefix": source,
        "source_port_range": "*",
        "destination_address_prefix": "*",
        "destination_port_range": port,
    }
