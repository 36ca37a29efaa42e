"""Azure Managed Redis as the Resource Manager shows it: what it refuses, who reaches it, and where exports go."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from scripts.clouds.azure.arm import Arm
from scripts.clouds.azure.session import Session
from scripts.core.errors import CloudFailed
from tests.sandbox.clouds.azure.conftest import NORTH, SUBSCRIPTION, THIRD, Azure

SIZE, KEYS = {"sku": {"name": "Balanced_B5"}}, {"accessKeysAuthentication": "Enabled"}
PUBLIC, PRIVATE = {"publicNetworkAccess": "Enabled"}, {"publicNetworkAccess": "Disabled"}


@pytest.fixture
def arm(entered: None) -> Arm:
    return Session().arm(NORTH)


@pytest.fixture
def providers(group: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers"


@pytest.fixture
def cluster(providers: str, group: str) -> str:
    return f"{providers}/Microsoft.Cache/redisEnterprise/{group}"


def make(arm: Arm, cluster: str, access: dict[str, str] = PUBLIC, **database: Any) -> str:
    """Gives the ID of its database."""
    arm.put(cluster, {"location": NORTH, **SIZE, "properties": access}, wait=60)
    arm.put(f"{cluster}/databases/default", {"properties": KEYS | database}, wait=60)
    return f"{cluster}/databases/default"


def test_it_is_found_by_its_name_and_opened_by_its_keys(azure: Azure, arm: Arm, cluster: str, group: str) -> None:
    database = make(arm, cluster)
    keys = arm.post(database, "listKeys", "asking for the keys")
    assert azure.fabric.caches.keys[NORTH, group] == (keys["primaryKey"], keys["secondaryKey"])
    found = arm.get(cluster)
    assert found is not None
    assert found["properties"]["hostName"] == f"{group}.{NORTH}.redis.azure.net"
    assert azure.names.caches[f"{group}.{NORTH}.redis.azure.net"] == (NORTH, group)
    arm.post(database, "regenerateKey", "making a key anew", {"keyType": "Primary"}, wait=60)
    after = arm.post(database, "listKeys", "asking for the keys")
    assert after["primaryKey"] != keys["primaryKey"]
    assert after["secondaryKey"] == keys["secondaryKey"]
    assert azure.fabric.caches.keys[NORTH, group] == (after["primaryKey"], after["secondaryKey"])
    arm.delete(cluster, wait=60)
    assert (NORTH, group) not in azure.fabric.caches.held
    assert f"{group}.{NORTH}.redis.azure.net" not in azure.names.caches


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ({"geoReplication": {"groupNickname": "all"}}, "active geo-replication"),
        ({"clientProtocol": "Plaintext"}, "without TLS"),
        ({"persistence": {"rdbEnabled": True, "rdbFrequency": "4h"}}, "rdbFrequency must be one of 1h, 6h, 12h"),
        ({"persistence": {"rdbEnabled": True, "rdbFrequency": "1h", "aofEnabled": True}}, "At most one"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(arm: Arm, cluster: str, database: dict[str, Any], says: str) -> None:
    with pytest.raises(CloudFailed, match=says):
        make(arm, cluster, **database)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sku": {"name": "Premium_P1"}}, "InvalidSku"),
        ({"sku": {"name": "Balanced_B1"}}, "cannot be made smaller"),
        ({"properties": {}}, "publicNetworkAccess' is required"),
        ({"zones": ["1"]}, "zones"),
        ({"location": THIRD}, "already exists in location"),
    ],
)
def test_a_change_that_it_does_not_take_is_refused(arm: Arm, cluster: str, change: dict[str, Any], says: str) -> None:
    whole = {"location": NORTH, **SIZE, "properties": PUBLIC, "zones": ["1", "2", "3"]}
    arm.put(cluster, whole, wait=60)
    with pytest.raises(CloudFailed, match=says):
        arm.put(cluster, whole | change, wait=60)


def test_the_policy_of_its_clients_is_made_once(arm: Arm, cluster: str) -> None:
    database = make(arm, cluster, clusteringPolicy="NoCluster")
    with pytest.raises(CloudFailed, match="PropertyChangeNotAllowed"):
        arm.put(database, {"properties": KEYS | {"clusteringPolicy": "OSSCluster"}}, wait=60)


def test_a_private_one_is_reached_through_an_endpoint_that_its_network_knows(
    azure: Azure, arm: Arm, cluster: str, providers: str, group: str
) -> None:
    """Each part by itself is not enough: the endpoint, the zone that leads to it, and rules that let somebody pass."""
    network = f"{providers}/Microsoft.Network"
    rules, zone = f"{network}/networkSecurityGroups/stores", f"{network}/privateDnsZones/privatelink.redis.azure.net"
    endpoint, subnet = f"{network}/privateEndpoints/cache", f"{network}/virtualNetworks/site/subnets/endpoints"
    allow = {"access": "Allow", "direction": "Inbound", "priority": 100}
    make(arm, cluster, PRIVATE)

    def is_shut() -> bool:
        return (NORTH, group) in azure.fabric.caches.shut_off

    assert is_shut()
    space = {"addressSpace": {"addressPrefixes": ["10.10.0.0/16"]}}
    arm.put(f"{network}/virtualNetworks/site", {"location": NORTH, "properties": space})
    arm.put(rules, {"location": NORTH, "properties": {"securityRules": [{"name": "apps", "properties": allow}]}})
    arm.put(
        subnet,
        {"properties": {
            "addressPrefix": "10.10.1.0/24", "networkSecurityGroup": {"id": rules},
            "privateEndpointNetworkPolicies": "Enabled",
        }},
    )  # fmt: skip
    connection = {"name": "cache", "properties": {"privateLinkServiceId": cluster, "groupIds": ["redisEnterprise"]}}
    properties = {"subnet": {"id": subnet}, "privateLinkServiceConnections": [connection]}
    arm.put(endpoint, {"location": NORTH, "properties": properties})
    assert is_shut()
    arm.put(zone, {"location": "global"})
    link = {"location": "global", "properties": {"virtualNetwork": {"id": f"{network}/virtualNetworks/site"}}}
    arm.put(f"{zone}/virtualNetworkLinks/site", link)
    config = {"name": "redis", "properties": {"privateDnsZoneId": zone}}
    arm.put(f"{endpoint}/privateDnsZoneGroups/default", {"properties": {"privateDnsZoneConfigs": [config]}})
    assert not is_shut()
    arm.put(rules, {"location": NORTH, "properties": {"securityRules": []}})
    assert is_shut()
    arm.put(rules, {"location": NORTH, "properties": {"securityRules": [{"name": "apps", "properties": allow}]}})
    assert not is_shut()
    arm.delete(endpoint)
    assert is_shut()


# exports


@pytest.fixture
def account(make_client: Callable[[Any], Any], group: str) -> str:
    name = f"st{group.replace('-', '')}"
    body = {"location": NORTH, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    client = make_client(StorageManagementClient)
    client.storage_accounts.begin_create(group, name, body).result()
    client.blob_containers.create(group, name, "snapshots", {})
    return name


@pytest.fixture
def make_client(make: Callable[..., Any]) -> Callable[[Any], Any]:
    """Under another name: here `make` makes a cache."""
    return make


def signed(account: str, credential: DefaultAzureCredential, permissions: str = "rwl", minutes: int = 30) -> str:
    """A container's address that opens it for a while."""
    client = BlobServiceClient(f"https://{account}.blob.core.windows.net", credential=credential)
    now = datetime.now(UTC)
    key = client.get_user_delegation_key(now - timedelta(hours=1), now + timedelta(hours=1))
    sas = generate_container_sas(
        account, "snapshots", user_delegation_key=key, permission=ContainerSasPermissions.from_string(permissions),
        start=now - timedelta(hours=1), expiry=now + timedelta(minutes=minutes),
    )  # fmt: skip
    return f"https://{account}.blob.core.windows.net/snapshots?{sas}"


