"""A cache of a site: what is exported of it, where copies lie, and what is brought back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from model.clouds import azure as azure_names
from scripts.acts.caches import begin
from scripts.clouds.access import Clouds
from scripts.clouds.azure.managed_redis import ManagedRedis
from scripts.clouds.azure.objects import Account
from scripts.clouds.protocol import Holding, Phase
from scripts.core.errors import CloudFailed, Refused
from tests.scripts.clouds.azure.conftest import Azure

STORE, KEPT = "cache", b"REDIS0009 of this morning"


def lay(azure: Azure, site: str) -> ManagedRedis:
    """As the stack of a site declares it: a cache, and the account in which its exports lie."""
    region, group = azure.plan.site(site).region, azure.group(site)
    account = f"{group}/providers/Microsoft.Storage/storageAccounts"
    account = f"{account}/{azure_names.storage_account(azure.plan, site, 'recovery')}"
    azure.arm.put(account, {"location": region, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}})
    azure.arm.put(f"{account}/blobServices/default/containers/caches", {})
    cluster = f"{group}/providers/Microsoft.Cache/redisEnterprise/{azure_names.cache(azure.plan, site, STORE)}"
    body = {"location": region, "sku": {"name": "Balanced_B1"}, "properties": {"publicNetworkAccess": "Disabled"}}
    azure.arm.put(cluster, body, wait=60)
    keys = {"properties": {"accessKeysAuthentication": "Enabled"}}
    azure.arm.put(f"{cluster}/databases/default", keys, wait=60)
    azure.fabric.caches.held[region, azure_names.cache(azure.plan, site, STORE)] = KEPT
    return ManagedRedis(azure.driver.session, azure.plan, site, STORE)


def held(azure: Azure, site: str) -> bytes:
    return azure.fabric.caches.held[azure.plan.site(site).region, azure_names.cache(azure.plan, site, STORE)]


def account(azure: Azure, site: str) -> Account:
    name = azure_names.storage_account(azure.plan, site, "recovery")
    return Account(azure.driver.session, azure.plan.site(site).region, name)


def test_it_is_there_with_its_name_and_its_port(azure: Azure) -> None:
    assert ManagedRedis(azure.driver.session, azure.plan, "primary", STORE).state() is None
    state = lay(azure, "primary").state()
    assert state is not None
    assert (state.phase, state.host) == (Phase.AVAILABLE, "azure-small-primary-cache.northeurope.redis.azure.net")


def test_an_export_is_brought_back_in_the_place_of_what_is_there(azure: Azure) -> None:
    cache = lay(azure, "primary")
    point = cache.export("morning")
    assert (point.name, point.site, point.source) == ("morning", "primary", cache.identifier)
    cache.flush()
    assert held(azure, "primary") != KEPT
    cache.bring("morning")
    assert held(azure, "primary") == KEPT
    assert cache.export("evening").newest > point.newest
    assert [each.name for each in cache.exports()] == ["evening", "morning"]
    with pytest.raises(Refused, match="there is an export morning of cache already"):
        cache.export("morning")


def test_a_copy_in_another_site_is_of_use_there(azure: Azure) -> None:
    here, there = lay(azure, "primary"), lay(azure, "secondary")
    here.export("morning")
    here.send("morning", "secondary")
    here.send("morning", "secondary")
    (point,) = there.exports()
    assert (point.name, point.site, point.source) == ("morning", "secondary", here.identifier)
    there.flush()
    there.bring("morning")
    assert held(azure, "secondary") == KEPT


def test_what_is_forgotten_leaves_no_file(azure: Azure) -> None:
    cache = lay(azure, "primary")
    for name in ("morning", "evening"):
        cache.export(name)
    for _ in range(2):
        cache.forget("morning")
    assert [each.name for each in cache.exports()] == ["evening"]
    assert len(account(azure, "primary").keys("caches/")) == 2
    with pytest.raises(Refused, match="holds no export morning of cache"):
        cache.bring("morning")


def test_a_file_that_is_no_snapshot_is_named_and_never_reaches_the_cache(azure: Azure) -> None:
    cache = lay(azure, "primary")
    point = cache.export("morning")
    assert cache.why_not_readable("morning") is None
    account(azure, "primary").write(point.reference, b"overwritten")
    assert "no RDB file" in str(cache.why_not_readable("morning"))
    with pytest.raises(CloudFailed, match="no RDB file"):
        cache.bring("morning")
    assert held(azure, "primary") == KEPT
    assert {name for _, name in azure.fabric.caches.held} == {cache.identifier}, "the scratch cache is gone"


@dataclass(frozen=True)
class Resource:
    """One of a stack, as its state shows it."""

    outputs: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    type: str = "azure-native:redisenterprise:RedisEnterprise"
    urn: str = "urn:pulumi:azure-prod::dr::azure-native:redisenterprise:RedisEnterprise::cache-cluster"
    name: str = "cache-cluster"
    protect: bool = True


def test_what_would_be_lost_with_it_is_said_before_it_is_deleted(azure: Azure) -> None:
    cache = lay(azure, "primary")
    cluster = f"{azure.group('primary')}/providers/Microsoft.Cache/redisEnterprise/{cache.identifier}"
    lock = f"{cluster}/providers/Microsoft.Authorization/locks/dr-keep"
    azure.arm.put(lock, {"properties": {"level": "CanNotDelete"}})
    resource, known = Resource({"id": cluster}), Holding("azure-prod", "RedisEnterprise", cache.identifier)
    found = azure.driver.inventory().look("azure-prod", resource, known, [])
    assert (found.holds, found.guards) == ("a cache (Balanced_B1)", ("lock dr-keep",))


def test_a_lost_site_is_not_asked(azure: Azure) -> None:
    lay(azure, "primary")
    lost = ManagedRedis(azure.lose("primary").session, azure.plan, "primary", STORE)
    with pytest.raises(Refused, match="counts as lost"):
        lost.exports()
    with pytest.raises(Refused, match="counts as lost"):
        lost.state()


# what programs do with them


def test_a_site_that_takes_over_begins_with_what_lies_there(azure: Azure) -> None:
    """What its cache held from the time when it was active before is gone either way."""
    here, there = lay(azure, "primary"), lay(azure, "secondary")
    azure.fabric.caches.held["westeurope", there.identifier] = b"REDIS0009 of another year"
    clouds = Clouds(azure.plan)
    (empty,) = begin(azure.plan, clouds, "secondary", with_export=True)
    assert str(empty) == "cache is empty and fills itself anew"
    assert held(azure, "secondary") == b"REDIS0009"
    here.export("morning")
    here.send("morning", "secondary")
    (filled,) = begin(azure.plan, clouds, "secondary", with_export=True)
    assert (filled.brought, held(azure, "secondary")) == ("morning", KEPT)
    (restored,) = begin(azure.plan, clouds, "secondary", with_export=False)
    assert (restored.brought, held(azure, "secondary")) == (None, b"REDIS0009")


@pytest.mark.parametrize("broken", ["not there", "a bad file", "no account"])
def test_a_cache_that_cannot_be_made_ready_is_named_and_stops_nobody(azure: Azure, broken: str) -> None:
    says = {"not there": "is not there in secondary", "a bad file": "no RDB file", "no account": "was not made ready"}
    if broken != "not there":
        cache = lay(azure, "secondary")
        point = cache.export("morning")
        if broken == "a bad file":
            account(azure, "secondary").write(point.reference, b"overwritten")
        else:
            name = azure_names.storage_account(azure.plan, "secondary", "recovery")
            azure.arm.delete(f"{azure.group('secondary')}/providers/Microsoft.Storage/storageAccounts/{name}")
    (found,) = begin(azure.plan, Clouds(azure.plan), "secondary", with_export=True)
    assert says[broken] in found.why_not
    assert found.brought is None
