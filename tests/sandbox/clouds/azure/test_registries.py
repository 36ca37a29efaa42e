"""Images in a registry with copies in several regions, judged by the vendor's own clients."""

import hashlib
import io
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.exceptions import ResourceNotFoundError as NotFound
from azure.identity import DefaultAzureCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.images import ImageStore
from sandbox.clouds.azure.kind import Record
from sandbox.clouds.azure.login import Principal
from scripts.core.waiting import wait_until
from tests.sandbox.clouds.azure.conftest import NORTH, SUBSCRIPTION, THIRD, WEST, Azure, Given

SHOP = "shop/web"
ONCE = {"retry_total": 0, "connection_timeout": 2, "read_timeout": 5}


class Registry:
    """One of Premium in the first region, and a client of it that asks from outside."""

    def __init__(self, azure: Azure, make: Callable[..., Any], group: str, name: str) -> None:
        self.azure, self.group, self.name = azure, group, name
        client = make(ContainerRegistryManagementClient)
        self.registries, self.replications = client.registries, client.replications
        self.put()

    def put(self, sku: str = "Premium", **properties: Any) -> Any:
        body = {"location": NORTH, "sku": {"name": sku}, "properties": properties}
        return self.registries.begin_create(self.group, self.name, body).result()

    def replicate(self, region: str, **properties: Any) -> Any:
        body = {"location": region, "properties": properties}
        return self.replications.begin_create(self.group, self.name, region, body).result()

    def route(self, region: str, *, to_it: bool) -> None:
        body = {"properties": {"regionEndpointEnabled": to_it}}
        self.replications.begin_update(self.group, self.name, region, body).result()

    @property
    def client(self) -> ContainerRegistryClient:
        """Asks as the operator, from where this process stands."""
        return self.client_of(Given(self.azure, self.azure.world.login.operator))

    def client_of(self, credential: Any) -> ContainerRegistryClient:
        return ContainerRegistryClient(f"https://{self.name}.azurecr.io", credential, **ONCE)

    def give(self, who: Principal, role: str) -> None:
        scope = self.registries.get(self.group, self.name).id
        definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        given = {"principalId": who.object_id, "roleDefinitionId": definition}
        identity = parse(f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}")
        self.azure.world.store.keep(Record(identity, {"properties": given}))

    @property
    def images(self) -> ImageStore:
        return self.azure.world.context.one(ImageStore)


@pytest.fixture
def registry(azure: Azure, make: Callable[..., Any], group: str, request: pytest.FixtureRequest) -> Iterator[Registry]:
    made = Registry(azure, make, group, f"acr{abs(hash(request.node.nodeid)) % 10**9}")
    yield made
    azure.fabric.network.down.clear()
    azure.fabric.network.cut.clear()
    azure.fabric.network.control_down.clear()
    made.images.sick.clear()


def push(client: ContainerRegistryClient, tag: str, content: str = "", name: str = SHOP) -> str:
    """An image of one layer; gives its digest."""
    layer = (content or tag).encode()
    config = json.dumps({"architecture": "amd64", "os": "linux"}).encode()
    parts = []
    for data in (config, layer):
        digest, size = client.upload_blob(name, io.BytesIO(data))
        parts.append({"mediaType": "application/octet-stream", "digest": digest, "size": size})
    manifest = {"schemaVersion": 2, "config": parts[0], "layers": parts[1:]}
    return str(client.set_manifest(name, manifest, tag=tag))


def layer_of(client: ContainerRegistryClient, reference: str, name: str = SHOP) -> str:
    manifest = client.get_manifest(name, reference).manifest
    return b"".join(client.download_blob(name, manifest["layers"][0]["digest"])).decode()


def test_what_is_pushed_is_pulled_by_tag_and_by_digest(registry: Registry) -> None:
    client = registry.client
    digest = push(client, "v1", "one" * 1000)
    found = client.get_manifest(SHOP, "v1")
    assert (found.digest, layer_of(client, digest)) == (digest, "one" * 1000)
    assert list(client.list_repository_names()) == [SHOP]
    assert client.get_tag_properties(SHOP, "v1").digest == digest
    assert client.get_repository_properties(SHOP).tag_count == 1
    with pytest.raises(NotFound):
        client.get_manifest(SHOP, "v2")
    with pytest.raises(NotFound):
        client.get_manifest("shop/none", "v1")


def test_lists_are_paged(registry: Registry) -> None:
    client = registry.client
    for number in range(3):
        push(client, f"v{number}")
    assert [each.name for each in client.list_tag_properties(SHOP, results_per_page=2)] == [f"v{n}" for n in range(3)]
    assert len(list(client.list_manifest_properties(SHOP, results_per_page=2))) == 3


