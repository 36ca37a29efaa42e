"""
A site's own small storage account for running a recovery: its claim on the traffic, the heads of journals and, in the
witness site, the writer's lease.

Each lies in a container of its own. Anybody may read the claim, because the probes of Traffic Manager have no
credentials; it says no more than that a site is active. Heads of journals are kept: no blob of that container can be
changed or deleted. The account stays in its region and is copied to no other, so no failover of storage can make two
leases of one. There are no keys: whoever writes has a role.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native

from model import names
from model.clouds import azure

if TYPE_CHECKING:
    from model import Plan

EARLIER_VERSIONS_DAYS = 1
DELETED_CONTAINERS_DAYS = 30
JOURNAL_DAYS = 365
CLAIMS, LEASE, JOURNAL = (key.partition("/")[0] for key in (names.CLAIM_KEY, names.LEASE_KEY, names.ANCHORS))
SNAPSHOTS = names.CACHES.rstrip("/")
MEMORIES = tuple(key.partition("/")[0] for key in (names.RESTORES, names.VERIFICATIONS, names.EXPORTS))


@dataclass(frozen=True)
class RecoveryAccountArgs:
    plan: "Plan"
    site: str
    group: pulumi.Input[str]
    protect: bool


class RecoveryAccount(pulumi.ComponentResource):
    """
    Gives `account`, its name, and `containers`. No blob in them is declared: they are written while things move.
    """

    def __init__(self, name: str, args: RecoveryAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:RecoveryAccount", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        region = args.plan.site(args.site).region
        account = azure_native.storage.StorageAccount(
            f"{name}-account",
            resource_group_name=args.group,
            location=region,
            account_name=azure.storage_account(args.plan, args.site, "recovery"),
            kind="StorageV2",
            sku={"name": "Standard_LRS" if region in azure.WITHOUT_ZONES else "Standard_ZRS"},
            minimum_tls_version="TLS1_2",
            enable_https_traffic_only=True,
            allow_shared_key_access=False,
            allow_blob_public_access=True,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        service = azure_native.storage.BlobServiceProperties(
            f"{name}-blobs",
            resource_group_name=args.group,
            account_name=account.name,
            blob_services_name="default",
            is_versioning_enabled=True,
            delete_retention_policy={"enabled": True, "days": EARLIER_VERSIONS_DAYS},
            container_delete_retention_policy={"enabled": True, "days": DELETED_CONTAINERS_DAYS},
            opts=child,
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[service], protect=args.protect)
        containers = {
            container: azure_native.storage.BlobContainer(
                f"{name}-{container}",
                resource_group_name=args.group,
                account_name=account.name,
                container_name=container,
                public_access="Blob" if container == CLAIMS else "None",
                opts=after,
            )
            for container in (CLAIMS, LEASE, JOURNAL, *MEMORIES, *([SNAPSHOTS] if args.plan.refilled_stores else []))
        }
        azure_native.storage.BlobContainerImmutabilityPolicy(
            f"{name}-{JOURNAL}-kept",
            resource_group_name=args.group,
            account_name=account.name,
            container_name=containers[JOURNAL].name,
            immutability_policy_name="default",
            immutability_period_since_creation_in_days=JOURNAL_DAYS,
            opts=child,
        )
        self.account: pulumi.Output[str] = account.name
        self.containers: list[pulumi.Resource] = list(containers.values())
        self.register_outputs({"account": account.name})
