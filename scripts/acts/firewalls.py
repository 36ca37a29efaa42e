"""The firewalls of all sites of a plan, changed alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv6Network, ip_network
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput, DrError, Refused

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.access import Clouds

WIDEST = {4: 8, 6: 16}
"""A wider network is a slip of the hand: it would keep out a good part of everybody."""


def addresses(named: Iterable[str], option: str) -> list[str]:
    """Addresses and networks as networks, each once. Raises BadInput for what is none, and for one that is too wide."""
    found = []
    for each in named:
        try:
            network = ip_network(each.strip(), strict=False)
        except ValueError as error:
            hint = "write it like 203.0.113.7, 198.51.100.0/24 or 2001:db8::/48"
            raise BadInput(f"{option}: {each!r} is no address and no network", hint) from error
        if network.prefixlen < WIDEST[network.version]:
            said = f"{option}: {network} is wider than /{WIDEST[network.version]}, and would keep out too many"
            raise BadInput(said, "name the networks that it was, one by one")
        if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
            said = f"{option}: {network} is an address of IPv4 written as one of IPv6, and would keep out nobody"
            raise BadInput(said, f"write it as {network.network_address.ipv4_mapped}")
        found.append(str(network))
    return list(dict.fromkeys(found))


def need_firewall(plan: Plan) -> None:
    """Raises Refused for a plan without one."""
    if not plan.traffic.firewall:
        raise Refused(
            f"the plan of {plan.system} declares no firewall that could keep addresses out",
            "say `firewall: true` under traffic and bring the sites up with `dr up --all`",
        )


def change_everywhere(
    plan: Plan, clouds: Clouds, first: str, *, add: Collection[str] = (), remove: Collection[str] = ()
) -> list[str]:
    """
    At `first`, the site that has to be told, and at all others; gives those that could not be told. What is kept out
    already stays so. Raises what the firewall of `first` raises.
    """
    not_told = []
    for site in [first, *(each.name for each in plan.sites if each.name != first)]:
        try:
            clouds.at(site).firewall().change(add=add, remove=remove)
        except DrError:
            if site == first:
                raise
            not_told.append(site)
    return not_told
