"""What Azure resources hold that would be lost with them, and what keeps them from being deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from model.clouds import azure
from scripts.clouds.amounts import counted, size
from scripts.clouds.protocol import Holding

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.azure.arm import Arm
    from scripts.clouds.azure.session import Session
    from scripts.clouds.protocol import Declared

GB = 1 << 30


class AzureInventory:
    """See `Inventory`."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self._session, self._plan = session, plan

    def knows(self, resource: Declared) -> bool:
        return resource.type.startswith("azure-native:")

    def look(self, stack: str, resource: Declared, known: Holding, others: Iterable[Declared]) -> Holding:
        del others
        look, identity = LOOKS.get(resource.type), str(resource.outputs.get("id") or "")
        site = self._plan.sites_by_stack.get(stack)
        if look is None or site is None or not identity.startswith("/subscriptions/"):
            return known
        found = self._session.arm(site.region).get(identity)
        return known if found is None else look(self._session.arm(site.region), found, known)

    def left_behind(self, stack: str, site: str) -> list[Holding]:
        """Vaults that are deleted and keep their names, which nobody can shorten where purging is forbidden."""
        where = self._plan.site(site)
        listed = self._session.arm(where.region).list(
            f"/subscriptions/{where.account}/providers/Microsoft.KeyVault/deletedVaults"
        )
        stores = (azure.LOGINS, *(store.name for store in self._plan.stores))
        ours = {azure.vault(self._plan, site, store) for store in stores}
        found = []
        for each in listed:
            properties = each.get("properties") or {}
            if str(each["name"]) not in ours or properties.get("location") != where.region:
                continue
            until = _moment(properties.get("scheduledPurgeDate"))
            stuck = "is protected from being purged" if properties.get("purgeProtectionEnabled") else ""
            found.append(Holding(stack, DELETED_VAULT, str(each["name"]), "its secrets", stuck=stuck, until=until))
        return found

    def delete_left_behind(self, holding: Holding, site: str) -> None:
        where = self._plan.site(site)
        identity = (
            f"/subscriptions/{where.account}/providers/Microsoft.KeyVault/locations/{where.region}"
            f"/deletedVaults/{holding.name}"
        )
        self._session.arm(where.region).post(identity, "purge", f"purging the vault {holding.name}", wait=300)


DELETED_VAULT = "DeletedVault"


def _server(arm: Arm, found: Mapping[str, Any], known: Holding) -> Holding:
    properties = found.get("properties") or {}
    kind = "replica" if properties.get("sourceServerResourceId") else "database"
    held = int((properties.get("storage") or {}).get("storageSizeGB") or 0) * GB
    return replace(known, holds=f"a {kind} of {size(held)}", guards=(*known.guards, *_locks(arm, found)))


def _vault(arm: Arm, found: Mapping[str, Any], known: Holding) -> Holding:
    properties = found.get("properties") or {}
    days = int(properties.get("softDeleteRetentionInDays") or 90)
    kept = f"its name stays taken for {counted(days, 'day')}" if properties.get("enablePurgeProtection") else ""
    held = len(arm.list(f"{found['id']}/secrets"))
    guards = (*known.guards, *_locks(arm, found), *([kept] if kept else []))
    return replace(known, holds=counted(held, "secret") if held else "", guards=guards)


def _cache(arm: Arm, found: Mapping[str, Any], known: Holding) -> Holding:
    """How much is in it, the Resource Manager does not know; exports lie in an account, and outlive it."""
    size_of_it = str((found.get("sku") or {}).get("name") or "")
    return replace(known, holds=f"a cache ({size_of_it})", guards=(*known.guards, *_locks(arm, found)))


def _account(arm: Arm, found: Mapping[str, Any], known: Holding) -> Holding:
    """What is in it is not counted: the Resource Manager does not know. A locked policy keeps it from going."""
    locked, days = [], 0
    for each in arm.list(f"{found['id']}/blobServices/default/containers"):
        policy = ((each.get("properties") or {}).get("immutabilityPolicy") or {}).get("properties") or {}
        if policy.get("state") == "Locked":
            locked.append(str(each["name"]))
            days = max(days, int(policy.get("immutabilityPeriodSinceCreationInDays") or 0))
    stuck = f"{', '.join(locked)} cannot be changed while blobs are kept in it" if locked else ""
    until = datetime.now(UTC) + timedelta(days=days) if locked else None
    return replace(known, holds="blobs", guards=(*known.guards, *_locks(arm, found)), stuck=stuck, until=until)


def _locks(arm: Arm, found: Mapping[str, Any]) -> list[str]:
    listed = arm.list(f"{found['id']}/providers/Microsoft.Authorization/locks")
    return [f"lock {each['name']}" for each in listed]


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


LOOKS: Mapping[str, Callable[[Arm, Mapping[str, Any], Holding], Holding]] = {
    "azure-native:dbforpostgresql:Server": _server,
    "azure-native:keyvault:Vault": _vault,
    "azure-native:redisenterprise:RedisEnterprise": _cache,
    "azure-native:storage:StorageAccount": _account,
}
