"""Secrets in a vault, judged by the vendor's own client, with its verification of the challenge on."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.sandbox.clouds.azure.conftest import NORTH, SUBSCRIPTION, Azure


def made(azure: Azure, make: Callable[..., Any], group: str, name: str, **properties: Any) -> str:
    given = {
        "tenantId": azure.world.login.tenant,
        "sku": {"name": "standard", "family": "A"},
        "enableRbacAuthorization": True,
        **properties,
    }
    vaults = make(KeyVaultManagementClient).vaults
    found = vaults.begin_create_or_update(group, name, {"location": NORTH, "properties": given}).result()
    return str(found.properties.vault_uri)


@pytest.fixture
def vault(azure: Azure, make: Callable[..., Any], group: str, request: pytest.FixtureRequest) -> str:
    return made(azure, make, group, f"kv-{abs(hash(request.node.nodeid)) % 10**9}")


@pytest.fixture
def client(vault: str, credential: Any) -> SecretClient:
    return SecretClient(vault, credential, retry_total=0)


def test_each_value_is_a_version_and_the_newest_is_read(client: SecretClient) -> None:
    first = client.set_secret("password", "one", tags={"a": "b"}, content_type="text/plain")
    client.set_secret("password", "two")
    assert client.get_secret("password").value == "two"
    found = client.get_secret("password", first.properties.version)
    assert (found.value, found.properties.tags, found.properties.content_type) == ("one", {"a": "b"}, "text/plain")
    assert len(list(client.list_properties_of_secret_versions("password"))) == 2
    assert [each.name for each in client.list_properties_of_secrets()] == ["password"]


def test_a_disabled_version_is_not_given_out(client: SecretClient) -> None:
    made = client.set_secret("leaked", "x")
    client.update_secret_properties("leaked", made.properties.version, enabled=False)
    with pytest.raises(HttpResponseError) as refused:
        client.get_secret("leaked")
    assert (refused.value.status_code, "disabled secret" in str(refused.value)) == (403, True)
    client.set_secret("leaked", "y")
    assert client.get_secret("leaked").value == "y"


def test_a_deleted_secret_keeps_its_name_until_it_is_recovered_or_purged(client: SecretClient) -> None:
    client.set_secret("gone", "x")
    client.begin_delete_secret("gone").wait()
    with pytest.raises(ResourceNotFoundError):
        client.get_secret("gone")
    with pytest.raises(ResourceExistsError, match="deleted but recoverable"):
        client.set_secret("gone", "y")
    assert [each.name for each in client.list_deleted_secrets()] == ["gone"]
    client.begin_recover_deleted_secret("gone").wait()
    assert client.get_secret("gone").value == "x"
    client.begin_delete_secret("gone").wait()
    client.purge_deleted_secret("gone")
    client.set_secret("gone", "z")


def test_purge_protection_keeps_what_was_deleted(
    azure: Azure, make: Callable[..., Any], group: str, credential: Any
) -> None:
    client = SecretClient(made(azure, make, group, "kv-prot", enablePurgeProtection=True), credential)
    client.set_secret("kept", "x")
    client.begin_delete_secret("kept").wait()
    with pytest.raises(HttpResponseError, match="purge protection"):
        client.purge_deleted_secret("kept")


def test_what_a_deleted_vault_held_comes_back_with_it(
    azure: Azure, make: Callable[..., Any], group: str, credential: Any
) -> None:
    client = SecretClient(made(azure, make, group, "kv-back"), credential)
    client.set_secret("s", "x")
    make(KeyVaultManagementClient).vaults.delete(group, "kv-back")
    made(azure, make, group, "kv-back", createMode="recover")
    assert client.get_secret("s").value == "x"


def test_network_rules_keep_the_operator_out_and_let_him_in_again(
    azure: Azure, make: Callable[..., Any], group: str, credential: Any
) -> None:
    client = SecretClient(made(azure, make, group, "kv-net", networkAcls={"defaultAction": "Deny"}), credential)
    with pytest.raises(HttpResponseError, match="not authorized"):
        client.set_secret("s", "x")
    rule = {"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.7/32"}]}
    made(azure, make, group, "kv-net", networkAcls=rule)
    client.set_secret("s", "x")


def test_a_vault_with_access_policies_asks_them(
    azure: Azure, make: Callable[..., Any], group: str, credential: Any
) -> None:
    """Roles of the data plane count for nothing there, not even an administrator's."""
    client = SecretClient(made(azure, make, group, "kv-pol", enableRbacAuthorization=False), credential)
    with pytest.raises(HttpResponseError, match="not authorized"):
        client.set_secret("s", "x")
    policy = {
        "tenantId": azure.world.login.tenant,
        "objectId": azure.world.login.operator.object_id,
        "permissions": {"secrets": ["get", "set"]},
    }
    made(azure, make, group, "kv-pol", enableRbacAuthorization=False, accessPolicies=[policy])
    client.set_secret("s", "x")
    with pytest.raises(HttpResponseError, match="not authorized"):
        client.begin_delete_secret("s")


