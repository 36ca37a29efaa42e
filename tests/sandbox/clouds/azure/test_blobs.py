"""Blobs, judged by the vendor's own client: what a lease, a claim and a backup need of them."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import DefaultAzureCredential
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.sandbox.clouds.azure.conftest import NORTH, WEST, Azure, Given


def code_of(error: Any) -> str:
    """Azure's own word for an error, which the client adds to its exceptions."""
    code = error.error_code
    return str(getattr(code, "value", code))


@pytest.fixture
def service(request: pytest.FixtureRequest, make: Callable[..., Any], group: str, credential: Any) -> BlobServiceClient:
    name = f"st{abs(hash(request.node.nodeid)) % 10**12}"
    parameters = {"location": NORTH, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    make(StorageManagementClient).storage_accounts.begin_create(group, name, parameters).result()
    return BlobServiceClient(f"https://{name}.blob.core.windows.net", credential=credential, retry_total=0)


@pytest.fixture
def container(service: BlobServiceClient) -> ContainerClient:
    return service.create_container("things")


def test_what_was_written_is_read_with_its_properties(container: ContainerClient) -> None:
    blob = container.get_blob_client("a folder/name with ü.txt")
    blob.upload_blob(b"0123456789", metadata={"epoch": "7"})
    assert blob.download_blob().readall() == b"0123456789"
    assert blob.download_blob(offset=2, length=3).readall() == b"234"
    found = blob.get_blob_properties()
    assert (found.size, found.metadata, found.blob_type) == (10, {"epoch": "7"}, "BlockBlob")


def test_the_sequence_of_a_lease(container: ContainerClient) -> None:
    """Created once, changed by who has seen it last, and by nobody else."""
    lease = container.get_blob_client("lease/writer.json")
    first = lease.upload_blob(b"1", overwrite=False)
    with pytest.raises(ResourceExistsError) as taken:
        lease.upload_blob(b"2", overwrite=False)
    assert code_of(taken.value) == "BlobAlreadyExists"
    second = lease.upload_blob(b"3", overwrite=True, etag=first["etag"], match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError) as late:
        lease.upload_blob(b"4", overwrite=True, etag=first["etag"], match_condition=MatchConditions.IfNotModified)
    assert (late.value.status_code, code_of(late.value)) == (412, "ConditionNotMet")
    with pytest.raises(ResourceModifiedError):
        lease.delete_blob(etag=first["etag"], match_condition=MatchConditions.IfNotModified)
    lease.delete_blob(etag=second["etag"], match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceNotFoundError):
        lease.download_blob()
    with pytest.raises(ResourceModifiedError):
        lease.upload_blob(b"5", overwrite=True, etag=second["etag"], match_condition=MatchConditions.IfNotModified)


def test_times_are_whole_seconds_of_the_servers_clock(container: ContainerClient) -> None:
    dates: list[str] = []
    container.upload_blob("clock", b"x")
    container.get_blob_client("clock").download_blob(
        raw_response_hook=lambda answer: dates.append(answer.http_response.headers["Date"])
    ).readall()
    assert dates[0].endswith(" GMT")
    assert container.get_blob_client("clock").get_blob_properties().last_modified.microsecond == 0


def test_a_large_blob_goes_up_in_blocks_and_comes_down_in_ranges(service: BlobServiceClient, credential: Any) -> None:
    small = BlobServiceClient(
        service.url, credential=credential, max_single_put_size=1024, max_block_size=1024, max_single_get_size=2048,
        max_chunk_get_size=1024,
    )  # fmt: skip
    data = bytes(range(256)) * 20
    small.create_container("large").upload_blob("b", data)
    assert small.get_blob_client("large", "b").download_blob().readall() == data


def test_listing_goes_by_prefix_in_pages_and_in_folders(container: ContainerClient) -> None:
    for name in ("a/1", "a/2", "a/3", "b/1"):
        container.upload_blob(name, b"x", metadata={"n": name[-1]})
    assert [each.name for each in container.list_blobs(name_starts_with="a/", results_per_page=2)] == [
        "a/1",
        "a/2",
        "a/3",
    ]
    assert [each.name for each in container.walk_blobs()] == ["a/", "b/"]
    assert [each.metadata for each in container.list_blobs(name_starts_with="b", include=["metadata"])] == [{"n": "1"}]


def test_versions_are_kept_where_the_account_says_so(
    service: BlobServiceClient, make: Callable[..., Any], group: str
) -> None:
    make(StorageManagementClient).blob_services.set_service_properties(
        group, str(service.account_name), {"properties": {"isVersioningEnabled": True}}
    )
    container = service.create_container("kept")
    first = container.upload_blob("v", b"1")
    old = first.get_blob_properties().version_id
    container.upload_blob("v", b"2", overwrite=True)
    container.delete_blob("v")
    with pytest.raises(ResourceNotFoundError):
        first.download_blob()
    assert container.get_blob_client("v").download_blob(version_id=old).readall() == b"1"
    assert len(list(container.list_blobs(include=["versions"]))) == 2
    assert list(container.list_blobs()) == []


def test_an_immutable_blob_is_neither_overwritten_nor_deleted(
    service: BlobServiceClient, make: Callable[..., Any], group: str
) -> None:
    client, account = make(StorageManagementClient), str(service.account_name)
    container = service.create_container("worm")
    policy = {"properties": {"immutabilityPeriodSinceCreationInDays": 7}}
    made = client.blob_containers.create_or_update_immutability_policy(group, account, "worm", parameters=policy)
    blob = container.upload_blob("b", b"1")
    for act in (lambda: blob.upload_blob(b"2", overwrite=True), blob.delete_blob, container.delete_container):
        with pytest.raises(ResourceExistsError):
            act()
    client.blob_containers.lock_immutability_policy(
        group, account, "worm", etag=made.etag, match_condition=MatchConditions.IfNotModified
    )
    with pytest.raises(ResourceExistsError, match="locked"):
        client.storage_accounts.delete(group, account)


def test_containers_are_one_truth_for_both_planes(
    service: BlobServiceClient, make: Callable[..., Any], group: str
) -> None:
    client, account = make(StorageManagementClient), str(service.account_name)
    service.create_container("byblob")
    client.blob_containers.create(group, account, "byarm", {})
    assert {each.name for each in client.blob_containers.list(group, account)} == {"byblob", "byarm"}
    assert {each.name for each in service.list_containers()} == {"byblob", "byarm"}
    client.blob_containers.delete(group, account, "byblob")
    with pytest.raises(ResourceNotFoundError):
        service.get_container_client("byblob").upload_blob("x", b"")


def test_who_has_no_data_role_sees_nothing(azure: Azure, container: ContainerClient) -> None:
    container.upload_blob("secret", b"x")
    nobody = azure.world.login.add_identity("nobody")
    stranger = ContainerClient(str(container.url).rpartition("/")[0], "things", credential=Given(azure, nobody))
    with pytest.raises(HttpResponseError) as refused:
        stranger.download_blob("secret")
    assert (refused.value.status_code, code_of(refused.value)) == (403, "AuthorizationPermissionMismatch")


def test_the_blobs_of_a_lost_region_do_not_answer(
    azure: Azure, container: ContainerClient, enter: Callable[[str], None]
) -> None:
    container.upload_blob("b", b"x")
    azure.fabric.network.down.add(NORTH)
    try:
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            container.download_blob("b")
    finally:
        azure.fabric.network.down.clear()
    assert container.download_blob("b").readall() == b"x"
    enter(WEST)
    azure.fabric.network.cut.add((WEST, NORTH))
    try:
        inside = ContainerClient(
            str(container.url).rpartition("/")[0], "things", credential=DefaultAzureCredential(), retry_total=0
        )
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            inside.download_blob("b")
    finally:
        azure.fabric.network.cut.clear()


def test_network_rules_keep_out_who_is_not_named(
    service: BlobServiceClient, make: Callable[..., Any], group: str, container: ContainerClient
) -> None:
    client, account = make(StorageManagementClient), str(service.account_name)
    closed = {"properties": {"networkAcls": {"defaultAction": "Deny"}}}
    client.storage_accounts.update(group, account, closed)
    with pytest.raises(HttpResponseError) as refused:
        container.upload_blob("x", b"")
    assert code_of(refused.value) == "AuthorizationFailure"
    client.storage_accounts.update(group, account, {"properties": {"networkAcls": {"defaultAction": "Allow"}}})
    container.upload_blob("x", b"")


def test_what_is_not_done_is_refused_by_name(container: ContainerClient) -> None:
    container.upload_blob("b", b"x")
    with pytest.raises(HttpResponseError, match="does not do PUT with lease"):
        container.get_blob_client("b").acquire_lease()
