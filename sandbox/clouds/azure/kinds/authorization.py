"""Locks, role assignments and role definitions."""

from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.kind import Body, Kind, Record


class Lock(Kind):
    """Both kinds hold for everything below their scope, and no role lifts them: they have to be deleted."""

    type = "Microsoft.Authorization/locks"
    versions = ("2016-09-01", "2017-04-01", "2020-05-01")

    def check(self, new: Record, old: Record | None) -> None:
        level = new.properties.get("level")
        if level not in {"CanNotDelete", "ReadOnly"}:
            raise ArmError(400, "InvalidLockLevel", f"The lock level '{level}' is not CanNotDelete or ReadOnly.")
        _check_scope(self, new)

    def shown(self, record: Record) -> Body:
        return {}


class RoleAssignment(Kind):
    """What a principal may do on a scope and below it; it cannot be changed, only made and deleted."""

    type = "Microsoft.Authorization/roleAssignments"
    versions = ("2020-04-01-preview", "2022-04-01")
    create_only = ("properties.principalId", "properties.roleDefinitionId", "properties.scope")

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties
        if old is not None:
            raise ArmError(409, "RoleAssignmentExists", "The role assignment already exists.")
        if self.world.role(str(given.get("roleDefinitionId", ""))) is None:
            name = str(given.get("roleDefinitionId", "")).rpartition("/")[2]
            message = f"The specified role definition with ID '{name}' does not exist."
            raise ArmError(400, "RoleDefinitionDoesNotExist", message)
        principal = str(given.get("principalId", ""))
        if self.world.login.of_object(principal) is None:
            message = f"Principal {principal} does not exist in the directory {self.world.login.tenant}."
            raise ArmError(400, "PrincipalNotFound", message)
        for other in self.store.of_type(self.type):
            same = ("principalId", "roleDefinitionId")
            if other.id.scope.lower() == new.id.scope.lower() and all(
                str(other.properties.get(name)).lower() == str(given.get(name)).lower() for name in same
            ):
                raise ArmError(409, "RoleAssignmentExists", "The role assignment already exists.")
        _check_scope(self, new)

    def shown(self, record: Record) -> Body:
        return {"scope": record.id.scope}


class RoleDefinition(Kind):
    """Roles of one's own. The built-in ones are there without being declared."""

    type = "Microsoft.Authorization/roleDefinitions"
    versions = ("2022-04-01", "2022-05-01-preview")

    def shown(self, record: Record) -> Body:
        return {}


def _check_scope(kind: Kind, record: Record) -> None:
    """What it stands on has to be there."""
    scope = parse(record.id.scope)
    if scope.type != "/subscriptions" and kind.store.find(scope) is None:
        raise ArmError(404, "ResourceNotFound", f"The scope '{record.id.scope}' was not found.")


KINDS = (Lock, RoleAssignment, RoleDefinition)
