"""
How a site in Azure is closed: the rules of its network, the doors of its apps, of its vaults and of the accounts with
its objects, and what its identities may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model.clouds import azure
from model.stores import Objects
from scripts.clouds.azure.session import Session, in_site
from scripts.clouds.protocol import Opening

if TYPE_CHECKING:
    from model import Plan

GROUPS = "Microsoft.Network/networkSecurityGroups"
APPS = "Microsoft.Web/sites"
VAULTS = "Microsoft.KeyVault/vaults"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
OPEN_TO_NETWORKS = {"networks": VAULTS, "blobs": ACCOUNTS}
"""What has network rules of its own, by the word under which an opening says what they let in."""
NOBODY = {"defaultAction": "Deny", "bypass": "None", "virtualNetworkRules": [], "ipRules": []}
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"


class Closing:
    """See `Isolation`."""

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        self._session, self._plan, self._site = session, plan, site
        self._arm = session.arm(plan.site(site).region)

    def openings(self) -> list[Opening]:
        """
        Groups of rules that let something in, apps that the public reaches, vaults that networks reach, and accounts
        with objects. Those of a whole site. A vault without rules of its own holds the logins, which a run goes on
        asking for: what reads it in the site loses its role.
        """
        return [
            *(self._group(each) for each in self._arm.list(self._in_site(GROUPS))),
            *(self._app(each) for each in self._arm.list(self._in_site(APPS))),
            *(found for each in self._arm.list(self._in_site(VAULTS)) if (found := _vault(each)) is not None),
            *(_account(each) for each in self._accounts()),
        ]

    def close(self, opening: Opening) -> None:
        """Rules that allow are deleted, the one that denies everything stays; doors of apps and vaults are shut."""
        for rule in opening.rules.get("allowed", ()):
            self._arm.delete(str(rule["id"]), wait=300)
        if opening.rules.get("public"):
            body = {"properties": {"publicNetworkAccess": "Disabled"}}
            self._arm.patch(self._in_site(APPS, opening.name), body, f"closing {opening.name}")
        for word, kind in OPEN_TO_NETWORKS.items():
            if opening.rules.get(word):
                rules = {"properties": {"networkAcls": NOBODY}}
                self._arm.patch(self._in_site(kind, opening.name), rules, f"closing {opening.name}")

    def why_sessions_stay(self) -> str | None:
        return "a token of a managed identity is valid for a day, and only what the identity may do can be taken away"

    def end_sessions(self, site: str, before: datetime, *, goes_on: bool = False) -> list[str]:
        """
        A token of a managed identity cannot be ended, and is valid for a day: what it may do is taken away instead,
        from whoever holds one of before and of after. Roles on an account with objects stay, because the lock that
        keeps the account holds them too: it is closed to everybody instead (`openings`).
        """
        del before
        if goes_on:
            return []
        where, ended = self._plan.site(site), []
        for identity in self._arm.list(in_site(self._plan, site, IDENTITIES)):
            principal = (identity.get("properties") or {}).get("principalId")
            wanted = f"principalId eq '{principal}'"
            scope = f"/subscriptions/{where.account}/providers/Microsoft.Authorization/roleAssignments"
            held = self._arm.list(scope, where=wanted)
            mine = [each for each in held if (each.get("properties") or {}).get("principalId") == principal]
            for each in (it for it in mine if not self._is_on_objects(str(it["id"]), site)):
                self._arm.delete(str(each["id"]))
            if mine:
                ended.append(str(identity["name"]))
        return ended

    def _accounts(self) -> list[Mapping[str, Any]]:
        """Those with objects of the plan; the one for recovering stays open, because a run goes on asking it."""
        named = self._named_for_objects(self._site)
        return [each for each in self._arm.list(self._in_site(ACCOUNTS)) if each["name"] in named]

    def _named_for_objects(self, site: str) -> set[str]:
        return {azure.storage_account(self._plan, site, store.name) for store in self._plan.stores_of(Objects)}

    def _is_on_objects(self, assignment: str, site: str) -> bool:
        return any(f"/storageaccounts/{each}/" in assignment.lower() for each in self._named_for_objects(site))

    def _group(self, group: Mapping[str, Any]) -> Opening:
        rules = (group.get("properties") or {}).get("securityRules") or []
        allowed = [each for each in rules if (each.get("properties") or {}).get("access") == "Allow"]
        return Opening(str(group["name"]), {"allowed": allowed})

    def _app(self, app: Mapping[str, Any]) -> Opening:
        properties = app.get("properties") or {}
        is_open = properties.get("publicNetworkAccess") != "Disabled"
        return Opening(str(app["name"]), {"public": [properties.get("defaultHostName")] if is_open else []})

    def _in_site(self, kind: str, name: str = "") -> str:
        return in_site(self._plan, self._site, kind, name)


def _account(account: Mapping[str, Any]) -> Opening:
    properties = account.get("properties") or {}
    is_open = (properties.get("networkAcls") or {}).get("defaultAction") != "Deny"
    host = (properties.get("primaryEndpoints") or {}).get("blob")
    return Opening(str(account["name"]), {"blobs": [host] if is_open else []})


def _vault(vault: Mapping[str, Any]) -> Opening | None:
    rules = (vault.get("properties") or {}).get("networkAcls") or {}
    if rules.get("defaultAction") != "Deny":
        return None
    named = [*(rules.get("virtualNetworkRules") or ()), *(rules.get("ipRules") or ())]
    return Opening(str(vault["name"]), {"networks": named})
