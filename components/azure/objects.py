"""
A site's copy of an object store: an account that the site writes to and that sends to the others, or an archive that
nobody can delete from.

Nobody may write into a container that objects are replicated to, so each site has a container of its own and, beside
it, one with the objects of each other live site (`docs/decisions/objects-on-azure.md`). A copy is agreed on in two
steps: the receiver makes the policy, which Azure names, and the sender has it under that name once it is recorded
(`model/site_records.py`). Nothing of that changes in a failover.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure import addresses
from components.azure.lock import keep
from model.clouds import azure
from model.site_records import Received, Records

if TYPE_CHECKING:
    from model import Plan
    from model.stores import Objects

TO_BE_NAMED = "default"
"""What a policy is called where Azure gives it its name."""
EVERYTHING = "1601-01-01T00:00:00Z"
"""A rule copies what was written after this: also what was there before it."""
SHORTEST_KEPT_DAYS, LONGEST_KEPT_DAYS = 30, 365
TIERS = {"Cool": "tier_to_cool", "Cold": "tier_to_cold", "Archive": "tier_to_archive"}


@dataclass(frozen=True)
class ReplicatedContainersArgs:
    """`group` is the name of the site's resource group."""

    plan: "Plan"
    site: str
    store: "Objects"
    group: pulumi.Input[str]
    records: Records
    protect: bool


class ReplicatedContainers(pulumi.ComponentResource):
    """Gives `containers`, the resources; and `receives`: for each site that sends, how its copies are taken."""

    def __init__(self, name: str, args: ReplicatedContainersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:ReplicatedContainers", name, None, opts)
        plan, store, site = args.plan, args.store, args.site
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        live = store.live_in(plan.primary.name)
        senders = [each for each in live if each != site]
        self._account = self._declared_account()
        service = azure_native.storage.BlobServiceProperties(
            f"{name}-blobs",
            resource_group_name=args.group,
            account_name=self._account.name,
            blob_services_name="default",
            is_versioning_enabled=store.versions,
            change_feed={"enabled": store.versions},
            delete_retention_policy={"enabled": True, "days": _kept_days(store)},
            container_delete_retention_policy={"enabled": True, "days": _kept_days(store)},
            opts=self._child,
        )
        written = [azure.container(store.name)] if site in live else []
        self.containers: list[pulumi.Resource] = [
            azure_native.storage.BlobContainer(
                f"{name}-{container}",
                resource_group_name=args.group,
                account_name=self._account.name,
                container_name=container,
                public_access="None",
                opts=pulumi.ResourceOptions(parent=self, depends_on=[service], protect=args.protect),
            )
            for container in (*written, *(azure.copies(store.name, each) for each in senders))
        ]
        if rules := _lifecycle(args):
            azure_native.storage.ManagementPolicy(
                f"{name}-lifecycle",
                resource_group_name=args.group,
                account_name=self._account.name,
                management_policy_name="default",
                policy={"rules": rules},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
            )
        if args.protect:
            keep(name, self._account.id, "object store", self._child)
        self.receives = {each: self._receive(each) for each in senders if each in args.records}
        for other in store.held_in(plan.primary.name):
            received = _received(args.records, other, store.name, site)
            if other != site and site in live and received is not None:
                self._send(other, received)
        self.register_outputs({"account": self._account.name})

    def _declared_account(self) -> azure_native.storage.StorageAccount:
        args, region = self._args, self._args.plan.site(self._args.site).region
        return azure_native.storage.StorageAccount(
            f"{self._name}-account",
            resource_group_name=args.group,
            location=region,
            account_name=azure.storage_account(args.plan, args.site, args.store.name),
            kind="StorageV2",
            sku={"name": _redundancy(args.plan, region)},
            minimum_tls_version="TLS1_2",
            enable_https_traffic_only=True,
            allow_shared_key_access=False,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            # Said, so that the site's stack opens what a run has closed.
            network_rule_set={"default_action": "Allow", "bypass": "AzureServices"},
            immutable_storage_with_versioning=_kept_versions(args),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )

    def _receive(self, sender: str) -> Mapping[str, pulumi.Output[str]]:
        policy = self._policy(f"from-{sender}", sender, self._args.site, TO_BE_NAMED, None)
        return {
            "policy": policy.policy_id,
            "rule": policy.rules.apply(lambda rules: str(_first(rules)["rule_id"])),
        }

    def _send(self, receiver: str, received: Received) -> None:
        self._policy(f"to-{receiver}", self._args.site, receiver, received.policy, received.rule)

    def _policy(
        self, part: str, sender: str, receiver: str, policy: str, rule: str | None
    ) -> azure_native.storage.ObjectReplicationPolicy:
        plan, store = self._args.plan, self._args.store
        only = {
            "source_container": azure.container(store.name),
            "destination_container": azure.copies(store.name, sender),
            "filters": {"min_creation_time": EVERYTHING},
            **({"rule_id": rule} if rule else {}),
        }
        return azure_native.storage.ObjectReplicationPolicy(
            f"{self._name}-{part}",
            resource_group_name=self._args.group,
            account_name=self._account.name,
            object_replication_policy_id=policy,
            source_account=addresses.account(plan, sender, store.name),
            destination_account=addresses.account(plan, receiver, store.name),
            rules=[only],
            metrics={"enabled": True},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=self.containers,
                # After a refresh the state has the name that Azure gave in the place of the one that asks for it.
                ignore_changes=["objectReplicationPolicyId"] if rule is None else None,
            ),
        )


