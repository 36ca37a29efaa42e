"""Managed identities: who the processes of a site are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandbox.clouds.azure.kind import Body, Kind, Record
from sandbox.clouds.azure.login import IDENTITY_PATH

if TYPE_CHECKING:
    from sandbox.clouds.azure.world import AzureWorld


class UserAssignedIdentity(Kind):
    type = "Microsoft.ManagedIdentity/userAssignedIdentities"
    versions = ("2018-11-30", "2023-01-31", "2024-11-30")
    regional = True

    def settle(self, record: Record, old: Record | None) -> None:
        if "clientId" not in record.held:
            made = self.world.login.add_identity(record.id.name)
            record.held.update(clientId=made.client_id, principalId=made.object_id)

    def remove(self, record: Record) -> None:
        self.world.login.remove_identity(record.held["clientId"])

    def shown(self, record: Record) -> Body:
        return {
            "tenantId": self.world.login.tenant,
            "principalId": record.held.get("principalId"),
            "clientId": record.held.get("clientId"),
        }


def identities_of(record: Record) -> list[str]:
    """The IDs of those that a resource was given."""
    return list(((record.body.get("identity") or {}).get("userAssignedIdentities") or {}).keys())


def identity_of(world: AzureWorld, record: Record) -> Mapping[str, str]:
    """What lets a process of a resource ask the door for a token of the first identity that the resource was given."""
    for each in identities_of(record):
        found = world.store.find(each)
        principal = world.login.identity(str(found.held.get("clientId"))) if found is not None else None
        if principal is not None:
            ports = world.context.ports
            door = f"http://{ports.addresses[record.location]}:{ports.clouds['azure']}"
            return {
                "IDENTITY_ENDPOINT": f"{door}{IDENTITY_PATH}",
                "IDENTITY_HEADER": principal.secret,
                "AZURE_CLIENT_ID": principal.client_id,
            }
    return {}


KINDS = (UserAssignedIdentity,)