def blobs(account: str, credential: DefaultAzureCredential) -> dict[str, bytes]:
    client = BlobServiceClient(f"https://{account}.blob.core.windows.net", credential=credential)
    found = client.get_container_client("snapshots")
    return {each.name: found.download_blob(each.name).readall() for each in found.list_blobs()}


def test_what_is_exported_is_brought_back(
    *, azure: Azure, arm: Arm, cluster: str, group: str, account: str, credential: DefaultAzureCredential
) -> None:
    database, where = make(arm, cluster), signed(account, credential)
    azure.fabric.caches.held[NORTH, group] = b"REDIS0009 of this morning"
    arm.post(database, "export", "exporting", {"sasUri": where}, wait=60)
    ((name, body),) = blobs(account, credential).items()
    assert body == b"REDIS0009 of this morning"
    arm.post(database, "flush", "flushing", {}, wait=60)
    assert azure.fabric.caches.held[NORTH, group] == b"REDIS0009"
    container, _, sas = where.partition("?")
    arm.post(database, "import", "importing", {"sasUris": [f"{container}/{name}?{sas}"]}, wait=60)
    assert azure.fabric.caches.held[NORTH, group] == b"REDIS0009 of this morning"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda uri: uri.partition("?")[0], "NoAuthenticationInformation"),
        (lambda uri: uri.replace("sig=", "sig=A"), "AuthenticationFailed"),
        (lambda uri: uri.replace("sp=rwl", "sp=rwdl"), "AuthenticationFailed"),
        (lambda uri: uri.replace("/snapshots?", "/elsewhere?"), "AuthenticationFailed"),
    ],
)
def test_an_address_that_somebody_made_up_opens_nothing(
    *, arm: Arm, cluster: str, account: str, credential: DefaultAzureCredential, spoil: Callable[[str], str], says: str
) -> None:
    database = make(arm, cluster)
    with pytest.raises(CloudFailed, match=says):
        arm.post(database, "export", "exporting", {"sasUri": spoil(signed(account, credential))}, wait=60)
    assert blobs(account, credential) == {}


@pytest.mark.parametrize(
    ("permissions", "minutes", "says"),
    [("r", 30, "AuthorizationPermissionMismatch"), ("rwl", -5, "AuthenticationFailed")],
)
def test_an_address_opens_what_it_allows_for_as_long_as_it_says(
    *,
    arm: Arm,
    cluster: str,
    account: str,
    credential: DefaultAzureCredential,
    permissions: str,
    minutes: int,
    says: str,
) -> None:
    database, where = make(arm, cluster), signed(account, credential, permissions, minutes)
    with pytest.raises(CloudFailed, match=says):
        arm.post(database, "export", "exporting", {"sasUri": where}, wait=60)
    assert blobs(account, credential) == {}
