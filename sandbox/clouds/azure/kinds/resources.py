"""Subscriptions and resource groups."""

from sandbox.clouds.azure.ids import ResourceId
from sandbox.clouds.azure.kind import Body, Kind, Record

VERSIONS = ("2021-04-01", "2022-09-01", "2023-07-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01")


class Subscription(Kind):
    type = "Microsoft.Resources/subscriptions"
    versions = (*VERSIONS, "2022-12-01", "2020-01-01", "2016-06-01")
    taken_methods = ("GET",)

    def implicit(self, identity: ResourceId) -> Record | None:
        return Record(identity, {"subscriptionId": identity.subscription, "state": "Enabled"})


class ResourceGroup(Kind):
    """Its own region counts: while that is lost, nothing in the group can be changed (APRL, RG-1)."""

    type = "Microsoft.Resources/resourceGroups"
    versions = VERSIONS
    created_status = 201

    def document(self, record: Record) -> Body:
        return {**super().document(record), "type": self.type}


KINDS = (Subscription, ResourceGroup)
