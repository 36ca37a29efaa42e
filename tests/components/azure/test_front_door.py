"""What a global front door declares: origins by their claims inside, and the way past it outside."""

from functools import cache
from typing import Any

import pulumi
import pytest

from model import Topology, load_plan
from model.site_records import FrontDoor, SiteRecord
from model.topology import after_cold_activation
from tests.components.declared import Declared, config_of, of_type, run

PLAN = load_plan("celora")
APPS = {site.name: f"celora-{site.name}-webapp.azurewebsites.net" for site in PLAN.sites}
RECORDS = {site: SiteRecord(front_door=FrontDoor(name=app, zone="")) for site, app in APPS.items()}
INITIAL = Topology.initial(PLAN)
CERTIFICATE = "/subscriptions/s/resourceGroups/certs/providers/Microsoft.KeyVault/vaults/ours/secrets/app"


@cache
def seen(stack: str, *, active: str = "primary", certificate: str = CERTIFICATE) -> dict[str, Declared]:
    topology = INITIAL if active == "primary" else after_cold_activation(INITIAL, PLAN, active, {"core": "a backup"})
    return run(stack, config_of(topology, RECORDS, plan="celora", certificateArn=certificate)).seen


def traffic(kind: str) -> list[dict[str, Any]]:
    return [dict(each.inputs) for each in of_type(seen("celora-traffic"), kind)]


def test_the_origins_are_the_apps_of_all_sites_and_the_last_claim_wins() -> None:
    origins = sorted(traffic("AFDOrigin"), key=lambda it: it["priority"])
    assert [(it["originName"], it["hostName"]) for it in origins] == [*reversed(APPS.items())]
    assert [it["priority"] for it in origins] == [1, 2, 3]
    assert {it["originHostHeader"] for it in origins} == {"app.celora.com"}
    assert {it["enabledState"] for it in origins} == {"Enabled"}
    (group,) = traffic("AFDOriginGroup")
    assert group["healthProbeSettings"]["probePath"] == "/health/traffic"
    assert group["healthProbeSettings"]["probeIntervalInSeconds"] == 10
    assert (group["loadBalancingSettings"]["sampleSize"], group["sessionAffinityState"]) == (3, "Disabled")


def test_the_switch_answers_with_it_first_and_else_with_the_sites_by_their_claims() -> None:
    profiles = {it["profileName"]: it for it in traffic("Profile") if "trafficRoutingMethod" in it}
    ordered = sorted(profiles["celora"]["endpoints"], key=lambda it: it["priority"])
    assert [it["name"] for it in ordered] == ["front-door", "tertiary", "secondary", "primary"]
    front = ordered[0]
    assert (front["target"], front["alwaysServe"]) == ("celora.z01.azurefd.net", "Disabled")
    assert profiles["celora"]["monitorConfig"]["path"] == "/health/traffic"
    assert profiles["celora-secondary"]["monitorConfig"]["path"] == "/claims/active"


def test_a_site_is_told_where_its_claim_is_and_the_first_one_is_not() -> None:
    told = {}
    for site in PLAN.sites:
        found = of_type(seen(site.stack, active="secondary"), "WebApp")
        apps = {it.inputs["name"]: it.inputs for it in found if it.custom}
        for name, app in apps.items():
            settings = {it["name"]: it["value"] for it in app["siteConfig"]["appSettings"]}
            told[name] = settings.get("DR_CLAIM_URL")
    assert told["celora-secondary-webapp"] == "https://celorasecondaryrecovery.blob.core.windows.net/claims/active"
    assert {name for name, url in told.items() if url} <= {"celora-secondary-webapp", "celora-tertiary-webapp"}


def test_the_record_is_served_with_the_owners_certificate_and_shown_to_be_ours() -> None:
    (domain,) = traffic("AFDCustomDomain")
    assert (domain["hostName"], domain["tlsSettings"]["certificateType"]) == ("app.celora.com", "CustomerCertificate")
    (source,) = [it["parameters"]["secretSource"]["id"] for it in traffic("Secret")]
    assert source == CERTIFICATE
    (role,) = traffic("RoleAssignment")
    assert role["scope"] == CERTIFICATE.partition("/secrets/")[0]
    (proof,) = [it for it in traffic("RecordSet") if it["recordType"] == "TXT"]
    assert (proof["relativeRecordSetName"], proof["txtRecords"]) == ("_dnsauth.app", [{"value": ["a token"]}])
    with pytest.raises(pulumi.RunError, match=r"config dr:certificateArn: there is none"):
        seen("celora-traffic", certificate="")


def test_premium_brings_a_firewall_that_blocks() -> None:
    (policy,) = traffic("Policy")
    assert (policy["sku"], policy["policySettings"]["mode"]) == ({"name": "Premium_AzureFrontDoor"}, "Prevention")
    (security,) = traffic("SecurityPolicy")
    (association,) = security["parameters"]["associations"]
    assert len(association["domains"]) == 2


def test_no_move_changes_anything_of_it() -> None:
    assert seen("celora-traffic", active="secondary") == seen("celora-traffic")
