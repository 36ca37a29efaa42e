"""Where logs go: workspaces, and the settings by which a resource sends its own there."""

from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.kind import Body, Kind, Record

GROUPS_OF_LOGS = {"microsoft.keyvault/vaults": ("audit", "alllogs")}
"""By type of resource, the groups of its logs (Azure Monitor: supported resource log categories)."""


class Workspace(Kind):
    """What it is told of is kept between 30 and 730 days."""

    type = "Microsoft.OperationalInsights/workspaces"
    versions = ("2022-10-01", "2023-09-01", "2025-02-01", "2025-07-01")
    regional = True
    defaults = {"properties.retentionInDays": 30, "properties.sku": {"name": "PerGB2018"}}

    def check(self, new: Record, old: Record | None) -> None:
        days = new.properties["retentionInDays"]
        if not isinstance(days, int) or not 30 <= days <= 730:
            message = f"'RetentionInDays' property doesn't match the SKU limits: {days} is not between 30 and 730."
            raise ArmError(400, "InvalidParameter", message)

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "publicNetworkAccessForIngestion": "Enabled"}


class DiagnosticSetting(Kind):
    """It stands on the resource whose logs it sends."""

    type = "Microsoft.Insights/diagnosticSettings"
    versions = ("2017-05-01-preview", "2021-05-01-preview")
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        there = self.store.find(new.id.scope)
        if there is None:
            raise ArmError(404, "ResourceNotFound", f"The resource '{new.id.scope}' was not found.")
        workspace = str(new.properties.get("workspaceId") or "")
        if not workspace:
            message = "At least one data sink needs to be specified. The sandbox has workspaces alone."
            raise ArmError(400, "BadRequest", message)
        if self.store.find(workspace) is None:
            raise ArmError(404, "ResourceNotFound", f"The workspace '{workspace}' was not found.")
        known = GROUPS_OF_LOGS.get(there.id.type.lower(), ())
        for each in new.properties.get("logs") or ():
            group = str(each.get("categoryGroup") or "")
            if group.lower() not in known:
                raise ArmError(400, "BadRequest", f"Category group '{group}' is not supported for this resource type.")

    def shown(self, record: Record) -> Body:
        return {}


KINDS = (Workspace, DiagnosticSetting)
