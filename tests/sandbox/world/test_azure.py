"""Azure over real parts: servers that switch over, apps that are swapped, and names that follow a claim."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.identity import DefaultAzureCredential
from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.trafficmanager import TrafficManagerManagementClient
from azure.mgmt.web import WebSiteManagementClient
from azure.storage.blob import ContainerClient
from dnslib import DNSRecord

from sandbox.client import World
from sandbox.dataplane.resolve import addresses
from tests.sandbox.clouds.azure.claims import claims_in
from tests.sandbox.clouds.azure.front_door import Made

pytestmark = pytest.mark.drill
NORTH, WEST = "northeurope", "westeurope"
SKU = {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}
PATIENCE_SECONDS = 40.0 * float(os.environ.get("DR_TEST_TIMEOUT_MULTIPLIER", "1"))
PROFILES = "Microsoft.Network/trafficManagerProfiles"


@dataclass
class Azure:
    world: World
    env: dict[str, str]
    credential: DefaultAzureCredential

    def client(self, kind: Any) -> Any:
        return kind(self.credential, self.env["AZURE_SUBSCRIPTION_ID"])

    def claims(self, account: str) -> ContainerClient:
        return claims_in(self.client(StorageManagementClient), f"rg-{WEST}", account, WEST, self.credential)


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    world = World.up(tmp_path_factory.mktemp("azure") / "world", plan="celora")
    try:
        env = world.env("celora-prod")
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AZURE_")]:
                patch.delenv(name)
            for name, value in env.items():
                patch.setenv(name, value)
            made = Azure(world, env, DefaultAzureCredential())
            groups = made.client(ResourceManagementClient).resource_groups
            for region in (NORTH, WEST):
                groups.create_or_update(f"rg-{region}", {"location": region})
            yield made
    finally:
        world.down()


def until(look: Callable[[], Any], what: str) -> Any:
    deadline, seen = time.monotonic() + PATIENCE_SECONDS, None
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            seen = look()
            if seen:
                return seen
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come: {seen}")


@contextlib.contextmanager
def connected(azure: Azure, server: str, database: str) -> Iterator[psycopg.Connection[Any]]:
    """Past the network, straight to the server."""
    where = azure.world.admin_dsn(server).rpartition("/")[0]
    with psycopg.connect(f"{where}/{database}", autocommit=True) as connection:
        yield connection


def test_a_server_and_its_replica_switch_over_and_back_with_every_row(azure: Azure) -> None:
    client = azure.client(PostgreSQLManagementClient)
    body = {
        "location": NORTH,
        "sku": SKU,
        "properties": {
            "administratorLogin": "dr", "administratorLoginPassword": "not-Real-1", "version": "16",
            "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Enabled"},
            "highAvailability": {"mode": "ZoneRedundant"},
        },
    }  # fmt: skip
    first = client.servers.begin_create_or_update(f"rg-{NORTH}", "pg-one", body).result()
    client.databases.begin_create(f"rg-{NORTH}", "pg-one", "core", {"properties": {}}).result()
    copy = {
        "location": WEST,
        "sku": SKU,
        "properties": {"createMode": "Replica", "sourceServerResourceId": first.id},
    }
    client.servers.begin_create_or_update(f"rg-{WEST}", "pg-two", copy).result()
    with connected(azure, "pg-one", "core") as connection:
        connection.execute("CREATE TABLE t (a int)")
        connection.execute("INSERT INTO t VALUES (1)")

    def promote(group: str, server: str, mode: str) -> Any:
        wanted = {"properties": {"replica": {"promoteMode": mode, "promoteOption": "Planned"}}}
        return client.servers.begin_update(group, server, wanted).result()

    with pytest.raises(HttpResponseError, match="virtual endpoint"):
        promote(f"rg-{WEST}", "pg-two", "Switchover")
    endpoint = {"properties": {"endpointType": "ReadWrite", "members": ["pg-one", "pg-two"]}}
    client.virtual_endpoints.begin_create(f"rg-{NORTH}", "pg-one", "core", endpoint).result()
    promoted = promote(f"rg-{WEST}", "pg-two", "Switchover").properties
    assert (promoted.source_server_resource_id, promoted.replica.role) == (None, "Primary")
    assert (promoted.high_availability.mode, promoted.backup.geo_redundant_backup) == ("Disabled", "Disabled")
    old = client.servers.get(f"rg-{NORTH}", "pg-one").properties
    assert old.source_server_resource_id.endswith("/pg-two")
    assert [each.name for each in client.virtual_endpoints.list_by_server(f"rg-{WEST}", "pg-two")] == ["core"]
    assert list(client.virtual_endpoints.list_by_server(f"rg-{NORTH}", "pg-one")) == []
    with connected(azure, "pg-two", "core") as connection:
        connection.execute("INSERT INTO t VALUES (2)")
    promote(f"rg-{NORTH}", "pg-one", "Switchover")
    with connected(azure, "pg-one", "core") as connection:
        assert connection.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,)]
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
    with connected(azure, "pg-two", "core") as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("INSERT INTO t VALUES (3)")

    wanted = {"properties": {"highAvailability": {"mode": "ZoneRedundant"}}}
    client.servers.begin_update(f"rg-{NORTH}", "pg-one", wanted).result()
    until(
        lambda: client.servers.get(f"rg-{NORTH}", "pg-one").properties.high_availability.state == "Healthy",
        "the standby",
    )
    forced = {"restartWithFailover": True, "failoverMode": "ForcedFailover"}
    client.servers.begin_restart(f"rg-{NORTH}", "pg-one", forced).result()
    with connected(azure, "pg-one", "core") as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
    setting = {"properties": {"value": "8192", "source": "user-override"}}
    client.configurations.begin_put(f"rg-{NORTH}", "pg-one", "work_mem", setting).result()
    with connected(azure, "pg-one", "core") as connection:
        assert until(lambda: connection.execute("SHOW work_mem").fetchone() == ("8MB",), "the parameter")


def ask(azure: Azure, host: str, path: str = "/health") -> tuple[int, str]:
    """One request over TLS, as a client outside sends it."""
    trusted = ssl.create_default_context(cafile=azure.env["DR_CA_FILE"])
    where = addresses(host, server=azure.env["DR_RESOLVER"])[0][0], int(azure.env["DR_HTTPS_PORT"])
    connection = http.client.HTTPSConnection(*where, context=trusted, timeout=3)
    connection.sock = trusted.wrap_socket(socket.create_connection(where, 3), server_hostname=host)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_an_app_and_its_slot_are_swapped_stopped_and_started(azure: Azure) -> None:
    client, group, host = azure.client(WebSiteManagementClient), f"rg-{NORTH}", "dr-web.azurewebsites.net"
    farm = {"location": NORTH, "sku": {"name": "P1v3", "capacity": 2}, "properties": {"perSiteScaling": True}}
    farm_id = client.app_service_plans.begin_create_or_update(group, "farm", farm).result().id

    def app(version: str, command: str = "app") -> dict[str, Any]:
        settings = [{"name": "SERVICE", "value": "web"}, {"name": "DR_SITE", "value": version}]
        config = {"linuxFxVersion": f"DOCKER|x:{version}", "appCommandLine": command, "appSettings": settings}
        return {"location": NORTH, "properties": {"serverFarmId": farm_id, "httpsOnly": True, "siteConfig": config}}

    client.web_apps.begin_create_or_update(group, "dr-web", app("v1")).result()
    client.web_apps.begin_create_or_update_slot(group, "dr-web", "staging", app("v2")).result()
    until(lambda: '"v1"' in ask(azure, host)[1], "the app")
    until(lambda: '"v2"' in ask(azure, "dr-web-staging.azurewebsites.net")[1], "the slot")
    swap = {"targetSlot": "staging", "preserveVnet": True}
    client.web_apps.begin_swap_slot_with_production(group, "dr-web", swap).result()
    until(lambda: '"v2"' in ask(azure, host)[1], "the other version")
    assert client.web_apps.get_configuration(group, "dr-web").properties.linux_fx_version == "DOCKER|x:v2"
    client.web_apps.stop(group, "dr-web")
    until(lambda: ask(azure, host)[0] == 403, "that it is stopped")
    client.web_apps.start(group, "dr-web")
    until(lambda: ask(azure, host)[0] == 200, "that it is started")
    assert ask(azure, host, "/nowhere")[0] == 404


def test_a_name_follows_a_claim_that_is_laid_down_and_taken_back(azure: Azure) -> None:
    """Nothing is changed in the profiles: the claim is a blob, and the probes of Traffic Manager find it."""
    traffic, group = azure.client(TrafficManagerManagementClient), f"rg-{WEST}"
    claims = azure.claims("stclaims")
    monitor = {
        "protocol": "HTTPS", "port": 443, "path": "/claims/active", "intervalInSeconds": 10, "timeoutInSeconds": 5,
        "toleratedNumberOfFailures": 2,
    }  # fmt: skip

    def profile(name: str, endpoints: list[dict[str, Any]]) -> Any:
        properties = {
            "trafficRoutingMethod": "Priority", "dnsConfig": {"relativeName": name, "ttl": 1},
            "monitorConfig": monitor, "endpoints": endpoints,
        }  # fmt: skip
        return traffic.profiles.create_or_update(group, name, {"location": "global", "properties": properties})

    def endpoint(kind: str, name: str, **properties: Any) -> dict[str, Any]:
        return {"name": name, "type": f"{PROFILES}/{kind}", "properties": properties}

    second = profile(
        "tm-second",
        [
            endpoint("externalEndpoints", "app", target="second.example", priority=1, alwaysServe="Enabled"),
            endpoint("externalEndpoints", "claim", target="stclaims.blob.core.windows.net", priority=2),
        ],
    )
    profile(
        "tm-top",
        [
            endpoint("nestedEndpoints", "second", targetResourceId=second.id, priority=1, minChildEndpoints=2),
            endpoint("externalEndpoints", "first", target="first.example", priority=2, alwaysServe="Enabled"),
        ],
    )

    def answer() -> str:
        host, _, port = azure.env["DR_RESOLVER"].partition(":")
        said = DNSRecord.parse(
            DNSRecord.question("tm-top.trafficmanager.net", "CNAME").send(host, int(port), timeout=3)
        )
        return str(said.rr[0].rdata)

    until(lambda: answer() == "first.example.", "the first site")
    claim = claims.upload_blob("active", b"{}")
    until(lambda: answer() == "second.example.", "the second site")
    claim.delete_blob()
    until(lambda: answer() == "first.example.", "the first site again")


@dataclass
class Entrance:
    """Two apps in two regions, Front Door before them, and Traffic Manager around it; the second app has a claim."""

    azure: Azure
    name: str
    claims: Any

    def served(self) -> tuple[str, bool]:
        """Which site answers, if one does, and whether through Front Door."""
        _, told = ask(self.azure, self.name, "/health/traffic")
        where = addresses(self.name, server=self.azure.env["DR_RESOLVER"])[0][0]
        site = json.loads(told)["site"] if told.startswith("{") else ""
        return site, where.startswith("127.10.")


@pytest.fixture
def entrance(azure: Azure) -> Entrance:
    groups = azure.client(ResourceManagementClient).resource_groups
    groups.create_or_update("rg-global", {"location": "swedencentral"})
    web, claims = azure.client(WebSiteManagementClient), azure.claims("stedge")
    name, claim = "tm-edge.trafficmanager.net", "https://stedge.blob.core.windows.net/claims/active"
    for site, region, told in (("one", NORTH, {}), ("two", WEST, {"DR_CLAIM_URL": claim})):
        group, farm = f"rg-{region}", {"location": region, "sku": {"name": "P1v3"}, "properties": {}}
        farm_id = web.app_service_plans.begin_create_or_update(group, f"edge-{site}", farm).result().id
        settings = {"SERVICE": "web", "DR_SITE": site, **told}
        config = {
            "linuxFxVersion": "DOCKER|x:v1", "appCommandLine": "app",
            "appSettings": [{"name": key, "value": value} for key, value in settings.items()],
        }  # fmt: skip
        app = {"location": region, "properties": {"serverFarmId": farm_id, "httpsOnly": True, "siteConfig": config}}
        web.web_apps.begin_create_or_update(group, f"edge-{site}", app).result()
        binding = {"properties": {"sslState": "SniEnabled"}}
        web.web_apps.create_or_update_host_name_binding(group, f"edge-{site}", name, binding)
    door = Made(azure.client, "rg-global")
    door.make_profile()
    host = door.part("afdEndpoints/fd").properties["hostName"]
    door.add_group(path="/health/traffic")
    for priority, site in ((2, "one"), (1, "two")):
        door.origin(site, priority, host=f"edge-{site}.azurewebsites.net", header=name)
    certificate = door.add_certificate()
    tls = {"certificateType": "CustomerCertificate", "secret": {"id": certificate.id}}
    domain = door.part("customDomains/edge", hostName=name, tlsSettings=tls)
    proof = door.get("customDomains/edge")["validationProperties"]["validationToken"]
    zone = f"{door.groups}/Microsoft.Network/dnsZones/trafficmanager.net"
    door.put(zone, {}, version="2018-05-01", location="global")
    door.put(f"{zone}/TXT/_dnsauth.tm-edge", {"TTL": 60, "TXTRecords": [{"value": [proof]}]}, version="2018-05-01")
    door.add_route(domain.id)
    profiles = azure.client(TrafficManagerManagementClient).profiles

    def profile(called: str, path: str, *endpoints: tuple[str, str, dict[str, Any]]) -> Any:
        monitor = {
            "protocol": "HTTPS", "port": 443, "path": path, "intervalInSeconds": 10, "timeoutInSeconds": 5,
            "toleratedNumberOfFailures": 1,
        }  # fmt: skip
        listed = [
            {"name": each, "type": f"{PROFILES}/{kind}", "properties": {**given, "priority": priority}}
            for priority, (kind, each, given) in enumerate(endpoints, start=1)
        ]
        properties = {
            "trafficRoutingMethod": "Priority", "dnsConfig": {"relativeName": called, "ttl": 1},
            "monitorConfig": monitor, "endpoints": listed,
        }  # fmt: skip
        return profiles.create_or_update("rg-global", called, {"location": "global", "properties": properties})

    def served(site: str) -> dict[str, Any]:
        return {"target": f"edge-{site}.azurewebsites.net", "alwaysServe": "Enabled"}

    second = profile(
        "tm-edge-two", "/claims/active",
        ("externalEndpoints", "app", served("two")),
        ("externalEndpoints", "claim", {"target": "stedge.blob.core.windows.net"}),
    )  # fmt: skip
    profile(
        "tm-edge", "/health/traffic",
        ("externalEndpoints", "front-door", {"target": host}),
        ("nestedEndpoints", "two", {"targetResourceId": second.id, "minChildEndpoints": 2}),
        ("externalEndpoints", "one", served("one")),
    )  # fmt: skip
    return Entrance(azure, name, claims)


def test_clients_are_led_past_front_door_while_it_is_out_and_nothing_is_edited(
    azure: Azure, entrance: Entrance
) -> None:
    until(lambda: entrance.served() == ("one", True), "the first site through Front Door")
    azure.world.break_("frozen")
    try:
        claim = entrance.claims.upload_blob("active", b"{}")
        until(lambda: entrance.served() == ("two", True), "the second site, which claims, through Front Door")
        azure.world.break_("front-door")
        until(lambda: entrance.served() == ("two", False), "the second site directly")
        claim.delete_blob()
        until(lambda: entrance.served() == ("one", False), "the first site directly")
        azure.world.heal("front-door")
        until(lambda: entrance.served() == ("one", True), "the first site through Front Door again")
        azure.world.break_("region", region=NORTH)
        entrance.claims.upload_blob("active", b"{}")
        until(lambda: entrance.served()[0] == "two", "the second site after the first region is lost")
        until(lambda: entrance.served() == ("two", True), "the same through Front Door")
    finally:
        azure.world.heal()


def test_a_lost_region_is_not_managed_and_a_name_is_taken_for_everybody(azure: Azure) -> None:
    client = azure.client(StorageManagementClient)
    account = {"location": WEST, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    client.storage_accounts.begin_create(f"rg-{WEST}", "sttaken", account).result()
    with pytest.raises(ResourceExistsError, match="already taken"):
        client.storage_accounts.begin_create(f"rg-{NORTH}", "sttaken", {**account, "location": NORTH})
    azure.world.break_("region", region=WEST)
    try:
        quick = StorageManagementClient(azure.credential, azure.env["AZURE_SUBSCRIPTION_ID"], retry_total=0)
        with pytest.raises(HttpResponseError) as refused:
            quick.storage_accounts.get_properties(f"rg-{WEST}", "sttaken")
        assert refused.value.status_code == 504
    finally:
        azure.world.heal("region", region=WEST)
