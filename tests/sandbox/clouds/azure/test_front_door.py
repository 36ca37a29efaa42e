"""Front Door over claims in blobs: what it serves, where it sends requests, and what it refuses."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.identity import DefaultAzureCredential
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import ContainerClient

from tests.sandbox.clouds.azure.claims import claims_in
from tests.sandbox.clouds.azure.conftest import WEST, Azure
from tests.sandbox.clouds.azure.front_door import HOST, PREMIUM, Made

PATIENCE_SECONDS = 30.0


@pytest.fixture
def door(make: Callable[..., Any], group: str) -> Made:
    made = Made(make, group)
    made.make_profile()
    return made


@pytest.fixture
def claims(
    make: Callable[..., Any], group: str, credential: DefaultAzureCredential
) -> Callable[[str], ContainerClient]:
    """claims(site) -> where the site of this name claims the traffic."""

    def of(site: str) -> ContainerClient:
        name = f"{site}{group.removeprefix('rg-')}"
        return claims_in(make(StorageManagementClient), group, name, WEST, credential)

    return of


def until(look: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)


def test_requests_follow_the_claims_once_the_profile_is_known_everywhere(
    azure: Azure, door: Made, claims: Callable[[str], ContainerClient]
) -> None:
    first, second = claims("one"), claims("two")
    endpoint = door.part("afdEndpoints/fd").properties["hostName"]
    door.add_group()
    for priority, claim in ((2, first), (1, second)):
        host = str(claim.primary_hostname)
        door.origin(host.partition(".")[0], priority, host=host)
    certificate = door.add_certificate()
    tls = {"certificateType": "CustomerCertificate", "secret": {"id": certificate.id}}
    domain = door.part("customDomains/shop", hostName=HOST, tlsSettings=tls)
    door.add_route(domain.id)
    assert endpoint not in azure.fabric.edges.doors, "it is known at once"
    until(lambda: azure.names.front_doors.get(endpoint), ("outside", endpoint))
    edge = azure.fabric.edges.doors[endpoint]

    def asked(host: str) -> set[str] | None:
        origins = edge.origins(host)
        return None if origins is None else {each.name.partition(".")[0][:3] for each in origins}

    assert asked(endpoint) == {"one", "two"}, "none is healthy: all that are enabled"
    first.upload_blob("active", b"{}")
    until(lambda: asked(endpoint), {"one"})
    taken = second.upload_blob("active", b"{}")
    until(lambda: asked(endpoint), {"two"})
    taken.delete_blob()
    until(lambda: asked(endpoint), {"one"})
    assert {each.host for each in edge.origins(endpoint) or ()} == {HOST}

    assert (asked(HOST), asked("other.example.com")) == (None, None), "nobody has shown whose the name is"
    proof = door.get("customDomains/shop")["validationProperties"]["validationToken"]
    zone = f"{door.groups}/Microsoft.Network/dnsZones/example.com"
    door.put(zone, {}, version="2018-05-01", location="global")
    door.put(f"{zone}/TXT/_dnsauth.shop", {"TTL": 60, "TXTRecords": [{"value": [proof]}]}, version="2018-05-01")
    assert asked(HOST) == {"one"}
    assert door.get("customDomains/shop")["domainValidationState"] == "Approved"

    azure.fabric.network.frozen = True
    try:
        with pytest.raises(HttpResponseError, match="blocked"):
            door.part("afdEndpoints/fd", enabledState="Disabled")
        second.upload_blob("active", b"{}")
        until(lambda: asked(HOST), {"two"})
    finally:
        azure.fabric.network.frozen = False
    door.delete("afdEndpoints/fd")
    assert endpoint not in azure.fabric.edges.doors
    assert endpoint not in azure.names.front_doors


def test_a_certificate_needs_an_identity_that_may_read_it(make: Callable[..., Any], group: str) -> None:
    door = Made(make, group)
    door.make_profile(lets_in=False)
    with pytest.raises(HttpResponseError, match="does not have permission"):
        door.add_certificate()


def test_a_firewall_is_of_the_tier_of_its_profile(door: Made) -> None:
    endpoint = door.part("afdEndpoints/fd").id
    where = f"{door.groups}/Microsoft.Network/frontDoorWebApplicationFirewallPolicies"
    rules = {"managedRules": {"managedRuleSets": [{"ruleSetType": "Microsoft_DefaultRuleSet"}]}}

    def policy(name: str, tier: str, properties: Any) -> Any:
        return door.put(f"{where}/{name}", properties, version="2025-11-01", location="Global", sku={"name": tier})

    def of(firewall: Any) -> Any:
        domains = [{"domains": [{"id": endpoint}], "patternsToMatch": ["/*"]}]
        given = {"type": "WebApplicationFirewall", "wafPolicy": {"id": firewall.id}, "associations": domains}
        return door.part("securityPolicies/firewall", parameters=given)

    with pytest.raises(HttpResponseError, match="only supported with Premium"):
        policy("fwa", "Standard_AzureFrontDoor", rules)
    with pytest.raises(HttpResponseError, match="another sku"):
        of(policy("fwb", "Standard_AzureFrontDoor", {}))
    made = policy("fwc", PREMIUM, rules)
    of(made)
    with pytest.raises(ResourceExistsError, match="still associated"):
        door.resources.begin_delete_by_id(made.id, api_version="2025-11-01")
