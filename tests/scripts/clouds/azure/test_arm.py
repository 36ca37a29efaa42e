"""The one client of the Resource Manager: versions, waiting, what it says when something is wrong."""

import inspect
import re
import subprocess
import sys

import pulumi_azure_native as azure_native
import pytest

from scripts.clouds.azure.arm import VERSIONS, type_of, version_of
from scripts.core.errors import CloudFailed
from tests.scripts.clouds.azure.conftest import Azure

SAME = {
    "microsoft.authorization/locks": "authorization.ManagementLockByScope",
    "microsoft.authorization/roleassignments": "authorization.RoleAssignment",
    "microsoft.cache/redisenterprise": "redisenterprise.RedisEnterprise",
    "microsoft.containerinstance/containergroups": "containerinstance.ContainerGroup",
    "microsoft.containerregistry/registries": "containerregistry.Registry",
    "microsoft.containerregistry/registries/replications": "containerregistry.Replication",
    "microsoft.dbforpostgresql/flexibleservers": "dbforpostgresql.Server",
    "microsoft.keyvault/deletedvaults": "keyvault.Vault",
    "microsoft.keyvault/locations/deletedvaults": "keyvault.Vault",
    "microsoft.keyvault/vaults": "keyvault.Vault",
    "microsoft.managedidentity/userassignedidentities": "managedidentity.UserAssignedIdentity",
    "microsoft.network/networksecuritygroups": "network.NetworkSecurityGroup",
    "microsoft.network/privatednszones": "privatedns.PrivateZone",
    "microsoft.network/privateendpoints": "network.PrivateEndpoint",
    "microsoft.network/trafficmanagerprofiles": "trafficmanager.Profile",
    "microsoft.network/virtualnetworks": "network.VirtualNetwork",
    "microsoft.resources/resourcegroups": "resources.ResourceGroup",
    "microsoft.storage/storageaccounts": "storage.StorageAccount",
    "microsoft.web": "web.WebApp",
}


@pytest.mark.parametrize("kind", SAME)
def test_a_run_asks_in_the_version_that_the_stack_declares_in(kind: str) -> None:
    module, _, name = SAME[kind].partition(".")
    said = inspect.getsource(getattr(getattr(azure_native, module), name))
    found = re.search(r"Uses Azure REST API version ([0-9a-z-]+)", said)
    assert found is not None
    assert VERSIONS[kind] == found[1]


def test_every_version_of_the_table_is_looked_at() -> None:
    assert set(SAME) == set(VERSIONS)


@pytest.mark.parametrize(
    ("identity", "kind"),
    [
        ("/subscriptions/s/resourceGroups/g", "microsoft.resources/resourcegroups"),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots/b", "microsoft.web/sites/slots"),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites", "microsoft.web/sites"),
        (
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/providers/Microsoft.Authorization/locks/l",
            "microsoft.authorization/locks",
        ),
    ],
)
def test_the_type_is_in_the_id(identity: str, kind: str) -> None:
    assert type_of(identity) == kind
    assert version_of(identity)


def test_an_unknown_type_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError, match=r"microsoft\.compute/virtualmachines"):
        version_of("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v")


def test_what_is_not_there_is_none_and_gone(azure: Azure) -> None:
    nowhere = f"{azure.group('primary')}/providers/Microsoft.Web/sites/nobody"
    assert azure.arm.get(nowhere) is None
    azure.arm.delete(nowhere)
    assert azure.arm.list(f"{azure.group('primary')}-and-more/providers/Microsoft.Web/sites") == []


def test_what_is_refused_says_the_clouds_own_code_and_not_what_was_sent(azure: Azure) -> None:
    identity = f"{azure.group('primary')}/providers/Microsoft.Storage/storageAccounts/Not_A_Name"
    body = {"location": "northeurope", "sku": {"name": "Standard_LRS"}, "tags": {"key": "tell-nobody"}}
    with pytest.raises(CloudFailed, match=r"making storageAccounts/Not_A_Name: AccountNameInvalid: ") as refused:
        azure.arm.put(identity, body)
    assert "tell-nobody" not in str(refused.value)


def test_nobody_is_let_in_without_being_known(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    with pytest.raises(CloudFailed) as refused:
        azure.lose().at("primary").store("core", 1).state()
    assert "az login" in refused.value.hint
    assert "wrong" not in f"{refused.value} {refused.value.hint}"


def test_a_region_that_is_lost_answers_in_its_words(azure: Azure) -> None:
    azure.fabric.network.control_down.add("northeurope")
    with pytest.raises(CloudFailed, match=r"ServiceUnavailable: .*northeurope"):
        azure.arm.put(azure.server("primary"), {"location": "northeurope", "properties": {}})


def test_a_plan_without_azure_never_loads_its_libraries() -> None:
    program = (
        "import sys, scripts.dr, scripts.clouds.registry, components.registry, model; print('azure' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"
