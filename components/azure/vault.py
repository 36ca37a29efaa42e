"""
A vault of a site: kept after deletion for as long as the plan says, and then by nobody to be purged earlier.

Who reads is said by roles alone, and each site has its own: nobody reads a vault in another region while its own is
gone.
"""

from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure_native


@dataclass(frozen=True)
class VaultArgs:
    """`keep_days` is fixed when the vault is made. `purge_protection` cannot be taken back."""

    region: str
    group: pulumi.Input[str]
    name: str
    keep_days: int
    purge_protection: bool
    protect: bool


class Vault(pulumi.ComponentResource):
    """Gives `name` and `id`."""

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
        }
        vault = azure_native.keyvault.Vault(
            f"{name}-vault",
            resource_group_name=args.group,
            location=args.region,
            vault_name=args.name,
            properties=properties,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protect, ignore_changes=["properties.softDeleteRetentionInDays"]
            ),
        )
        self.name: pulumi.Output[str] = vault.name
        self.id: pulumi.Output[str] = vault.id
        self.register_outputs({"name": vault.name})
