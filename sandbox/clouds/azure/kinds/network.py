"""Virtual networks and private DNS zones: recorded and checked. Who reaches a thing, its own type says."""

from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.kind import Body, Kind, Record

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


class Subnet(Kind):
    type = "Microsoft.Network/virtualNetworks/subnets"
    versions = VERSIONS

    def check_gone(self, record: Record) -> None:
        for other in self.store.all():
            network = other.properties.get("network")
            used = network.get("delegatedSubnetResourceId") if isinstance(network, dict) else None
            if str(used or "").lower() == record.id.key:
                message = f"Subnet {record.id.name} is in use by {other.id.text} and cannot be deleted."
                raise ArmError(400, "InUseSubnetCannotBeDeleted", message)


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


KINDS = (VirtualNetwork, Subnet, PrivateZone, PrivateZoneLink)
