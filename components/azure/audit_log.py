"""
Who did what to the vaults of a site: a workspace that their logs arrive in, kept long after the deed.

It lies in the site itself, because a log that has to cross to another region stops when that one is lost.
"""

from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure_native

KEEP_DAYS = 90
"""What Log Analytics keeps is 30 days unless told otherwise; an intruder is found later than that."""


@dataclass(frozen=True)
class AuditLogArgs:
    region: str
    group: pulumi.Input[str]
    name: str


class AuditLog(pulumi.ComponentResource):
    """Gives `id`, that of the workspace."""

    def __init__(self, name: str, args: AuditLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:AuditLog", name, None, opts)
        workspace = azure_native.operationalinsights.Workspace(
            f"{name}-workspace",
            resource_group_name=args.group,
            location=args.region,
            workspace_name=args.name,
            sku={"name": "PerGB2018"},
            retention_in_days=KEEP_DAYS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id: pulumi.Output[str] = workspace.id
        self.register_outputs({"id": workspace.id})


def audited(name: str, resource: pulumi.Input[str], log: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
    """Have a resource, by its ID, send what was done to it to a workspace."""
    azure_native.monitor.DiagnosticSetting(
        f"{name}-audit",
        resource_uri=resource,
        name="audit",
        workspace_id=log,
        logs=[{"category_group": "audit", "enabled": True}],
        opts=opts,
    )
