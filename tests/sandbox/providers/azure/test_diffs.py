"""What a change of an input means, as azure-native decides it, and what the Resource Manager makes of it."""

from typing import Any

import grpc
import pytest

from sandbox.providers import sdk
from sandbox.providers.azure.resource import Type
from sandbox.providers.azure.types import TYPES
from sandbox.providers.values import plain
from tests.sandbox.clouds.azure.conftest import NORTH, WEST, Azure
from tests.sandbox.providers.conftest import Engine

SERVER = "azure-native:dbforpostgresql:Server"
GROUP = "azure-native:resources:ResourceGroup"
SKU = {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.token)
def test_the_table_names_only_what_the_sdk_has(kind: Type) -> None:
    _, module, name = kind.token.split(":")
    inputs = sdk.inputs_of("pulumi_azure_native", module, name).types
    used = {
        *kind.parameters,
        *kind.replaces,
        *(path.split(".")[0] for path in kind.write_only),
        kind.name,
        *kind.spelled,
        *kind.defaults,
    }
    assert used <= set(inputs)
    assert kind.token == sdk.token_of("pulumi_azure_native", module, name)
    assert kind.flat == ("properties" not in inputs)


@pytest.mark.parametrize(
    ("before", "after", "replaces"),
    [
        ({"serverName": "a"}, {"serverName": "b"}, ["serverName"]),
        ({"location": NORTH}, {"location": WEST}, ["location"]),
        ({"sourceServerResourceId": "x"}, {}, ["sourceServerResourceId"]),
        ({}, {"sourceServerResourceId": "x"}, ["sourceServerResourceId"]),
        ({"createMode": "Replica"}, {"createMode": "Default"}, []),
        ({"backup": {"geoRedundantBackup": "Disabled"}}, {"backup": {"geoRedundantBackup": "Enabled"}}, []),
        ({"network": {"delegatedSubnetResourceId": "a"}}, {"network": {"delegatedSubnetResourceId": "b"}}, []),
        ({"sku": SKU}, {"sku": {**SKU, "name": "Standard_D4ds_v5"}}, []),
    ],
)
def test_what_replaces_a_server(
    native: Engine, before: dict[str, Any], after: dict[str, Any], replaces: list[str]
) -> None:
    found = native.diff(SERVER, "x", {"resourceGroupName": "rg", **before}, {"resourceGroupName": "rg", **after})
    assert (list(found.replaces), found.changes) == (replaces, found.DIFF_SOME)


@pytest.mark.parametrize("written", ["North Europe", "NORTHEUROPE", "northeurope "])
def test_a_location_that_is_spelled_otherwise_is_the_same(native: Engine, written: str) -> None:
    found = native.diff(SERVER, "x", {"location": NORTH}, {"location": written})
    assert found.changes == found.DIFF_NONE


def server(group: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceGroupName": group,
        "serverName": name,
        "location": NORTH,
        "sku": SKU,
        "administratorLogin": "dr",
        "administratorLoginPassword": "x",
        **more,
    }


def test_a_nested_create_only_property_previews_as_an_update_and_is_refused(native: Engine, group: str) -> None:
    inputs = server(group, "pg-nested", backup={"geoRedundantBackup": "Disabled", "backupRetentionDays": 7})
    made = native.create(SERVER, "x", inputs, secrets=("administratorLoginPassword",))
    with pytest.raises(grpc.RpcError) as refused:
        native.update(SERVER, made, inputs, {**inputs, "backup": {"geoRedundantBackup": "Enabled"}})
    assert "backup.geoRedundantBackup" in str(refused.value.details())


def test_the_password_is_never_read_back(native: Engine, group: str) -> None:
    inputs = server(group, "pg-secret")
    made = native.create(SERVER, "x", inputs, secrets=("administratorLoginPassword",))
    seen = native.read(SERVER, made.id, made.properties, inputs)
    assert plain(seen.inputs)["administratorLoginPassword"] == "x"
    imported = native.read(SERVER, made.id, type(made.properties)(), {})
    assert "administratorLoginPassword" not in plain(imported.inputs)
    assert plain(imported.inputs)["serverName"] == "pg-secret"


def test_what_is_there_already_is_not_taken_over(native: Engine, group: str) -> None:
    inputs = server(group, "pg-there")
    native.create(SERVER, "x", inputs)
    with pytest.raises(grpc.RpcError, match="already existing resource"):
        native.create(SERVER, "y", inputs)


def test_after_a_promotion_and_a_refresh_the_program_would_replace_its_database(
    azure: Azure, native: Engine, group: str
) -> None:
    """The vendor's worst trap: what the service no longer says goes from the state, and stays in the program."""
    source = native.create(SERVER, "source", server(group, "pg-source"))
    inputs = {
        "resourceGroupName": group, "serverName": "pg-copy", "location": WEST, "sku": SKU, "createMode": "Replica",
        "sourceServerResourceId": source.id,
    }  # fmt: skip
    made = native.create(SERVER, "copy", inputs)
    assert plain(native.read(SERVER, made.id, made.properties, inputs).inputs)["sourceServerResourceId"] == source.id
    record = azure.world.store.find(made.id)
    assert record is not None
    manager = azure.plane.manager.kinds[record.id.type.lower()]
    record.held["command"] = {"mode": "standalone", "planned": False}
    manager.settle(record, record)
    after = plain(native.read(SERVER, made.id, made.properties, inputs).inputs)
    assert "sourceServerResourceId" not in after
    assert list(native.diff(SERVER, "copy", after, inputs).replaces) == ["sourceServerResourceId"]
