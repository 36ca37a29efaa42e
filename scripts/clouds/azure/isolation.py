"""
How a site in Azure is closed: the rules of its network, the doors of its apps and of its vaults, and what its
identities may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scripts.clouds.azure.session import Session, in_site
from scripts.clouds.protocol import Opening

if TYPE_CHECKING:
    from model import Plan

GROUPS = "Microsoft.Network/networkSecurityGroups"
APPS = "Microsoft.Web/sites"
VAULTS = "Microsoft.KeyVault/vaults"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"


class Closing:
    """See `Isolation`."""

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        self._session, self._plan, self._site = session, plan, site
        self._arm = session.arm(plan.site(site).region)

    def openings(self) -> list[Opening]:
        """
        Groups of rules that let something in, apps that the public reaches, and vaults that networks reach. Those of a
        whole site. A vault without rules of its own holds the logins, which a run goes on asking for: what reads it in
        the site loses its role.
        """
        return [
            *(self._group(each) for each in self._arm.list(self._in_site(GROUPS))),
            *(self._app(each) for each in self._arm.list(self._in_site(APPS))),
            *(found for each in self._arm.list(self._in_site(VAULTS)) if (found := _vault(each)) is not None),
        ]

    def close(self, opening: Opening) -> None:
        """Rules that allow are deleted, the one that denies everything stays; doors of apps and vaults are shut."""
        for rule in opening.rules.get("allowed", ()):
            self._arm.delete(str(rule["id"]), wait=300)
        if opening.rules.get("public"):
            body = {"properties": {"publicNetworkAccess": "Disabled"}}
            self._arm.patch(self._in_site(APPS, opening.name), body, f"closing {opening.name}")
        if opening.rules.get("networks"):
            nobody = {"defaultAction": "Deny", "bypass": "None", "virtualNetworkRules": [], "ipRules": []}
            rules = {"properties": {"networkAcls": nobody}}
            self._arm.patch(self._in_site(VAULTS, opening.name), rules, f"closing {opening.name}")

    def why_sessions_stay(self) -> str | None:
        return "a token of a managed identity is valid for a day, and only what the identity may do can be taken away"

    def end_sessions(self, site: str, before: datetime, *, goes_on: bool = False) -> list[str]:
        """
        A token of a managed identity cannot be ended, and is valid for a day: what it may do is taken away instead,
        from whoever holds one of before and of after.
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
            for each in mine:
                self._arm.delete(str(each["id"]))
            if mine:
                ended.append(str(identity["name"]))
        return ended

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


def _vault(vault: Mapping[str, Any]) -> Opening | None:
    rules = (vault.get("properties") or {}).get("networkAcls") or {}
    if rules.get("defaultAction") != "Deny":
        return None
    named = [*(rules.get("virtualNetworkRules") or ()), *(rules.get("ipRules") or ())]
    return Opening(str(vault["name"]), {"networks": named})