def test_layers_come_from_the_data_endpoint_of_the_region(registry: Registry) -> None:
    made = registry.put(dataEndpointEnabled=True)
    assert made.properties.data_endpoint_host_names == [f"{registry.name}.{NORTH}.data.azurecr.io"]
    digest = push(registry.client, "v1", "from the data endpoint")
    assert layer_of(registry.client, digest) == "from the data endpoint"
    path = f"/{SHOP}/sha256:{hashlib.sha256(b'from the data endpoint').hexdigest()}"
    signed = DefaultAzureCredential().get_token(path).token
    answer = requests.get(f"https://{registry.name}.{NORTH}.data.azurecr.io{path}", params={"sig": signed}, timeout=10)
    assert (answer.status_code, "no link" in answer.text) == (403, True)


def test_a_moved_tag_leaves_the_image_before_by_its_digest(registry: Registry) -> None:
    client = registry.client
    good, bad = push(client, "stable", "good"), push(client, "stable", "bad")
    assert client.get_tag_properties(SHOP, "stable").digest == bad
    before = client.get_manifest(SHOP, good)
    client.set_manifest(SHOP, before.manifest, tag="stable")
    assert layer_of(client, "stable") == "good"
    assert client.get_manifest(SHOP, "stable").digest == hashed(before.manifest)


def hashed(manifest: Any) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(manifest).encode()).hexdigest()}"


def test_a_manifest_of_a_layer_that_is_not_there_is_refused(registry: Registry) -> None:
    missing = {"mediaType": "x", "digest": "sha256:" + "0" * 64, "size": 1}
    with pytest.raises(NotFound, match="MANIFEST_BLOB_UNKNOWN"):
        registry.client.set_manifest(SHOP, {"schemaVersion": 2, "config": missing, "layers": []}, tag="v1")


def test_what_is_locked_can_be_neither_moved_nor_deleted(registry: Registry) -> None:
    client = registry.client
    digest = push(client, "v1")
    client.update_manifest_properties(SHOP, digest, can_delete=False)
    client.update_tag_properties(SHOP, "v1", can_write=False)
    for act in (
        lambda: client.delete_manifest(SHOP, digest),
        lambda: client.delete_repository(SHOP),
        lambda: push(client, "v1", "other"),
    ):
        with pytest.raises(HttpResponseError, match="locked"):
            act()


def test_a_copy_has_what_was_pushed_before_and_after_it_was_made(registry: Registry) -> None:
    client = registry.client
    before = push(client, "before")
    registry.replicate(WEST)
    after = push(client, "after")
    wait_until(lambda: registry.images.is_in_step(registry.name, WEST), seconds=30, what="the copy")
    there = registry.images.copy(registry.name, WEST)[SHOP]
    assert {name: tag.digest for name, tag in there.tags.items()} == {"before": before, "after": after}
    states = {
        each.name: each.properties.status.display_status
        for each in registry.replications.list(registry.group, registry.name)
    }
    assert states == {NORTH: "Ready", WEST: "Ready"}


def test_a_deletion_is_copied_too(registry: Registry) -> None:
    registry.replicate(WEST)
    digest = push(registry.client, "v1")
    registry.client.delete_manifest(SHOP, digest)
    wait_until(lambda: registry.images.is_in_step(registry.name, WEST), seconds=30, what="the copy")
    assert registry.images.copy(registry.name, WEST)[SHOP].manifests == {}


def test_images_are_pulled_from_a_copy_while_the_registrys_own_region_is_lost(
    registry: Registry, enter: Callable[[str], None]
) -> None:
    registry.replicate(WEST)
    digest = push(registry.client, "v1")
    wait_until(lambda: registry.images.is_in_step(registry.name, WEST), seconds=30, what="the copy")
    registry.azure.fabric.network.down.add(NORTH)
    registry.azure.fabric.network.control_down.add(NORTH)
    for place in ("outside", WEST, THIRD):
        enter(place)
        assert layer_of(registry.client, digest) == "v1"
    enter("outside")
    with pytest.raises(HttpResponseError):
        registry.route(WEST, to_it=False)
    registry.azure.fabric.network.down.add(WEST)
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        registry.client.get_manifest(SHOP, "v1")


def test_what_was_not_copied_yet_is_missing_until_its_region_is_back(registry: Registry) -> None:
    registry.replicate(WEST)
    network = registry.azure.fabric.network
    network.cut |= {(NORTH, WEST), (WEST, NORTH)}
    digest = push(registry.client, "v1")
    network.down.add(NORTH)
    with pytest.raises(NotFound):
        registry.client.get_manifest(SHOP, "v1")
    network.down.clear()
    network.cut.clear()
    wait_until(lambda: registry.images.is_in_step(registry.name, WEST), seconds=30, what="the copy")
    assert registry.images.copy(registry.name, WEST)[SHOP].tags["v1"].digest == digest