def test_a_secret_made_by_the_resource_manager_never_shows_its_value(
    azure: Azure, make: Callable[..., Any], group: str, vault: str, client: SecretClient
) -> None:
    secrets = make(KeyVaultManagementClient).secrets
    name = vault.removeprefix("https://").partition(".")[0]
    shown = secrets.create_or_update(group, name, "declared", {"properties": {"value": "x"}})
    assert shown.properties.value is None
    assert "x" not in str(secrets.get(group, name, "declared").as_dict()["properties"].get("value"))
    assert client.get_secret("declared").value == "x"
    secrets.create_or_update(group, name, "declared", {"properties": {"value": "y"}})
    assert len(list(client.list_properties_of_secret_versions("declared"))) == 2


def test_a_vault_lets_in_subnets_that_have_an_endpoint_for_it_and_no_others(
    azure: Azure, make: Callable[..., Any], group: str, credential: Any
) -> None:
    resources = make(ResourceManagementClient).resources
    network = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/net"

    def put(identity: str, **body: Any) -> None:
        resources.begin_create_or_update_by_id(identity, body, api_version="2024-05-01").result()

    put(network, location=NORTH, properties={"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}})
    put(f"{network}/subnets/apps", properties={"addressPrefix": "10.0.1.0/24"})
    name, rules = f"kv-net-{abs(hash(group)) % 10**6}", {"bypass": "AzureServices", "defaultAction": "Deny"}
    closed = {**rules, "virtualNetworkRules": [{"id": f"{network}/subnets/apps"}]}
    with pytest.raises(HttpResponseError, match="do not have ServiceEndpoints"):
        made(azure, make, group, name, networkAcls=closed)
    endpoints = [{"service": "Microsoft.KeyVault"}]
    put(f"{network}/subnets/apps", properties={"addressPrefix": "10.0.1.0/24", "serviceEndpoints": endpoints})
    client = SecretClient(made(azure, make, group, name, networkAcls=closed), credential, retry_total=0)
    with pytest.raises(HttpResponseError) as refused:
        client.set_secret("password", "one")
    assert refused.value.status_code == 403
    made(azure, make, group, name, networkAcls={**closed, "ipRules": [{"value": "203.0.113.0/24"}]})
    assert client.set_secret("password", "one").value == "one"


def test_what_a_resource_logs_goes_to_a_workspace_that_is_there(
    make: Callable[..., Any], group: str, vault: str
) -> None:
    resources = make(ResourceManagementClient).resources
    inside = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers"
    name = vault.removeprefix("https://").partition(".")[0]
    setting = f"{inside}/Microsoft.KeyVault/vaults/{name}/providers/Microsoft.Insights/diagnosticSettings/audit"
    workspace = f"{inside}/Microsoft.OperationalInsights/workspaces/log"

    def put(identity: str, version: str, **body: Any) -> Any:
        return resources.begin_create_or_update_by_id(identity, body, api_version=version).result()

    def send(group: str) -> None:
        logs = [{"categoryGroup": group, "enabled": True}]
        put(setting, "2021-05-01-preview", properties={"workspaceId": workspace, "logs": logs})

    with pytest.raises(HttpResponseError, match="The workspace"):
        send("audit")
    with pytest.raises(HttpResponseError, match="is not between 30 and 730"):
        put(workspace, "2023-09-01", location=NORTH, properties={"retentionInDays": 7})
    assert put(workspace, "2023-09-01", location=NORTH, properties={}).properties["retentionInDays"] == 30
    with pytest.raises(HttpResponseError, match="Category group 'traffic' is not supported"):
        send("traffic")
    send("audit")
    assert resources.get_by_id(setting, api_version="2021-05-01-preview").properties["workspaceId"] == workspace
