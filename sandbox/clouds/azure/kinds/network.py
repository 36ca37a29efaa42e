"""Virtual networks and private DNS zones: recorded and checked. Who reaches a thing, its own type says."""

from typing import Any

from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.kind import Body, Kind, Record
from sandbox.clouds.azure.store import Store

VERSIONS = ("2023-11-01", "2024-01-01", "2024-03-01", "2024-05-01", "2025-01-01")
PRIVATE_VERSIONS = ("2020-06-01", "2024-06-01")


class VirtualNetwork(Kind):
    type = "Microsoft.Network/virtualNetworks"
    versions = VERSIONS
    regional = True

    def check(self, new: Record, old: Record | None) -> None:
        if not (new.properties.get("addressSpace") or {}).get("addressPrefixes"):
            message = f"The resource '{new.id.name}' has no address space."
            raise ArmError(400, "InvalidRequestFormat", message)

    def shown(self, record: Record) -> Body:
        subnets = self.store.children(record, Subnet.type)
        return {**super().shown(record), "subnets": [{"id": each.id.text, "name": each.id.name} for each in subnets]}


class SecurityGroup(Kind):
    """
    Rules for incoming traffic. A server in a subnet whose group allows nothing is shut; which addresses and ports a
    rule names makes no difference.
    """

    type = "Microsoft.Network/networkSecurityGroups"
    versions = VERSIONS
    regional = True

    def settle(self, record: Record, old: Record | None) -> None:
        rules = record.properties.pop("securityRules", None)
        if rules is not None:
            for gone in self.store.children(record, SecurityRule.type):
                self.store.forget(gone.id)
            for rule in rules:
                given = rule.get("properties") or {k: v for k, v in rule.items() if k not in {"name", "id", "type"}}
                identity = parse(f"{record.id.text}/securityRules/{rule['name']}")
                self.store.keep(Record(identity, {"properties": given}))
        self.reach(record)

    def reach(self, record: Record) -> None:
        """Let in, or shut, what stands behind this group."""
        for subnet in self.store.of_type(Subnet.type):
            if group_of(subnet) == record.id.key:
                self.world.changed(subnet.id.text)

    def allows(self, record: Record) -> bool:
        rules = [each.properties for each in self.store.children(record, SecurityRule.type)]
        return any(rule.get("access") == "Allow" and rule.get("direction", "Inbound") == "Inbound" for rule in rules)

    def shown(self, record: Record) -> Body:
        rules = self.store.children(record, SecurityRule.type)
        listed = [{"id": each.id.text, "name": each.id.name, "properties": each.properties} for each in rules]
        return {**super().shown(record), "securityRules": listed}


class Felt(Kind):
    """One whose coming, change and going changes what is reached: `tell` says it to whom it concerns."""

    def settle(self, record: Record, old: Record | None) -> None:
        self.tell(record)

    def remove(self, record: Record) -> None:
        self.store.forget(record.id)
        self.tell(record)

    def tell(self, record: Record) -> None:
        raise NotImplementedError


class SecurityRule(Felt):
    """One rule of a group, also as a resource of its own."""

    type = "Microsoft.Network/networkSecurityGroups/securityRules"
    versions = VERSIONS

    def tell(self, record: Record) -> None:
        group = self.store.find(record.id.parent or "")
        if group is not None:
            SecurityGroup(self.world).reach(group)


def group_of(subnet: Record) -> str:
    """The ID of the group of rules of a subnet, in lower case; "" for one without."""
    return str((subnet.properties.get("networkSecurityGroup") or {}).get("id") or "").lower()


class Subnet(Kind):
    type = "Microsoft.Network/virtualNetworks/subnets"
    versions = VERSIONS

    def settle(self, record: Record, old: Record | None) -> None:
        self.world.changed(record.id.text)

    def check_gone(self, record: Record) -> None:
        for other in self.store.all():
            network = other.properties.get("network")
            used = network.get("delegatedSubnetResourceId") if isinstance(network, dict) else None
            subnet = other.properties.get("subnet")  # of a private endpoint
            used = used or (subnet.get("id") if isinstance(subnet, dict) else None)
            if str(used or "").lower() == record.id.key:
                message = f"Subnet {record.id.name} is in use by {other.id.text} and cannot be deleted."
                raise ArmError(400, "InUseSubnetCannotBeDeleted", message)


