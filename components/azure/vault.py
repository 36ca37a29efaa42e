"""
A vault of a site: kept after deletion for as long as the plan says, and then by nobody to be purged earlier.

Who reads is said by roles alone, and each site has its own: nobody reads a vault in another region while its own is
gone. Every call is logged. No lock stands on it, because that would also hold the roles that a run takes away from
whoever is shut out (`ScopeLocked`); what is deleted can be had back without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure.audit_log import audited


@dataclass(frozen=True)
class Reached:
    """The subnets and the ranges of addresses that a vault or an account lets in, and no others."""

    subnet_ids: Sequence[pulumi.Input[str]]
    networks: Sequence[str] = ()

    @property
    def rules(self) -> dict[str, Any]:
        """As network rules of Azure. Services that Microsoft trusts write logs and take part in restores."""
        return {
            "bypass": "AzureServices",
            "default_action": "Deny",
            "virtual_network_rules": [{"id": each} for each in self.subnet_ids],
            "ip_rules": [{"value": each} for each in self.networks],
        }


@dataclass(frozen=True)
class VaultArgs:
    """
    `keep_days` is fixed when the vault is made. `purge_protection` cannot be taken back. `audit_id` is the workspace
    that is told of every call. `reached` is None for one that is reached from everywhere by whoever has a role.
    """

    region: str
    group: pulumi.Input[str]
    name: str
    keep_days: int
    purge_protection: bool
    audit_id: pulumi.Input[str]
    protect: bool
    reached: Reached | None = None


class Vault(pulumi.ComponentResource):
    """Gives `name` and `id`, and the resource itself for what stands on it."""

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:Vault", name, None, opts)
        tenant = azure_native.authorization.get_client_config_output(
            opts=pulumi.InvokeOutputOptions(parent=self)
        ).tenant_id
        properties = {
            "tenant_id": tenant,
            "sku": {"family": "A", "name": "standard"},
            "enable_rbac_authorization": True,
            "enable_soft_delete": True,
            "soft_delete_retention_in_days": args.keep_days,
            # False is refused, and leaving it out is how a vault goes without.
            **({"enable_purge_protection": True} if args.purge_protection else {}),
            **({"network_acls": args.reached.rules} if args.reached else {}),
        }
        self.resource = azure_native.keyvault.Vault(
            f"{name}-vault",
            resource_group_name=args.group,
            location=args.region,
            vault_name=args.name,
            properties=properties,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protect, ignore_changes=["properties.softDeleteRetentionInDays"]
            ),
        )
        audited(name, self.resource.id, args.audit_id, pulumi.ResourceOptions(parent=self))
        self.name: pulumi.Output[str] = self.resource.name
        self.id: pulumi.Output[str] = self.resource.id
        self.register_outputs({"name": self.resource.name})
