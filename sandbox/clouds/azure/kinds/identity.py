"""Managed identities: who the processes of a site are."""

from sandbox.clouds.azure.kind import Body, Kind, Record


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


KINDS = (UserAssignedIdentity,)
