"""The Resource Manager's one protocol, judged by the vendor's clients and by what it says to anybody."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from tests.sandbox.clouds.azure.conftest import NORTH, SUBSCRIPTION, WEST, Azure

ARM = "https://management.azure.com"
ROLES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
READER = f"{ROLES}/acdd72a7-3385-48ef-bd42-f606fba81ae7"
Ask = Callable[..., requests.Response]


@pytest.fixture
def ask(credential: DefaultAzureCredential) -> Ask:
    """ask(method, path, body, version) at a group or a resource of the plan's subscription."""

    def send(method: str, path: str, body: Any = None, version: str = "2020-05-01") -> requests.Response:
        token = credential.get_token(f"{ARM}/.default").token
        url = f"{ARM}/subscriptions/{SUBSCRIPTION}{path}?api-version={version}"
        return requests.request(method, url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    return send


def account(make: Callable[..., Any], group: str, name: str, **more: Any) -> Any:
    parameters = {"location": NORTH, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, **more}
    return make(StorageManagementClient).storage_accounts.begin_create(group, name, parameters).result()


def code(answer: requests.Response) -> str:
    return str(answer.json()["error"]["code"])


@pytest.mark.parametrize(
    ("path", "version", "wanted"),
    [
        ("/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v", "", (400, "MissingApiVersionParameter")),
        ("/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v", "2015-01-01", (400, "NoRegisteredProviderFound")),
        ("/resourceGroups/rg/providers/Microsoft.KeyVault/hats/v", "2024-11-01", (404, "InvalidResourceType")),
        ("/resourceGroups/none/providers/Microsoft.KeyVault/vaults/v", "2024-11-01", (404, "ResourceGroupNotFound")),
        ("/resourceGroups/none", "2024-03-01", (404, "ResourceGroupNotFound")),
        ("/resourceGroups/a/b", "2024-03-01", (404, "InvalidResourceId")),
    ],
)
def test_what_is_asked_wrongly_is_refused_as_azure_does(
    ask: Ask, path: str, version: str, wanted: tuple[int, str]
) -> None:
    answer = ask("GET", path, version=version)
    assert (answer.status_code, code(answer)) == wanted


def test_an_unknown_version_is_answered_with_those_that_are_known(ask: Ask, group: str) -> None:
    answer = ask("GET", f"/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/v", version="2015-01-01")
    assert "2023-07-01, 2024-11-01" in answer.json()["error"]["message"]


def test_another_subscription_is_not_found(entered: None, credential: DefaultAzureCredential) -> None:
    token = credential.get_token(f"{ARM}/.default").token
    url = f"{ARM}/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups?api-version=2024-03-01"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert code(answer) == "SubscriptionNotFound"


def test_a_location_is_compared_without_case_and_blanks_and_cannot_change(make: Callable[..., Any], group: str) -> None:
    account(make, group, "moves", location="North Europe")
    account(make, group, "moves", location="northeurope")
    with pytest.raises(ResourceExistsError, match="already exists in location 'northeurope'"):
        account(make, group, "moves", location=WEST)


def test_a_nested_property_that_is_set_at_creation_only_is_refused(make: Callable[..., Any], group: str) -> None:
    account(make, group, "hnsless", properties={"immutableStorageWithVersioning": {"enabled": True}})
    with pytest.raises(HttpResponseError) as refused:
        account(make, group, "hnsless", properties={"immutableStorageWithVersioning": {"enabled": False}})
    assert refused.value.error is not None
    assert refused.value.error.code == "PropertyChangeNotAllowed"


def test_a_lock_against_deletion_holds_for_what_is_below_it(make: Callable[..., Any], ask: Ask, group: str) -> None:
    account(make, group, "locked")
    lock = f"/resourceGroups/{group}/providers/Microsoft.Authorization/locks/keep"
    assert ask("PUT", lock, {"properties": {"level": "CanNotDelete"}}).status_code == 201
    client = make(StorageManagementClient)
    with pytest.raises(ResourceExistsError, match="ScopeLocked"):
        client.storage_accounts.delete(group, "locked")
    with pytest.raises(ResourceExistsError, match="ScopeLocked"):
        make(ResourceManagementClient).resource_groups.begin_delete(group)
    account(make, group, "locked", tags={"still": "changes"})
    assert ask("DELETE", lock).status_code == 200
    client.storage_accounts.delete(group, "locked")


def test_a_read_only_lock_stops_changes_and_actions_alike(make: Callable[..., Any], ask: Ask, group: str) -> None:
    account(make, group, "readonly")
    lock = f"/resourceGroups/{group}/providers/Microsoft.Authorization/locks/freeze"
    assert ask("PUT", lock, {"properties": {"level": "ReadOnly"}}).status_code == 201
    with pytest.raises(ResourceExistsError, match="ScopeLocked"):
        account(make, group, "readonly", tags={"a": "b"})
    with pytest.raises(ResourceExistsError, match="ScopeLocked"):
        make(StorageManagementClient).storage_accounts.list_keys(group, "readonly")
    assert make(StorageManagementClient).storage_accounts.get_properties(group, "readonly").name == "readonly"


def test_a_group_whose_region_is_lost_cannot_be_changed(azure: Azure, make: Callable[..., Any], group: str) -> None:
    """The resource itself lives on elsewhere, and is still seen."""
    account(make, group, "elsewhere", location=WEST)
    azure.fabric.network.control_down.add(NORTH)
    try:
        client = make(StorageManagementClient)
        assert client.storage_accounts.get_properties(group, "elsewhere").location == WEST
        with pytest.raises(HttpResponseError, match="does not answer"):
            account(make, group, "elsewhere", location=WEST, tags={"a": "b"})
        with pytest.raises(HttpResponseError, match="does not answer"):
            make(KeyVaultManagementClient).vaults.begin_create_or_update(group, "kv-lost", vault(azure))
    finally:
        azure.fabric.network.control_down.clear()


def vault(azure: Azure, location: str = NORTH, **properties: Any) -> dict[str, Any]:
    tenant = azure.world.login.tenant
    sku = {"name": "standard", "family": "A"}
    return {"location": location, "properties": {"tenantId": tenant, "sku": sku, "accessPolicies": [], **properties}}


def test_a_resource_in_a_lost_region_is_not_managed(azure: Azure, make: Callable[..., Any], group: str) -> None:
    account(make, group, "lostone", location=WEST)
    azure.fabric.network.down.add(WEST)
    azure.fabric.network.control_down.add(WEST)
    try:
        with pytest.raises(HttpResponseError) as refused:
            make(StorageManagementClient).storage_accounts.get_properties(group, "lostone")
        assert refused.value.status_code == 504
        listed = [each.name for each in make(StorageManagementClient).storage_accounts.list_by_resource_group(group)]
        assert "lostone" not in listed
    finally:
        azure.fabric.network.down.clear()
        azure.fabric.network.control_down.clear()


def test_roles_hold_at_their_scope_and_below_it_alone(
    azure: Azure, ask: Ask, make: Callable[..., Any], group: str
) -> None:
    identity = f"/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
    made = ask("PUT", identity, {"location": NORTH}, "2023-01-31").json()["properties"]
    account(make, group, "scoped")
    scope = f"/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/scoped"
    wanted = {"properties": {"principalId": made["principalId"], "roleDefinitionId": READER}}
    assignment = "/providers/Microsoft.Authorization/roleAssignments/11111111-1111-1111-1111-111111111111"
    assert ask("PUT", scope + assignment, wanted, "2022-04-01").status_code == 201
    assert code(ask("PUT", scope + assignment.replace("111", "222", 1), wanted, "2022-04-01")) == "RoleAssignmentExists"

    principal = azure.world.login.identity(made["clientId"])
    assert principal is not None
    door = azure.env()["HTTPS_PROXY"]
    given = requests.get(
        f"{door}/msi/token",
        params={"resource": ARM, "client_id": principal.client_id},
        headers={"X-IDENTITY-HEADER": principal.secret},
        timeout=10,
    ).json()
    headers = {"Authorization": f"Bearer {given['access_token']}"}

    def seen(path: str, method: str = "GET") -> int:
        url = f"{ARM}/subscriptions/{SUBSCRIPTION}{path}?api-version=2024-01-01"
        return requests.request(method, url, json={}, headers=headers, timeout=10).status_code

    assert seen(scope) == 200
    assert seen(scope, "PUT") == 403
    assert seen(scope.replace("scoped", "other")) == 403


def test_a_principal_that_does_not_exist_gets_no_role(ask: Ask, group: str) -> None:
    wanted = {"properties": {"principalId": "nobody", "roleDefinitionId": READER}}
    path = f"/resourceGroups/{group}/providers/Microsoft.Authorization/roleAssignments/x"
    assert code(ask("PUT", path, wanted, "2022-04-01")) == "PrincipalNotFound"


def test_requests_beyond_the_limit_are_throttled(azure: Azure, ask: Ask) -> None:
    who = azure.world.login.operator.object_id
    azure.plane.manager.throttle.empty(who, SUBSCRIPTION.lower(), "GET")
    azure.plane.manager.throttle._pace = 0.001
    try:
        answer = ask("GET", "/resourceGroups", version="2024-03-01")
        assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (429, True)
    finally:
        azure.plane.manager.throttle._pace = 100.0
        azure.plane.manager.throttle._buckets.clear()
    assert ask("GET", "/resourceGroups", version="2024-03-01").status_code == 200


def test_a_group_takes_everything_in_it_along(make: Callable[..., Any], group: str) -> None:
    account(make, group, "goesalong")
    make(ResourceManagementClient).resource_groups.begin_delete(group).result()
    with pytest.raises(ResourceNotFoundError):
        make(ResourceManagementClient).resource_groups.get(group)
    with pytest.raises(ResourceNotFoundError):
        make(StorageManagementClient).storage_accounts.get_properties(group, "goesalong")


def test_what_a_type_does_not_do_it_says_plainly(ask: Ask, make: Callable[..., Any], group: str) -> None:
    account(make, group, "honest")
    path = f"/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/honest/regenerateKey"
    answer = ask("POST", path, {}, "2024-01-01")
    assert (answer.status_code, code(answer)) == (501, "NotImplemented")
    assert "Microsoft.Storage/storageAccounts/regenerateKey" in answer.json()["error"]["message"]


# Key vaults as the Resource Manager sees them --------------------------------------------------------------------


def test_a_deleted_vault_keeps_its_name_until_it_is_recovered_or_purged(
    azure: Azure, make: Callable[..., Any], group: str
) -> None:
    vaults = make(KeyVaultManagementClient).vaults
    vaults.begin_create_or_update(group, "kv-once", vault(azure, tags={"a": "b"})).result()
    vaults.delete(group, "kv-once")
    with pytest.raises(ResourceExistsError, match="deleted state"):
        vaults.begin_create_or_update(group, "kv-once", vault(azure))
    assert vaults.get_deleted("kv-once", NORTH).properties.vault_id.endswith("/vaults/kv-once")
    recovered = vaults.begin_create_or_update(group, "kv-once", vault(azure, createMode="recover")).result()
    assert recovered.properties.soft_delete_retention_in_days == 90
    vaults.delete(group, "kv-once")
    vaults.begin_purge_deleted("kv-once", NORTH).result()
    vaults.begin_create_or_update(group, "kv-once", vault(azure)).result()


def test_purge_protection_cannot_be_taken_off_and_holds(azure: Azure, make: Callable[..., Any], group: str) -> None:
    vaults = make(KeyVaultManagementClient).vaults
    vaults.begin_create_or_update(group, "kv-kept", vault(azure, enablePurgeProtection=True)).result()
    with pytest.raises(HttpResponseError, match="enablePurgeProtection"):
        vaults.begin_create_or_update(group, "kv-kept", vault(azure, enablePurgeProtection=False))
    vaults.begin_create_or_update(group, "kv-kept", vault(azure)).result()
    assert vaults.get(group, "kv-kept").properties.enable_purge_protection is True
    with pytest.raises(HttpResponseError, match="softDeleteRetentionInDays"):
        vaults.begin_create_or_update(group, "kv-kept", vault(azure, softDeleteRetentionInDays=7))
    vaults.delete(group, "kv-kept")
    with pytest.raises(ResourceExistsError, match="protected from being purged"):
        vaults.begin_purge_deleted("kv-kept", NORTH)
