"""Blobs that are changed by conditional writes, the writer lease among them, and secrets with versions of our own."""

import pytest

from model.clouds import azure as azure_names
from scripts.clouds.protocol import ConditionFailed, ObjectStore
from scripts.core.errors import CloudFailed, Refused
from scripts.fencing.lease import Lease, WitnessLease
from tests.scripts.clouds.azure.conftest import Azure

CONTAINERS = ("claims", "lease", "journal")


@pytest.fixture
def account(azure: Azure) -> ObjectStore:
    store = azure.driver.at("tertiary").objects()
    identity = f"{azure.group('tertiary')}/providers/Microsoft.Storage/storageAccounts/{store.name}"
    body = {"location": "swedencentral", "kind": "StorageV2", "sku": {"name": "Standard_ZRS"}, "properties": {}}
    azure.arm.put(identity, body, wait=60)
    azure.arm.put(f"{identity}/blobServices/default", {"properties": {"isVersioningEnabled": True}})
    for each in CONTAINERS:
        azure.arm.put(f"{identity}/blobServices/default/containers/{each}", {"properties": {}})
    return store


def test_a_blob_is_made_once_and_changed_by_whoever_read_it_last(account: ObjectStore) -> None:
    assert account.read("claims/active") is None
    made = account.create("claims/active", b"one")
    with pytest.raises(ConditionFailed):
        account.create("claims/active", b"another")
    changed = account.replace("claims/active", b"two", etag=made.etag)
    with pytest.raises(ConditionFailed):
        account.replace("claims/active", b"late", etag=made.etag)
    found = account.read("claims/active")
    assert found is not None
    assert (found.body, found.etag) == (b"two", changed.etag)
    assert found.changed_at <= found.answered_at
    account.delete("claims/active")
    account.delete("claims/active")
    assert account.read("claims/active") is None


def test_blobs_are_listed_by_the_beginning_of_their_keys(account: ObjectStore) -> None:
    for key in ("journal/run-1/2", "journal/run-1/1", "journal/run-2/1"):
        account.create(key, b"{}")
    assert account.keys("journal/run-1/") == ["journal/run-1/1", "journal/run-1/2"]
    assert account.keys("journal/") == ["journal/run-1/1", "journal/run-1/2", "journal/run-2/1"]
    assert account.keys("nothing/") == []


def test_what_a_blob_was_before_is_read_newest_first(account: ObjectStore) -> None:
    for body in (b"one", b"two", b"three"):
        account.write("lease/writer.json", body)
    assert [each.body for each in account.versions("lease/writer.json")] == [b"three", b"two", b"one"]


def test_the_writer_lease_is_taken_and_lost_by_condition(azure: Azure, account: ObjectStore) -> None:
    one, other = (WitnessLease(store, azure.plan.system) for store in (account, azure.driver.at("tertiary").objects()))
    system = azure.plan.system
    held = one.create(Lease.new(system, "primary", 1, 3000))
    seen = other.read()
    assert seen is not None
    assert seen.lease.site == "primary"
    other.replace(seen, Lease.new(system, "secondary", 2, 3000))
    with pytest.raises(ConditionFailed):
        one.replace(held, Lease.new(system, "primary", 1, 3000))


def test_a_region_that_does_not_answer_is_an_error_in_a_bounded_time(azure: Azure, account: ObjectStore) -> None:
    azure.fabric.network.down.add("swedencentral")
    with pytest.raises(CloudFailed, match="no answer"):
        account.read("claims/active")
    with pytest.raises(Refused, match="swedencentral is asked"):
        azure.lose("tertiary").at("tertiary").objects().read("claims/active")


def test_a_secret_has_the_versions_that_it_was_given(azure: Azure) -> None:
    login = azure.driver.at("primary").secrets()
    identity = f"{azure.group('primary')}/providers/Microsoft.KeyVault/vaults/azure-small-pri-"
    vault = f"{azure.group('primary')}/providers/Microsoft.KeyVault/vaults/{login.vault}"  # type: ignore[attr-defined]
    assert vault.startswith(identity)
    tenant = azure.world.planes.env("northeurope")["AZURE_TENANT_ID"]
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}
    azure.arm.put(vault, {"location": "northeurope", "properties": properties}, wait=60)
    assert login.read("small-primary-core") is None
    login.write("small-primary-core", "one", "v1")
    login.write("small-primary-core", "two", "v2")
    login.write("small-primary-core", "never", "v2")
    now = login.read("small-primary-core")
    assert now is not None
    assert (now.version, now.text) == ("v2", "two")
    before = login.read("small-primary-core", "v1")
    assert before is not None
    assert before.text == "one"
    assert login.read("small-primary-core", "v3") is None
    assert "two" not in repr(now)


def test_deleted_vaults_of_a_site_are_found_by_their_names_and_those_of_others_are_not(azure: Azure) -> None:
    tenant = azure.world.planes.env("northeurope")["AZURE_TENANT_ID"]
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "enablePurgeProtection": True}
    ours = [azure_names.vault(azure.plan, "primary", store) for store in ("logins", "secrets")]
    for name in (*ours, "azure-small-pri-0000"):
        vault = f"{azure.group('primary')}/providers/Microsoft.KeyVault/vaults/{name}"
        azure.arm.put(vault, {"location": "northeurope", "properties": properties}, wait=60)
        azure.arm.delete(vault, wait=60)
    found = azure.driver.inventory().left_behind("azure-prod", "primary")
    assert sorted(each.name for each in found) == sorted(ours)
    assert {each.stuck for each in found} == {"is protected from being purged"}