def check_subnets(store: Store, rules: Any, service: str) -> None:
    """Network rules of a service name subnets that have an endpoint of it. Raises ArmError."""
    for rule in (rules or {}).get("virtualNetworkRules") or ():
        identity = str(rule.get("id", ""))
        subnet = store.find(identity)
        if subnet is None:
            raise ArmError(404, "SubnetsNotFound", f"The subnet '{identity}' was not found.")
        found = {str(each.get("service", "")).lower() for each in subnet.properties.get("serviceEndpoints") or ()}
        if service.lower() not in found:
            message = (
                f"Subnets {subnet.id.name} of virtual network {subnet.id.names[0]} do not have ServiceEndpoints for "
                f"{service} resources configured. Add {service} to subnet's ServiceEndpoints collection before trying "
                f"to ACL {service} resources to these subnets."
            )
            raise ArmError(400, "VirtualNetworkNotValid", message)


class PrivateEndpoint(Felt):
    """The address that a service of the cloud has in a network."""

    type = "Microsoft.Network/privateEndpoints"
    versions = VERSIONS
    regional = True

    @staticmethod
    def leads_to(record: Record) -> set[str]:
        """The IDs of what it leads to, in lower case."""
        listed = record.properties.get("privateLinkServiceConnections") or ()
        return {str((each.get("properties") or {}).get("privateLinkServiceId", "")).lower() for each in listed}

    def check(self, new: Record, old: Record | None) -> None:
        subnet = self.store.find(str((new.properties.get("subnet") or {}).get("id", "")))
        if subnet is None or self.store.region_of(subnet) != new.location:
            raise ArmError(400, "InvalidResourceReference", "The subnet of a private endpoint is in its own region.")
        targets = self.leads_to(new)
        for target in targets:
            if self.store.find(target) is None:
                message = f"Resource {target} referenced by resource {new.id.text} was not found."
                raise ArmError(400, "InvalidResourceReference", message)
        if not targets:
            raise ArmError(400, "MissingRequiredParameter", "A private endpoint leads to one service at least.")

    def tell(self, record: Record) -> None:
        self.world.changed(str(record.properties["subnet"]["id"]))


class ZoneGroup(Felt):
    """The private zones in which a private endpoint is found by the public name of what it leads to."""

    type = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
    versions = VERSIONS

    @staticmethod
    def zones(record: Record) -> list[str]:
        listed = record.properties.get("privateDnsZoneConfigs") or ()
        return [str((each.get("properties") or {}).get("privateDnsZoneId", "")) for each in listed]

    def check(self, new: Record, old: Record | None) -> None:
        for zone in self.zones(new):
            if self.store.find(zone) is None:
                raise ArmError(400, "InvalidResourceReference", f"The private DNS zone '{zone}' was not found.")

    def tell(self, record: Record) -> None:
        endpoint = self.store.find(record.id.parent or "")
        if endpoint is not None:
            self.world.changed(str(endpoint.properties["subnet"]["id"]))


class PrivateZone(Kind):
    type = "Microsoft.Network/privateDnsZones"
    versions = PRIVATE_VERSIONS

    def check_gone(self, record: Record) -> None:
        if self.store.children(record, PrivateZoneLink.type):
            message = f"Can not delete the private DNS zone {record.id.name}: it still has virtual network links."
            raise ArmError(409, "CannotDeleteResource", message)


class PrivateZoneLink(Kind):
    type = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
    versions = PRIVATE_VERSIONS
    create_only = ("properties.virtualNetwork.id",)

    def check(self, new: Record, old: Record | None) -> None:
        network = str((new.properties.get("virtualNetwork") or {}).get("id", ""))
        if self.store.find(network) is None:
            raise ArmError(404, "ResourceNotFound", f"The virtual network '{network}' was not found.")

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "virtualNetworkLinkState": "Completed"}


KINDS = (
    SecurityGroup, SecurityRule, VirtualNetwork, Subnet, PrivateEndpoint, ZoneGroup, PrivateZone, PrivateZoneLink,
)  # fmt: skip
