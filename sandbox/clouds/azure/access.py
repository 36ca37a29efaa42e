"""What the data planes ask before they look at a request: who it is, and whether a network rule lets it in."""

from typing import Any

from sandbox.clouds.azure.ids import ResourceId, parse
from sandbox.clouds.azure.kind import Record
from sandbox.clouds.azure.tokens import BadToken, Claims, bearer
from sandbox.clouds.azure.world import AzureWorld


def caller(world: AzureWorld, authorization: str, audiences: frozenset[str]) -> Claims:
    """Raises BadToken, which says why the header is worth nothing."""
    token = bearer(authorization)
    if not token:
        raise BadToken("there is no bearer token")
    try:
        claims = world.login.tokens.verify(token, audiences)
    except (ValueError, KeyError) as error:
        raise BadToken("it cannot be read") from error
    if world.login.of_object(claims.object_id) is None:
        raise BadToken("its principal is gone")
    return claims


def let_in(world: AzureWorld, record: Record, rules: Any, source: str) -> bool:
    """
    Do the network rules of a vault or an account let in somebody from here?

    A region is let in where one of the named subnets lies in it; the world outside has no subnets, so an address rule,
    whichever it is, lets it in.
    """
    if str(record.properties.get("publicNetworkAccess", "Enabled")).lower() == "disabled":
        return source == world.store.region_of(record)
    if not isinstance(rules, dict) or rules.get("defaultAction", "Allow") != "Deny":
        return True
    if source == "outside":
        return bool(rules.get("ipRules"))
    return any(
        _region_of_subnet(world, str(rule.get("id", ""))) == source for rule in rules.get("virtualNetworkRules") or ()
    )


def _region_of_subnet(world: AzureWorld, subnet: str) -> str | None:
    try:
        identity: ResourceId = parse(subnet)
    except ValueError:
        return None
    network = world.store.find(identity.parent or "")
    return network.location if network is not None else None
