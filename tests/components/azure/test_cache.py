"""A cache is declared where services run, reached from its own network alone, and opened by a key of the site."""

import json
from datetime import timedelta

import pytest

from components.azure.cache import _persistence
from model.clouds import azure
from tests.components.azure.test_site import MOVED, PLAN, PROTECTED, one, seen
from tests.components.declared import of_type

CACHE = "RedisEnterprise"


def test_each_site_that_runs_something_has_one_of_its_own() -> None:
    for site in ("primary", "secondary"):
        found = seen(site)
        cluster, database = one(found, CACHE), one(found, "Database", "cache-database")
        assert cluster.inputs["clusterName"] == f"azure-small-{site}-cache"
        assert (cluster.inputs["sku"], cluster.inputs["publicNetworkAccess"]) == ({"name": "Balanced_B1"}, "Disabled")
        assert database.inputs["persistence"]["rdbFrequency"] == "6h"
        assert database.inputs["clientProtocol"] == "Encrypted"
        assert cluster.protect
        assert database.protect
    assert of_type(seen("tertiary"), CACHE) == []


def test_it_is_reached_from_the_network_of_its_site_alone() -> None:
    found = seen("primary")
    endpoint, names = one(found, "PrivateEndpoint"), one(found, "PrivateDnsZoneGroup")
    subnet = one(found, "Subnet", "network-endpoints")
    assert subnet.inputs["privateEndpointNetworkPolicies"] == "Enabled"
    assert endpoint.inputs["privateLinkServiceConnections"][0]["groupIds"] == ["redisEnterprise"]
    assert names.inputs["privateEndpointName"]
    rules = one(found, "NetworkSecurityGroup").inputs["securityRules"]
    ports = {each["destinationPortRange"] for each in rules if each["access"] == "Allow"}
    assert ports == {"5432", "10000"}


def test_a_service_is_told_of_it_under_its_own_keys() -> None:
    app = one(seen("primary"), "WebApp", "web-app")
    given = {each["name"]: each["value"] for each in app.inputs["siteConfig"]["appSettings"]}
    assert given["DR_STORES"] == "core,cache,secrets,media"
    assert {key for key in given if key.startswith("DR_STORE_CACHE_")} == {
        f"DR_STORE_CACHE_{part}" for part in ("HOST", "PORT", "PASSWORD")
    }
    agent = one(seen("primary"), "WebApp", "dr-sentinel-app")
    told = {each["name"]: each["value"] for each in agent.inputs["siteConfig"]["appSettings"]}
    assert told["DR_STORES"] == "core", "the agent guards no cache"


def test_its_key_lies_in_the_vault_of_logins() -> None:
    secret = one(seen("primary"), "Secret", "cache-login-secret")
    assert secret.inputs["vaultName"]
    assert json.loads(secret.inputs["properties"]["value"]["secret"])["engine"] == "redis"
    assert "properties.value" not in secret.ignored, "a key that the cloud made anew is written down"


@pytest.mark.parametrize("topology", [MOVED, PROTECTED])
def test_no_move_changes_it(topology: object) -> None:
    for site in ("primary", "secondary"):
        before, after = seen(site), seen(site, topology)  # type: ignore[arg-type]
        for kind in (CACHE, "PrivateEndpoint", "PrivateDnsZoneGroup"):
            assert one(after, kind).inputs == one(before, kind).inputs


@pytest.mark.parametrize(
    ("every", "written"), [(13, ("rdb", "12h")), (6, ("rdb", "6h")), (4, ("rdb", "1h")), (0.5, ("aof", "1s"))]
)
def test_it_writes_itself_down_as_often_as_the_plan_says(every: float, written: tuple[str, str]) -> None:
    kind, frequency = written
    found = _persistence(timedelta(hours=every))
    assert found[f"{kind}_enabled"]
    assert found[f"{kind}_frequency"] == frequency
    assert sum(found[f"{each}_enabled"] for each in ("rdb", "aof")) == 1


def test_the_smallest_size_that_holds_it_is_taken() -> None:
    assert [azure.cache_size(gb) for gb in (1, 2, 6, 7, 4500)] == [
        "Balanced_B1", "Balanced_B3", "Balanced_B5", "Balanced_B10", "FlashOptimized_A4500",
    ]  # fmt: skip
    assert len(azure.cache(PLAN, "primary", "c" * 16)) <= 60
