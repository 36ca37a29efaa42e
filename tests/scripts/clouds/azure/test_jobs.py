"""A command that runs once where a web app runs: in a container group of its own, with what the app is told."""

from datetime import timedelta
from typing import Any

import pytest

from model import names
from model.clouds import azure as azure_names
from scripts.clouds.azure.jobs import ENDS_TAG, KEPT, TAG
from scripts.clouds.azure.jobs import KIND as JOBS
from scripts.clouds.azure.web_app import KIND as APPS
from scripts.clouds.azure.web_app import WebApp, WebApps
from scripts.clouds.protocol import ServiceFeature
from scripts.core.errors import CloudFailed
from scripts.core.moments import now
from tests.scripts.clouds.azure.conftest import Azure

SITE, REGION = "primary", "northeurope"
IMAGE = "azuresmallimages.azurecr.io/azure-small-web:7"
COMMAND, SECONDS = ("manage", "sql", "SELECT 1"), 5.0


def declared(azure: Azure, *, migrates: bool = True) -> None:
    """A network, and an app with an identity, as its stack declares them."""
    group = f"{azure.group(SITE)}/providers"
    azure.lay_network(SITE)
    farm, identity = f"{group}/Microsoft.Web/serverfarms/f", f"{group}/Microsoft.ManagedIdentity/userAssignedIdentities"
    azure.arm.put(farm, {"location": REGION, "sku": {"name": "P0v3", "capacity": 1}})
    apps = {"web": "serving", f"{names.MIGRATOR}web": "migrating"} if migrates else {"web": "serving"}
    for service, login in apps.items():
        azure.arm.put(f"{identity}/{service}", {"location": REGION})
        azure.arm.put(
            f"{group}/{APPS}/{azure_names.app(azure.plan, SITE, service)}",
            {
                "location": REGION,
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{identity}/{service}": {}}},
                "properties": {
                    "serverFarmId": farm,
                    "siteConfig": {
                        "linuxFxVersion": f"DOCKER|{IMAGE}",
                        "appSettings": [{"name": "DR_STORE_CORE_PASSWORD", "value": login}],
                    },
                },
            },
        )


@pytest.fixture
def web(azure: Azure) -> WebApp:
    declared(azure)
    return WebApps(azure.driver.session, azure.plan, SITE).service("web")


def jobs(azure: Azure) -> dict[str, Any]:
    return {str(each["name"]): each for each in azure.arm.list(f"{azure.group(SITE)}/providers/{JOBS}")}


def test_it_has_what_the_service_has(web: WebApp, azure: Azure) -> None:
    assert ServiceFeature.RUN_ONCE in web.features
    azure.fabric.compute.ends["dr-check"] = (0, "1 row\n")
    ran = web.run_once("dr-check", COMMAND, SECONDS)
    assert (ran.exit_code, ran.said) == (0, "1 row\n")
    spec = azure.fabric.compute.started[-1]
    assert tuple(spec.command) == COMMAND
    assert spec.env["DR_STORE_CORE_PASSWORD"] == "serving"
    assert spec.env["DR_IMAGE"] == IMAGE
    assert spec.identity["AZURE_CLIENT_ID"]


def test_it_may_have_what_migrations_have_instead(web: WebApp, azure: Azure) -> None:
    azure.fabric.compute.ends["dr-migrate"] = (0, "")
    web.run_once("dr-migrate", COMMAND, SECONDS, login="migration")
    assert azure.fabric.compute.started[-1].env["DR_STORE_CORE_PASSWORD"] == "migrating"


def test_without_a_migration_there_is_no_such_login(azure: Azure) -> None:
    declared(azure, migrates=False)
    web = WebApps(azure.driver.session, azure.plan, SITE).service("web")
    with pytest.raises(CloudFailed, match="web has no migration whose login dr-x could have"):
        web.run_once("dr-x", COMMAND, SECONDS, login="migration")


def test_nobody_reads_a_password_from_it(web: WebApp, azure: Azure) -> None:
    azure.fabric.compute.ends["dr-check"] = (0, "")
    web.run_once("dr-check", COMMAND, SECONDS)
    assert "serving" not in str(jobs(azure))


def test_one_that_succeeded_is_not_run_again(web: WebApp, azure: Azure) -> None:
    azure.fabric.compute.ends["dr-once"] = (0, "done\n")
    for _ in range(2):
        assert web.run_once("dr-once", COMMAND, SECONDS).why_not_done(SECONDS) is None
    assert [each.name for each in azure.fabric.compute.started].count("dr-once") == 1


def test_one_that_failed_says_so_and_is_run_anew(web: WebApp, azure: Azure) -> None:
    azure.fabric.compute.ends["dr-again"] = (3, "no such column\n")
    assert web.run_once("dr-again", COMMAND, SECONDS).why_not_done(SECONDS) == "it ended with 3: no such column"
    azure.fabric.compute.ends["dr-again"] = (0, "")
    assert web.run_once("dr-again", COMMAND, SECONDS).exit_code == 0
    assert [each.name for each in azure.fabric.compute.started].count("dr-again") == 2


def test_one_that_hangs_is_ended(web: WebApp, azure: Azure) -> None:
    azure.fabric.compute.ends["dr-hangs"] = (None, "")
    ran = web.run_once("dr-hangs", ["manage"], 0.5)
    assert ran.exit_code is None
    assert jobs(azure)["dr-hangs"]["properties"]["instanceView"]["state"] == "Stopped"
    assert (REGION, f"group-azure-small-{SITE}", "dr-hangs") not in azure.fabric.compute.running


def test_those_of_long_ago_go_when_the_next_one_comes(web: WebApp, azure: Azure) -> None:
    azure.fabric.compute.ends |= {"dr-old": (0, ""), "dr-young": (0, ""), "dr-next": (0, "")}
    for name, age in (("dr-old", KEPT + timedelta(hours=1)), ("dr-young", KEPT - timedelta(hours=1))):
        web.run_once(name, COMMAND, SECONDS)
        tags = {TAG: "true", ENDS_TAG: f"{now() - age:%Y-%m-%dT%H:%M:%SZ}"}
        azure.arm.patch(f"{azure.group(SITE)}/providers/{JOBS}/{name}", {"tags": tags}, "ageing", wait=30)
    web.run_once("dr-next", COMMAND, SECONDS)
    assert set(jobs(azure)) == {"dr-young", "dr-next"}


def test_a_subnet_that_is_not_theirs_takes_none(web: WebApp, azure: Azure) -> None:
    network = f"{azure.group(SITE)}/providers/Microsoft.Network/virtualNetworks/azure-small-{SITE}"
    azure.arm.put(f"{network}/subnets/jobs", {"properties": {"addressPrefix": "10.10.1.0/24", "delegations": []}})
    with pytest.raises(CloudFailed, match="SubnetDelegationNotPresent"):
        web.run_once("dr-check", COMMAND, SECONDS)