def test_who_may_pull_may_not_push_and_who_has_no_role_may_neither(registry: Registry) -> None:
    digest = push(registry.client, "v1")
    somebody = registry.azure.world.login.add_identity("app")
    client = registry.client_of(Given(registry.azure, somebody))
    with pytest.raises(ClientAuthenticationError):
        client.get_manifest(SHOP, "v1")
    registry.give(somebody, "7f951dda-4ed3-4680-a7ca-43fe172d538d")
    assert layer_of(client, digest) == "v1"
    for act in (lambda: push(client, "v2"), lambda: client.delete_manifest(SHOP, digest)):
        with pytest.raises(ClientAuthenticationError):
            act()


def test_nobody_pulls_without_a_login_unless_the_registry_says_so(registry: Registry) -> None:
    digest = push(registry.client, "v1")
    with pytest.raises(ClientAuthenticationError):
        registry.client_of(None).get_manifest(SHOP, "v1")
    registry.put(anonymousPullEnabled=True)
    assert layer_of(registry.client_of(None), digest) == "v1"
    with pytest.raises(ClientAuthenticationError):
        push(registry.client_of(None), "v2")


@pytest.mark.parametrize(
    ("rules", "is_let_in"),
    [
        ({"publicNetworkAccess": "Disabled"}, False),
        ({"networkRuleSet": {"defaultAction": "Deny", "ipRules": []}}, False),
        ({"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}}, True),
    ],
)  # fmt: skip
def test_who_is_kept_out_by_the_network(registry: Registry, rules: dict[str, Any], is_let_in: bool) -> None:
    push(registry.client, "v1")
    registry.put(**rules)
    if is_let_in:
        assert layer_of(registry.client, "v1") == "v1"
    else:
        with pytest.raises(HttpResponseError, match=r"Forbidden|DENIED"):
            registry.client.get_manifest(SHOP, "v1")


def test_an_image_is_imported_by_its_digest_and_overwrites_only_when_told(registry: Registry) -> None:
    good, bad = push(registry.client, "stable", "good"), push(registry.client, "stable", "bad")
    source = {"registryUri": f"{registry.name}.azurecr.io", "sourceImage": f"{SHOP}@{good}"}

    def take(**more: Any) -> None:
        body = {"source": source, "targetTags": [f"{SHOP}:stable"], **more}
        registry.registries.begin_import_image(registry.group, registry.name, body).result()

    with pytest.raises(ResourceExistsError, match="NoForce"):
        take()
    assert registry.client.get_tag_properties(SHOP, "stable").digest == bad
    take(mode="Force")
    assert layer_of(registry.client, "stable") == "good"
    source["registryUri"] = f"{registry.name}.{NORTH}.data.azurecr.io"
    with pytest.raises(HttpResponseError, match="InvalidImportSource"):
        take(mode="Force")


ENABLED = {"status": "enabled"}


@pytest.mark.parametrize(
    ("sku", "properties", "says"),
    [
        ("Basic", {"policies": {"retentionPolicy": ENABLED}}, "SkuNotSupported"),
        ("Standard", {"dataEndpointEnabled": True}, "SkuNotSupported"),
        ("Premium", {"policies": {"retentionPolicy": {**ENABLED, "days": 366}}}, "between 0 and 365"),
        ("Premium", {"policies": {"retentionPolicy": ENABLED, "softDeletePolicy": ENABLED}}, "at the same time"),
        ("Premium", {"policies": {"exportPolicy": {"status": "disabled"}}}, "InvalidExportPolicy"),
        ("Premium", {"zoneRedundancy": "Enabled"}, "zoneRedundancy"),
        ("Gold", {}, "SkuInvalid"),
    ],
)
def test_what_a_registry_is_refused(registry: Registry, sku: str, properties: dict[str, Any], says: str) -> None:
    with pytest.raises(HttpResponseError, match=says):
        registry.put(sku, **properties)


def test_soft_delete_and_copies_exclude_each_other(registry: Registry) -> None:
    registry.put(policies={"softDeletePolicy": ENABLED})
    with pytest.raises(HttpResponseError, match="geo-replicated"):
        registry.replicate(WEST)
    registry.put()
    registry.replicate(WEST)
    with pytest.raises(HttpResponseError, match="geo-replicated"):
        registry.put(policies={"softDeletePolicy": ENABLED})


def test_its_name_is_taken_for_everybody_and_one_region_has_one_copy(
    registry: Registry, make: Callable[..., Any]
) -> None:
    make(ResourceManagementClient).resource_groups.create_or_update("rg-other", {"location": WEST})
    body = {"location": WEST, "sku": {"name": "Premium"}}
    with pytest.raises(ResourceExistsError, match="already in use"):
        registry.registries.begin_create("rg-other", registry.name, body)
    for region in (NORTH, WEST):
        if region == WEST:
            registry.replicate(WEST)
        with pytest.raises(ResourceExistsError, match="already"):
            registry.replications.begin_create(registry.group, registry.name, "other", {"location": region})


def test_the_login_server_of_a_registry_that_is_gone_is_not_there(registry: Registry) -> None:
    client = registry.client
    push(client, "v1")
    registry.registries.begin_delete(registry.group, registry.name).result()
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        registry.client.get_manifest(SHOP, "v1")
