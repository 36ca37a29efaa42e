"""
What has surprised people who recovered on Azure, each reproduced: the small world is no kinder than the cloud.

The traps are those that issue trackers tell of most often: what a promotion drops, what an update takes away, what a
lock, a name, a group or a freeze forbids.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.identity import DefaultAzureCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.trafficmanager import TrafficManagerManagementClient
from azure.mgmt.web import WebSiteManagementClient

from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.images import ImageStore
from sandbox.clouds.azure.kind import Record
from tests.sandbox.clouds.azure.conftest import NORTH, WEST, Azure

SKU = {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}
PROFILES = "Microsoft.Network/trafficManagerProfiles"


@dataclass
class Case:
    azure: Azure
    make: Callable[..., Any]
    group: str

    def __post_init__(self) -> None:
        self.servers = self.make(PostgreSQLManagementClient).servers
        self.endpoints = self.make(PostgreSQLManagementClient).virtual_endpoints

    @property
    def stem(self) -> str:
        return self.group.removeprefix("rg-")

    def server(self, name: str, location: str = NORTH, sku: Any = SKU, **properties: Any) -> Any:
        given = {"administratorLogin": "dr", "administratorLoginPassword": "not-Real-1", **properties}
        if "sourceServerResourceId" in properties:
            given = properties
        body = {"location": location, "sku": sku, "properties": given}
        return self.servers.begin_create_or_update(self.group, f"{name}-{self.stem}", body).result()

    def pair(self, **properties: Any) -> tuple[Any, Any]:
        """A primary and its replica in the other region."""
        first = self.server("one", **properties)
        return first, self.server("two", WEST, createMode="Replica", sourceServerResourceId=first.id)

    def promote(self, server: Any, mode: str = "Standalone", option: str = "Planned") -> Any:
        wanted = {"properties": {"replica": {"promoteMode": mode, "promoteOption": option}}}
        return self.servers.begin_update(self.group, server.name, wanted).result()

    def endpoint(self, on: Any, members: list[str], name: str = "ve") -> Any:
        body = {"properties": {"endpointType": "ReadWrite", "members": members}}
        return self.endpoints.begin_create(self.group, on.name, f"{name}-{self.stem}", body).result()


@pytest.fixture
def case(azure: Azure, make: Callable[..., Any], group: str) -> Iterator[Case]:
    yield Case(azure, make, group)
    azure.fabric.network.full.clear()
    azure.fabric.network.control_down.clear()
    azure.fabric.network.down.clear()
    azure.fabric.network.frozen = False


def the_origin_is_gone_after_a_promotion(case: Case) -> None:
    """What the program still says would replace the database that has just become the primary."""
    _, replica = case.pair()
    assert replica.properties.source_server_resource_id
    assert case.promote(replica).properties.source_server_resource_id is None


def the_virtual_endpoint_moves_to_the_new_primary(case: Case) -> None:
    first, replica = case.pair()
    case.endpoint(first, [first.name, replica.name])
    case.promote(replica, "Switchover")
    assert list(case.endpoints.list_by_server(case.group, first.name)) == []
    assert [each.name for each in case.endpoints.list_by_server(case.group, replica.name)] == [f"ve-{case.stem}"]
    case.server("three")
    with pytest.raises(ResourceExistsError, match="already used"):
        case.endpoint(case.servers.get(case.group, f"three-{case.stem}"), [f"three-{case.stem}"])
    writer = case.azure.names.databases[f"ve-{case.stem}.writer.postgres.database.azure.com"]
    assert writer == (WEST, replica.name)


def a_promotion_that_stays_in_the_program_acts_once(case: Case) -> None:
    """A second failover by the same words does nothing: the replica has to be told by a PATCH again."""
    first, replica = case.pair()
    case.endpoint(first, [first.name, replica.name])
    case.promote(replica, "Switchover")
    case.promote(first, "Switchover")
    body = {
        "location": WEST,
        "sku": SKU,
        "properties": {
            "createMode": "Replica", "sourceServerResourceId": first.id,
            "replica": {"promoteMode": "Switchover", "promoteOption": "Planned"},
        },
    }  # fmt: skip
    case.servers.begin_create_or_update(case.group, replica.name, body).result()
    assert case.servers.get(case.group, replica.name).properties.replica.role == "GeoAsyncReplica"


def a_put_of_a_replica_needs_its_source(case: Case) -> None:
    _, replica = case.pair()
    body = {"location": WEST, "sku": SKU, "properties": {"createMode": "Replica"}}
    with pytest.raises(HttpResponseError, match="sourceServerResourceId"):
        case.servers.begin_create_or_update(case.group, replica.name, body)


def a_promoted_server_lacks_standby_backup_and_firewall(case: Case) -> None:
    first, replica = case.pair(
        highAvailability={"mode": "ZoneRedundant"},
        backup={"geoRedundantBackup": "Enabled", "backupRetentionDays": 14},
    )
    case.endpoint(first, [first.name, replica.name])
    found = case.promote(replica, "Switchover").properties
    assert (found.high_availability.mode, found.backup.geo_redundant_backup) == ("Disabled", "Disabled")
    assert (WEST, replica.name) in case.azure.fabric.databases.shut_off
    with pytest.raises(HttpResponseError, match="geoRedundantBackup"):
        case.servers.begin_update(
            case.group, replica.name, {"properties": {"backup": {"geoRedundantBackup": "Enabled"}}}
        )


def a_nested_property_of_creation_fails_in_the_middle_of_an_update(case: Case) -> None:
    case.server("one")
    with pytest.raises(HttpResponseError, match=r"backup\.geoRedundantBackup"):
        case.server("one", backup={"geoRedundantBackup": "Enabled"})


def one_group_in_the_lost_region_blocks_what_lives_on(case: Case) -> None:
    _, replica = case.pair()
    case.azure.fabric.network.control_down.add(NORTH)
    with pytest.raises(HttpResponseError, match="does not answer"):
        case.promote(replica, "Standalone", "Forced")


def profile(case: Case, endpoints: list[dict[str, Any]]) -> Any:
    name = f"tm-{case.stem}"
    properties = {
        "trafficRoutingMethod": "Priority", "dnsConfig": {"relativeName": name, "ttl": 30}, "endpoints": endpoints,
    }  # fmt: skip
    client = case.make(TrafficManagerManagementClient)
    return client.profiles.create_or_update(case.group, name, {"location": "global", "properties": properties})


def one(name: str, priority: int) -> dict[str, Any]:
    properties = {"target": f"{name}.example", "priority": priority, "alwaysServe": "Enabled"}
    return {"name": name, "type": f"{PROFILES}/externalEndpoints", "properties": properties}


def traffic_cannot_be_edited_while_the_global_control_plane_is_frozen(case: Case) -> None:
    profile(case, [one("a", 1)])
    case.azure.fabric.network.frozen = True
    with pytest.raises(HttpResponseError, match="blocked"):
        profile(case, [one("b", 1)])
    zone = case.azure.names.zones[f"tm-{case.stem}.trafficmanager.net"]
    found = zone(f"tm-{case.stem}.trafficmanager.net", "A")
    assert found is not None
    assert list(found.values) == ["a.example"]


def a_put_of_a_profile_deletes_endpoints_of_their_own(case: Case) -> None:
    made = profile(case, [])
    client = case.make(TrafficManagerManagementClient)
    client.endpoints.create_or_update(
        case.group, made.name, "externalEndpoints", "own", {"properties": {"target": "own.example", "priority": 1}}
    )
    assert [each.name for each in client.profiles.get(case.group, made.name).properties.endpoints] == ["own"]
    profile(case, [one("inline", 1)])
    assert [each.name for each in client.profiles.get(case.group, made.name).properties.endpoints] == ["inline"]


def no_capacity_stops_even_a_put_that_changes_a_tag(case: Case) -> None:
    case.server("one")
    case.azure.fabric.network.full.add(NORTH)
    for name in ("one", "another"):
        with pytest.raises(ResourceExistsError, match="SkuNotAvailable"):
            case.server(name)


def a_deleted_vault_keeps_its_name(case: Case) -> None:
    vaults, name = case.make(KeyVaultManagementClient).vaults, f"kv-{case.stem}"
    properties = {
        "tenantId": case.azure.world.login.tenant, "sku": {"name": "standard", "family": "A"},
        "enablePurgeProtection": True, "accessPolicies": [],
    }  # fmt: skip
    body = {"location": NORTH, "properties": properties}
    vaults.begin_create_or_update(case.group, name, body).result()
    vaults.delete(case.group, name)
    with pytest.raises(ResourceExistsError, match="deleted state"):
        vaults.begin_create_or_update(case.group, name, body)
    with pytest.raises(ResourceExistsError, match="protected from being purged"):
        vaults.begin_purge_deleted(name, NORTH)


def a_swap_is_invisible_and_a_put_takes_it_back(case: Case) -> None:
    client = case.make(WebSiteManagementClient)
    farm = {"location": NORTH, "sku": {"name": "P1v3"}, "properties": {}}
    farm_id = client.app_service_plans.begin_create_or_update(case.group, f"farm-{case.stem}", farm).result().id

    def app(version: str) -> dict[str, Any]:
        config = {"linuxFxVersion": version, "appSettings": [{"name": "DR_X", "value": version}]}
        return {"location": NORTH, "properties": {"serverFarmId": farm_id, "siteConfig": config}}

    def runs() -> str:
        return str(client.web_apps.get_configuration(case.group, name).properties.linux_fx_version)

    name = f"app-{case.stem}"
    client.web_apps.begin_create_or_update(case.group, name, app("v1")).result()
    client.web_apps.begin_create_or_update_slot(case.group, name, "staging", app("v2")).result()
    client.web_apps.begin_swap_slot_with_production(
        case.group, name, {"targetSlot": "staging", "preserveVnet": True}
    ).result()
    assert runs() == "v2"
    assert client.web_apps.get(case.group, name).properties.site_config is None
    client.web_apps.begin_create_or_update(case.group, name, app("v1")).result()
    assert runs() == "v1"


def the_service_says_primary_where_nobody_asked(case: Case) -> None:
    """A field that nobody set, and that a program which declares None would set again and again."""
    found = case.server("one").properties
    assert (found.replication_role, found.replica.role) == ("Primary", "Primary")


def a_lock_stops_the_runbook_itself(case: Case) -> None:
    first, replica = case.pair()
    lock = f"{first.id}/providers/Microsoft.Authorization/locks/keep"
    manager = case.azure.plane.manager
    kind = manager.kinds["microsoft.authorization/locks"]
    record = _record(lock, "CanNotDelete")
    kind.store.keep(record)
    with pytest.raises(ResourceExistsError, match="ScopeLocked"):
        case.servers.begin_delete(case.group, first.name)
    kind.store.keep(_record(lock, "ReadOnly"))
    with pytest.raises(ResourceExistsError, match="ScopeLocked"):
        case.servers.begin_restart(case.group, first.name)
    kind.store.forget(record.id)
    assert case.promote(replica).properties.source_server_resource_id is None


def _record(lock: str, level: str) -> Any:
    return Record(parse(lock), {"properties": {"level": level}})


def a_geo_restore_lands_in_the_paired_region_alone(case: Case) -> None:
    first = case.server("one", backup={"geoRedundantBackup": "Enabled", "backupRetentionDays": 7})
    with pytest.raises(HttpResponseError, match="paired region westeurope"):
        case.server("elsewhere", "swedencentral", createMode="GeoRestore", sourceServerResourceId=first.id)
    case.server("there", WEST, createMode="GeoRestore", sourceServerResourceId=first.id)


def a_planned_promotion_needs_a_primary_that_answers(case: Case) -> None:
    """Only Forced goes on without one; the group is that of a region that is there."""
    groups = case.make(ResourceManagementClient).resource_groups
    groups.create_or_update(f"west-{case.stem}", {"location": WEST})
    first = case.server("one")
    case.group = f"west-{case.stem}"
    replica = case.server("two", WEST, createMode="Replica", sourceServerResourceId=first.id)
    case.azure.fabric.network.control_down.add(NORTH)
    with pytest.raises(ResourceExistsError, match="not ready"):
        case.promote(replica)
    assert case.promote(replica, option="Forced").properties.source_server_resource_id is None


def a_sick_copy_of_a_registry_is_not_passed_over(case: Case) -> None:
    """A copy whose region is lost is; for one that is sick, somebody has to take its region out."""
    client, name = case.make(ContainerRegistryManagementClient), f"acr{case.stem}"
    client.registries.begin_create(case.group, name, {"location": WEST, "sku": {"name": "Premium"}}).result()
    client.replications.begin_create(case.group, name, NORTH, {"location": NORTH}).result()
    images = ContainerRegistryClient(f"https://{name}.azurecr.io", DefaultAzureCredential(), retry_total=0)
    case.azure.world.context.one(ImageStore).sick.add((name, WEST))
    with pytest.raises(HttpResponseError, match="unavailable"):
        list(images.list_repository_names())
    client.replications.begin_update(case.group, name, WEST, {"properties": {"regionEndpointEnabled": False}}).result()
    assert list(images.list_repository_names()) == []
    client.replications.begin_update(case.group, name, WEST, {"properties": {"regionEndpointEnabled": True}}).result()
    case.azure.fabric.network.down.add(WEST)
    assert list(images.list_repository_names()) == []


TRAPS = (
    the_origin_is_gone_after_a_promotion,
    the_virtual_endpoint_moves_to_the_new_primary,
    a_promotion_that_stays_in_the_program_acts_once,
    a_put_of_a_replica_needs_its_source,
    a_promoted_server_lacks_standby_backup_and_firewall,
    a_nested_property_of_creation_fails_in_the_middle_of_an_update,
    one_group_in_the_lost_region_blocks_what_lives_on,
    traffic_cannot_be_edited_while_the_global_control_plane_is_frozen,
    a_put_of_a_profile_deletes_endpoints_of_their_own,
    no_capacity_stops_even_a_put_that_changes_a_tag,
    a_deleted_vault_keeps_its_name,
    a_swap_is_invisible_and_a_put_takes_it_back,
    the_service_says_primary_where_nobody_asked,
    a_lock_stops_the_runbook_itself,
    a_geo_restore_lands_in_the_paired_region_alone,
    a_planned_promotion_needs_a_primary_that_answers,
    a_sick_copy_of_a_registry_is_not_passed_over,
)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_the_sandbox_has_the_trap(trap: Callable[[Case], None], case: Case) -> None:
    trap(case)
