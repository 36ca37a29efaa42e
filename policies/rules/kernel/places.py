"""How many zones something uses, by its subnets: two subnets may lie in one zone, and one may be named twice."""

from __future__ import annotations

from collections.abc import Sequence

from .context import Context
from .resource import Resource
from .values import Node, Unknown

SUBNETS = ("aws:ec2/subnet:Subnet", "aws:ec2/defaultSubnet:DefaultSubnet")


def zones_used(r: Resource, props: Sequence[str], ctx: Context, inner: str = "") -> int:
    """In how many zones the subnets (or zones) in lists of `r` lie; a subnet whose zone nobody knows counts as one.

    inner: the key of the subnet in each entry, where an entry is an object. Raises Unknown when the list is not known,
    or an entry of it is not and nothing tells which subnet it is.
    """
    return len({place for prop in props for place in _places(r, prop, ctx, inner)})


def _places(r: Resource, prop: str, ctx: Context, inner: str) -> list[str]:
    raw = r[prop].raw
    recorded = (r.property_dependencies or {}).get(prop.split(".", maxsplit=1)[0]) or ()
    by_urn: dict[str, Resource] = ctx.stack.remembered(
        "subnets by urn", lambda: {subnet.urn: subnet for subnet in ctx.stack.of(*SUBNETS)}
    )
    pending = [by_urn[urn] for urn in recorded if urn in by_urn]
    found: list[str] = []
    unknown: Unknown | None = None
    number = 0
    for position, entry in enumerate(raw if isinstance(raw, list) else []):
        try:
            node = Node(entry, f"{prop}.{position}")
            text = (node[inner] if inner else node).text()
        except Unknown as error:
            number += 1
            unknown = unknown or error
            continue
        if text:
            subnet = _subnet(text, ctx)
            found.append(_zone(subnet) or text if subnet else text)
    if unknown and not recorded:
        raise unknown
    if number:
        # What is not known yet comes from these; a subnet of another stack counts for itself.
        new = [_zone(subnet) or subnet.urn for subnet in pending]
        found += new or [f"unknown {n}" for n in range(number)]
    return found


def _subnet(text: str, ctx: Context) -> Resource | None:
    known: dict[str, Resource] = ctx.stack.remembered(
        "subnets by name", lambda: {name: subnet for subnet in ctx.stack.of(*SUBNETS) for name in subnet.names}
    )
    return known.get(text)


def _zone(subnet: Resource) -> str | None:
    for key in ("availabilityZone", "availabilityZoneId"):
        try:
            if text := subnet[key].text():
                return text
        except Unknown:
            continue
    return None
