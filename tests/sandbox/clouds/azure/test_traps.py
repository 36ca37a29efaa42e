"""
What has surprised people who recovered on Azure, each reproduced: the small world is no kinder than the cloud.

The traps are those that issue trackers tell of most often: what a promotion drops, what an update takes away, what a
lock, a name, a group or a freeze forbids.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.identity import DefaultAzureCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.trafficmanager import TrafficManagerManagementClient
from azure.mgmt.web import WebSiteManagementClient
from azure.storage.blob import BlobServiceClient

from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.images import ImageStore
from sandbox.clouds.azure.kind import Record
from scripts.core.waiting import wait_until
from tests.sandbox.clouds.azure.conftest import NORTH, SUBSCRIPTION, WEST, Azure
from tests.sandbox.clouds.azure.front_door import Made

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
    azure.fabric.network.cut.clear()
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


def a_storage_failover_leaves_local_redundancy_and_loses_what_was_not_synced(case: Case) -> None:
    """The location stays what it was, so nothing shows where the blobs are; the next update asks for the old sku."""
    client, name = case.make(StorageManagementClient), f"geo{case.stem}"
    groups = case.make(ResourceManagementClient).resource_groups
    groups.create_or_update(f"west-{case.stem}", {"location": WEST})
    case.group = f"west-{case.stem}"
    body = {"location": NORTH, "kind": "StorageV2", "sku": {"name": "Standard_GRS"}}
    client.storage_accounts.begin_create(case.group, name, body).result()
    service = BlobServiceClient(f"https://{name}.blob.core.windows.net", DefaultAzureCredential(), retry_total=0)
    container = service.create_container("things")

    def synced() -> Any:
        shown = client.storage_accounts.get_properties(case.group, name, expand="geoReplicationStats")
        return shown.geo_replication_stats.last_sync_time

    written = container.upload_blob("early", b"1").get_blob_properties().last_modified
    wait_until(lambda: synced() > written, seconds=30, what="the copy in the pair")
    case.azure.fabric.network.cut.add((NORTH, WEST))
    container.upload_blob("late", b"2")
    case.azure.fabric.network.down.add(NORTH)
    client.storage_accounts.begin_failover(case.group, name, failover_type=None).result()
    found = client.storage_accounts.get_properties(case.group, name)
    assert (found.sku.name, found.location, found.primary_location) == ("Standard_LRS", NORTH, WEST)
    assert [each.name for each in container.list_blobs()] == ["early"]


def an_account_with_object_replication_cannot_be_failed_over(case: Case) -> None:
    client, names = case.make(StorageManagementClient), (f"one{case.stem}", f"two{case.stem}")
    accounts = []
    for name, location in zip(names, (NORTH, WEST), strict=True):
        body = {"location": location, "kind": "StorageV2", "sku": {"name": "Standard_GRS"}}
        accounts.append(client.storage_accounts.begin_create(case.group, name, body).result().id)
        kept = {"properties": {"isVersioningEnabled": True, "changeFeed": {"enabled": True}}}
        client.blob_services.set_service_properties(case.group, name, kept)
        client.blob_containers.create(case.group, name, "things", {})
    rules = [{"sourceContainer": "things", "destinationContainer": "things"}]
    policy = {"properties": {"sourceAccount": accounts[0], "destinationAccount": accounts[1], "rules": rules}}
    client.object_replication_policies.create_or_update(case.group, names[1], "default", policy)
    with pytest.raises(ResourceExistsError, match="not supported for the source or destination"):
        client.storage_accounts.begin_failover(case.group, names[1]).result()


def a_cache_in_a_group_of_replicas_is_refused(case: Case) -> None:
    """Azure Cache for Redis, whose linked servers these were, cannot be made any more; its successor has groups."""
    resources = case.make(ResourceManagementClient).resources
    cache = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{case.group}/providers/Microsoft.Cache"

    def put(below: str, version: str, **body: Any) -> Any:
        return resources.begin_create_or_update_by_id(f"{cache}/{below}", body, api_version=version).result()

    with pytest.raises(HttpResponseError, match="InvalidResourceType"):
        put("redis/old", "2024-11-01", location=NORTH, properties={})
    name = f"redisEnterprise/new{case.stem}"
    put(name, "2025-07-01", location=NORTH, sku={"name": "Balanced_B1"}, properties={"publicNetworkAccess": "Enabled"})
    group = {"groupNickname": "both", "linkedDatabases": [{"id": f"{cache}/{name}/databases/default"}]}
    with pytest.raises(HttpResponseError, match="active geo-replication"):
        put(f"{name}/databases/default", "2025-07-01", properties={"geoReplication": group})


def the_last_enabled_origin_stays_and_names_go_in_their_order(case: Case) -> None:
    door = Made(case.make, case.group)
    door.make_profile()
    door.part("afdEndpoints/fd")
    door.add_group()
    with pytest.raises(HttpResponseError, match="at least one enabled endpoint"):
        door.add_route()
    door.origin("one")
    door.origin("two", 2, "Disabled")
    certificate = door.add_certificate()
    tls = {"certificateType": "CustomerCertificate", "secret": {"id": certificate.id}}
    domain = door.part("customDomains/shop", hostName=f"{case.stem}.example.com", tlsSettings=tls)
    door.add_route(domain.id)
    for change in (lambda: door.origin("one", state="Disabled"), lambda: door.delete("originGroups/sites/origins/one")):
        with pytest.raises(ResourceExistsError, match="last origin"):
            change()
    door.origin("two", 2)
    door.origin("one", state="Disabled")
    for kept in ("originGroups/sites", "customDomains/shop", "secrets/certificate"):
        with pytest.raises(ResourceExistsError, match="still"):
            door.delete(kept)
    for gone in ("afdEndpoints/fd/routes/all", "customDomains/shop", "secrets/certificate", "originGroups/sites"):
        door.delete(gone)


def a_put_of_a_group_of_origins_takes_its_probes_away(case: Case) -> None:
    door = Made(case.make, case.group)
    door.make_profile()
    assert door.add_group().properties["healthProbeSettings"]["probePath"] == "/claims/active"
    door.part("originGroups/sites", loadBalancingSettings={"sampleSize": 2, "successfulSamplesRequired": 1})
    assert "healthProbeSettings" not in door.get("originGroups/sites")


def front_door_cannot_be_edited_while_the_global_control_plane_is_frozen(case: Case) -> None:
    door = Made(case.make, case.group)
    door.make_profile()
    door.add_group()
    case.azure.fabric.network.frozen = True
    with pytest.raises(HttpResponseError, match="blocked"):
        door.origin("one")


@dataclass(frozen=True)
class Trap:
    """
    `shown` are the cases above that reproduce it, and `survived` names the test (file::name) in which what is ours goes
    through it. `not_here` says why there is none of them.
    """

    says: str
    shown: tuple[Callable[[Case], None], ...] = ()
    survived: str = ""
    not_here: str = ""


COMPONENTS, DRIVERS = "tests/components/azure", "tests/scripts/clouds/azure"
COSMOS = "no document database stands in Azure yet"
TRAPS = {
    1: Trap(
        "after a promotion the next update replaces the database",
        (the_origin_is_gone_after_a_promotion,),
        f"{COMPONENTS}/test_site.py::test_a_promoted_database_gets_its_standby_and_says_no_more_what_it_followed",
    ),
    2: Trap(
        "a virtual endpoint moves to the new primary",
        (the_virtual_endpoint_moves_to_the_new_primary,),
        f"{DRIVERS}/test_flexible_server.py::test_a_replica_is_promoted_once",
    ),
    3: Trap("priorities of Cosmos DB are changed in an outage", not_here=COSMOS),
    4: Trap(
        "a promotion that a program declares acts once, and a PUT of a replica needs its source",
        (a_promotion_that_stays_in_the_program_acts_once, a_put_of_a_replica_needs_its_source),
        f"{DRIVERS}/test_flexible_server.py::test_a_replica_is_promoted_once",
    ),
    5: Trap(
        "a promoted server lacks standby, geo-redundant backup, history and firewall",
        (a_promoted_server_lacks_standby_backup_and_firewall,),
        f"{DRIVERS}/test_flexible_server.py::test_a_promoted_one_says_that_its_backups_go_nowhere",
    ),
    6: Trap(
        "a nested property of creation previews as an update and fails in the middle of one",
        (a_nested_property_of_creation_fails_in_the_middle_of_an_update,),
        f"{COMPONENTS}/test_site.py::test_the_old_copy_is_kept_as_it_was_until_it_is_dropped",
    ),
    7: Trap(
        "a resource group in the lost region blocks what lives on",
        (one_group_in_the_lost_region_blocks_what_lives_on,),
        f"{COMPONENTS}/test_site.py::test_each_site_has_a_group_in_its_own_region",
    ),
    8: Trap(
        "a failover edits Front Door or Traffic Manager while that is frozen",
        (
            traffic_cannot_be_edited_while_the_global_control_plane_is_frozen,
            front_door_cannot_be_edited_while_the_global_control_plane_is_frozen,
        ),
        f"{COMPONENTS}/test_front_door.py::test_no_move_changes_anything_of_it",
    ),
    9: Trap(
        "a PUT of a profile deletes endpoints that were made as resources of their own",
        (a_put_of_a_profile_deletes_endpoints_of_their_own,),
        f"{COMPONENTS}/test_site.py::test_the_switch_prefers_whoever_claims_and_falls_back_to_the_first_site",
    ),
    10: Trap(
        "no capacity stops an unrelated PUT too",
        (no_capacity_stops_even_a_put_that_changes_a_tag,),
        f"{COMPONENTS}/test_site.py::test_a_move_deletes_and_replaces_nothing",
    ),
    11: Trap(
        "the name of a deleted vault stays taken",
        (a_deleted_vault_keeps_its_name,),
        f"{DRIVERS}/test_objects_and_secrets.py"
        "::test_deleted_vaults_of_a_site_are_found_by_their_names_and_those_of_others_are_not",
    ),
    12: Trap(
        "a swap of slots is invisible to the program, and settings are not read back",
        (a_swap_is_invisible_and_a_put_takes_it_back,),
        f"{DRIVERS}/test_web_app.py::test_no_stack_deploys_what_swaps_exchange",
    ),
    13: Trap(
        "the last enabled origin cannot go, parts go in one order only, and probes are dropped",
        (
            the_last_enabled_origin_stays_and_names_go_in_their_order,
            a_put_of_a_group_of_origins_takes_its_probes_away,
        ),
        f"{COMPONENTS}/test_front_door.py::test_the_origins_are_the_apps_of_all_sites_and_the_last_claim_wins",
    ),
    14: Trap(
        "a storage account that failed over is locally redundant",
        (
            a_storage_failover_leaves_local_redundancy_and_loses_what_was_not_synced,
            an_account_with_object_replication_cannot_be_failed_over,
        ),
        f"{COMPONENTS}/test_objects.py::test_a_failover_changes_nothing_about_it",
    ),
    15: Trap("a list of Cosmos DB's regions that is edited makes or removes regions", not_here=COSMOS),
    16: Trap(
        "replicas of a cache exclude its persistence, and fail when they are made again",
        (a_cache_in_a_group_of_replicas_is_refused,),
        f"{COMPONENTS}/test_cache.py::test_each_site_that_runs_something_has_one_of_its_own",
    ),
    17: Trap(
        "a backup vault that keeps what it has blocks its own end", not_here="no backup vault stands in Azure yet"
    ),
    18: Trap(
        "the login server of a registry leads to a replica that is sick",
        (a_sick_copy_of_a_registry_is_not_passed_over,),
        f"{COMPONENTS}/test_site.py::test_the_registry_is_one_for_all_sites_in_the_group_of_the_witness",
    ),
    19: Trap(
        "the service returns fields that nobody set",
        (the_service_says_primary_where_nobody_asked,),
        "tests/kinds/test_life.py::test_no_stack_wants_to_change_it_back",
    ),
    20: Trap(
        "a lock stops the runbook itself",
        (a_lock_stops_the_runbook_itself,),
        f"{DRIVERS}/test_flexible_server.py::test_a_lock_keeps_it_until_it_is_discarded",
    ),
}
"""The twenty that cost most, by their rank: damage times how often they are told of."""
BESIDE = (a_geo_restore_lands_in_the_paired_region_alone, a_planned_promotion_needs_a_primary_that_answers)
CASES = (*(case for trap in TRAPS.values() for case in trap.shown), *BESIDE)


@pytest.mark.parametrize("trap", CASES, ids=lambda trap: trap.__name__)
def test_the_sandbox_has_the_trap(trap: Callable[[Case], None], case: Case) -> None:
    trap(case)


@pytest.mark.parametrize("rank", range(1, 21))
def test_every_trap_is_reproduced_and_survived_or_says_why_it_is_not_here(rank: int) -> None:
    trap = TRAPS[rank]
    assert bool(trap.shown) == bool(trap.survived) != bool(trap.not_here)
    if trap.survived:
        file, _, name = trap.survived.partition("::")
        assert f"def {name}(" in Path(file).read_text(encoding="utf-8")
