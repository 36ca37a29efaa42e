"""AWS WAF: the two sets of addresses that the firewall of a site keeps out, one for each version of IP."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from model import names
from scripts.clouds.aws.session import Session, said
from scripts.core.errors import CloudFailed

if TYPE_CHECKING:
    from model import Plan


class AddressSets:
    """See `Firewall`. What is in the sets is no part of a stack."""

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        self._session, self._region = session, plan.site(site).region
        self._name = names.firewall(plan, site)

    def blocked(self) -> list[str]:
        return sorted(address for each in self._sets() for address in each["Addresses"])

    def change(self, *, add: Collection[str], remove: Collection[str]) -> None:
        """A set that somebody else changes meanwhile is refused by its lock token, and nothing of theirs is lost."""
        for each in self._sets():
            version = 4 if each["IPAddressVersion"] == "IPV4" else 6
            more = {address for address in add if ip_network(address).version == version}
            wanted = sorted({*each["Addresses"], *more} - {*remove})
            if wanted != sorted(each["Addresses"]):
                with said(f"changing the set of addresses {each['Name']}"):
                    self._client().update_ip_set(
                        Name=each["Name"], Scope="REGIONAL", Id=each["Id"], Addresses=wanted,
                        LockToken=each["LockToken"],
                    )  # fmt: skip

    def _client(self) -> Any:
        return self._session.client("wafv2", self._region)

    def _sets(self) -> list[dict[str, Any]]:
        """Both, with what is in them and the token of this state. Raises CloudFailed where the stack made none."""
        with said(f"looking for the firewall {self._name}"):
            listed = self._client().list_ip_sets(Scope="REGIONAL", Limit=100)["IPSets"]
            mine = {f"{self._name}-{version}" for version in ("ipv4", "ipv6")}
            found = [each for each in listed if each["Name"] in mine]
            if len(found) < len(mine):
                raise CloudFailed(f"the firewall {self._name} is not there", "`dr up` on the site's stack makes it")
            shown = [self._client().get_ip_set(Name=each["Name"], Scope="REGIONAL", Id=each["Id"]) for each in found]
        return [{**each["IPSet"], "LockToken": each["LockToken"]} for each in shown]