def _first(rules: Any) -> Mapping[str, Any]:
    only = rules[0]
    return only if isinstance(only, Mapping) else {"rule_id": only.rule_id}


def _received(records: Records, receiver: str, store: str, sender: str) -> Received | None:
    record = records.get(receiver)
    return record.receives.get(store, {}).get(sender) if record else None


def _redundancy(plan: "Plan", region: str) -> str:
    """A copy in the pair besides, where data may lie there; and all zones of the region, where it has some."""
    is_sent = azure.sends_outside(plan, region) is not None
    if region in azure.WITHOUT_ZONES:
        return "Standard_GRS" if is_sent else "Standard_LRS"
    return "Standard_GZRS" if is_sent else "Standard_ZRS"


def _kept_days(store: "Objects") -> int:
    wanted = store.noncurrent_keep.days if store.noncurrent_keep else 0
    return min(LONGEST_KEPT_DAYS, max(SHORTEST_KEPT_DAYS, wanted))


def _kept_versions(args: ReplicatedContainersArgs) -> dict[str, Any] | None:
    """
    Of an archive: no version of a blob can be changed or deleted. Azure locks such a policy only after it was made, so
    it is locked from the second update on.
    """
    archive = args.store.archive
    if archive is None or archive.site != args.site:
        return None
    is_there = args.site in args.records and args.store.name in args.records[args.site].receives
    return {
        "enabled": True,
        "immutability_policy": {
            "state": "Locked" if is_there else "Unlocked",
            "immutability_period_since_creation_in_days": max(1, archive.lock.days),
            "allow_protected_append_writes": False,
        },
    }


def _lifecycle(args: ReplicatedContainersArgs) -> list[dict[str, Any]]:
    store = args.store
    archive = store.archive if store.archive and store.archive.site == args.site else None
    actions: dict[str, Any] = {}
    if archive is not None:
        moved = {TIERS[archive.storage_class]: {"days_after_modification_greater_than": archive.after.days}}
        actions["base_blob"] = moved
    if store.noncurrent_keep:
        days = max(store.noncurrent_keep.days, archive.lock.days if archive else 1)
        actions["version"] = {"delete": {"days_after_creation_greater_than": days}}
    if not actions:
        return []
    filters = {"blob_types": ["blockBlob"]}
    return [
        {"name": "age", "type": "Lifecycle", "enabled": True, "definition": {"actions": actions, "filters": filters}}
    ]
