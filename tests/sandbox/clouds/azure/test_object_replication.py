"""Copies of blobs in other accounts and other regions, judged by the vendor's own clients."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobServiceClient

from scripts.core.waiting import wait_until
from tests.sandbox.clouds.azure.conftest import NORTH, WEST, Azure
from tests.sandbox.clouds.azure.test_blobs import code_of

EVERYTHING = "1601-01-01T00:00:00Z"
SECONDS = 30


@dataclass
class Pair:
    """Two accounts, one in each region. `here` sends to `there`, where `copies` is."""

    azure: Azure
    client: Any
    group: str
    credential: Any
    stem: str

    def __post_init__(self) -> None:
        self.here, self.there = f"here{self.stem}", f"there{self.stem}"
        for name, location, container in ((self.here, NORTH, "own"), (self.there, WEST, "copies")):
            self.account(name, location)
            self.client.blob_containers.create(self.group, name, container, {})

    def account(self, name: str, location: str, sku: str = "Standard_LRS") -> None:
        body = {"location": location, "kind": "StorageV2", "sku": {"name": sku}}
        self.client.storage_accounts.begin_create(self.group, name, body).result()
        kept = {"properties": {"isVersioningEnabled": True, "changeFeed": {"enabled": True}}}
        self.client.blob_services.set_service_properties(self.group, name, kept)

    def blob(self, account: str, container: str, name: str = "b") -> Any:
        service = BlobServiceClient(f"https://{account}.blob.core.windows.net", self.credential, retry_total=0)
        return service.get_blob_client(container, name)

    def policy(self, **names: str) -> dict[str, Any]:
        accounts = {
            f"{which}Account": self.client.storage_accounts.get_properties(self.group, name).id
            for which, name in (("source", self.here), ("destination", self.there))
        }
        rule = {"sourceContainer": "own", "destinationContainer": "copies", "filters": {"minCreationTime": EVERYTHING}}
        return {"properties": {**accounts, "rules": [{**rule, **names}]}}

    def agree(self) -> Any:
        """First at the destination, which Azure gives its names, then at the source."""
        policies = self.client.object_replication_policies
        made = policies.create_or_update(self.group, self.there, "default", self.policy())
        rule = made.properties.rules[0].rule_id
        policies.create_or_update(self.group, self.here, made.properties.policy_id, self.policy(ruleId=rule))
        return made

    def arrived(self, body: bytes, name: str = "b") -> bool:
        copy = self.blob(self.there, "copies", name)
        return bool(copy.exists()) and copy.download_blob().readall() == body


@pytest.fixture
def pair(azure: Azure, make: Callable[..., Any], group: str, credential: Any) -> Iterator[Pair]:
    yield Pair(azure, make(StorageManagementClient), group, credential, group.removeprefix("rg-"))
    azure.fabric.network.down.clear()


def test_a_policy_is_named_at_its_destination_and_in_force_once_the_source_has_it(pair: Pair) -> None:
    policies = pair.client.object_replication_policies
    with pytest.raises(HttpResponseError, match="made there first"):
        policies.create_or_update(pair.group, pair.here, "7a1b1c7e-0000-4000-8000-000000000001", pair.policy())
    made = pair.agree()
    assert made.name == made.properties.policy_id
    assert policies.get(pair.group, pair.here, made.name).properties.enabled_time is not None
    with pytest.raises(ResourceExistsError):
        policies.create_or_update(pair.group, pair.there, "default", pair.policy())


def test_what_is_there_and_what_comes_arrives_with_its_versions(pair: Pair) -> None:
    source = pair.blob(pair.here, "own")
    source.upload_blob(b"1")
    made = pair.agree()
    wait_until(lambda: pair.arrived(b"1"), seconds=SECONDS, what="what was there before")
    source.upload_blob(b"2", overwrite=True)
    wait_until(lambda: pair.arrived(b"2"), seconds=SECONDS, what="what came later")
    copy = pair.blob(pair.there, "copies")
    assert copy.get_blob_properties().object_replication_destination_policy == made.name
    (status,) = source.get_blob_properties().object_replication_source_properties
    assert (status.policy_id, status.rules[0].status) == (made.name, "complete")
    source.delete_blob()
    wait_until(lambda: not copy.exists(), seconds=SECONDS, what="the deletion")


def test_nobody_writes_where_copies_arrive(pair: Pair) -> None:
    """Which is why two sites cannot copy one container to each other."""
    pair.agree()
    with pytest.raises(ResourceExistsError):
        pair.blob(pair.there, "copies").upload_blob(b"mine")


def test_what_was_not_copied_when_a_region_was_lost_arrives_when_it_is_back(pair: Pair) -> None:
    pair.agree()
    pair.azure.fabric.network.down.add(WEST)
    pair.blob(pair.here, "own").upload_blob(b"late")
    pair.azure.fabric.network.down.clear()
    wait_until(lambda: pair.arrived(b"late"), seconds=SECONDS, what="the copy")


def test_versions_and_change_feed_are_asked_for(pair: Pair) -> None:
    bare = {"properties": {"isVersioningEnabled": True}}
    pair.client.blob_services.set_service_properties(pair.group, pair.here, bare)
    with pytest.raises(HttpResponseError, match=r"changeFeed\.enabled"):
        pair.agree()


def test_an_archive_keeps_every_version_and_its_lock_is_not_taken_back(pair: Pair) -> None:
    client, name = pair.client, f"kept{pair.stem}"

    def wanted(state: str, days: int = 7) -> dict[str, Any]:
        policy = {"state": state, "immutabilityPeriodSinceCreationInDays": days, "allowProtectedAppendWrites": False}
        kept = {"enabled": True, "immutabilityPolicy": policy}
        body = {"location": WEST, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        return {**body, "properties": {"immutableStorageWithVersioning": kept}}

    def put(state: str, days: int = 7) -> None:
        client.storage_accounts.begin_create(pair.group, name, wanted(state, days)).result()

    with pytest.raises(HttpResponseError, match="Unlocked can become Locked"):
        put("Locked")
    put("Unlocked")
    client.blob_services.set_service_properties(pair.group, name, {"properties": {"isVersioningEnabled": True}})
    client.blob_containers.create(pair.group, name, "archive", {})
    put("Locked")
    for state, days in (("Unlocked", 7), ("Locked", 6)):
        with pytest.raises(ResourceExistsError, match="locked"):
            put(state, days)
    blob = pair.blob(name, "archive")
    first = blob.upload_blob(b"1")["version_id"]
    blob.upload_blob(b"2", overwrite=True)
    with pytest.raises(ResourceExistsError) as kept:
        blob.delete_blob(version_id=first)
    assert code_of(kept.value) == "BlobImmutableDueToPolicy"
    with pytest.raises(ResourceExistsError, match="locked policy keeps blobs"):
        client.storage_accounts.delete(pair.group, name)
