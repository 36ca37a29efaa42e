"""
A registry of images: one for all sites of a plan, with a copy in each region that the plan names.

It stands in the group of the witness, so that it is managed while a site that serves is lost, and it lies in a region
that images are copied to, because what leads requests to its copies can be changed in its own region alone. A failover
changes nothing about it: whoever pulls is led to the nearest copy that is there. Nobody has a password for it, and
nobody reads it without a role. The network stays open: App Service pulls from addresses that are nobody's beforehand,
and subnets cannot be named in a registry's rules.

No lock stands on it, because that would also hold the roles that a run takes away from whoever is shut out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure.audit_log import audited
from model.clouds.azure import WITHOUT_ZONES

DELETED_DAYS = 90
"""The longest that a deleted image can be kept."""


@dataclass(frozen=True)
class RegistryArgs:
    """
    `regions` are those that images lie in, its own first. `untagged_days` is how long an image without a tag is kept,
    None for always. `audit_id` is the workspace that is told of every push and every login.
    """

    regions: Sequence[str]
    group: pulumi.Input[str]
    name: str
    untagged_days: int | None
    audit_id: pulumi.Input[str]
    protect: bool


class Registry(pulumi.ComponentResource):
    """Gives `host`, the name that images are pulled from, and the resource itself for what stands on it."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:Registry", name, None, opts)
        own, *others = args.regions
        self.resource = azure_native.containerregistry.Registry(
            f"{name}-registry",
            resource_group_name=args.group,
            location=own,
            registry_name=args.name,
            sku={"name": "Premium"},
            zone_redundancy=_zones(own),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            data_endpoint_enabled=True,
            public_network_access="Enabled",
            policies=_policies(args),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        for region in others:
            azure_native.containerregistry.Replication(
                f"{name}-copy-{region}",
                resource_group_name=args.group,
                registry_name=args.name,
                replication_name=region,
                location=region,
                region_endpoint_enabled=True,
                zone_redundancy=_zones(region),
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=[self.resource]),
            )
        audited(name, self.resource.id, args.audit_id, pulumi.ResourceOptions(parent=self))
        self.host: pulumi.Output[str] = self.resource.login_server
        self.register_outputs({"host": self.host})


def _zones(region: str) -> str:
    """Fixed when it is made."""
    return "Disabled" if region in WITHOUT_ZONES else "Enabled"


def _policies(args: RegistryArgs) -> dict[str, Any]:
    """
    Azure keeps deleted images of a registry without copies only, and only where it deletes none by itself
    (Microsoft Learn: soft delete policy). Elsewhere an image that a tag was taken from is found by its digest.
    """
    is_alone = len(args.regions) == 1 and args.untagged_days is None
    retention = {"days": args.untagged_days, "status": "enabled"} if args.untagged_days is not None else None
    soft_delete = {"retention_days": DELETED_DAYS, "status": "enabled"} if is_alone else None
    disabled = {"status": "disabled"}
    return {"retention_policy": retention or disabled, "soft_delete_policy": soft_delete or disabled}
