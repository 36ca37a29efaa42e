"""What the stacks of a system in Azure declare, and that no move deletes or replaces anything of it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.azure.addresses import ROLES
from model import Topology, load_plan
from model.clouds import azure
from model.topology import after_failover, after_reprotect
from tests.components.declared import RECORDS_IN, Declared, config_of, of_type, run
from tests.components.test_transitions import gone, replaced

PATH = str(Path(__file__).parents[2] / "plans" / "azure.yaml")
PLAN = load_plan(PATH)
RECORDS = RECORDS_IN["azure"]
INITIAL = Topology.initial(PLAN)
MOVED = after_failover(INITIAL, PLAN, "secondary")
PROTECTED = after_reprotect(MOVED, PLAN, "primary")
HOME = after_failover(PROTECTED, PLAN, "primary")


@cache
def _seen(stack: str, topology: str, *, recorded: bool, more: str) -> dict[str, Declared]:
    config = config_of(
        Topology.model_validate_json(topology), RECORDS if recorded else {}, plan=PATH, **json.loads(more)
    )
    return run(stack, config).seen


def seen(site: str, topology: Topology = INITIAL, *, recorded: bool = True, **more: Any) -> dict[str, Declared]:
    stack = PLAN.traffic.stack if site == "traffic" else PLAN.site(site).stack
    return _seen(stack, topology.model_dump_json(), recorded=recorded, more=json.dumps(more))


def one(found: Mapping[str, Declared], kind: str, name: str = "") -> Declared:
    (only,) = [each for each in of_type(found, kind) if not name or each.name == name]
    return only


def roles_of(found: Mapping[str, Declared], app: str) -> dict[str, str]:
    """What an app of a site may do: by the name of what it stands on, the name of the role."""
    named = {identity: role for role, identity in ROLES.items()}
    given = [it.inputs for it in of_type(found, "RoleAssignment") if it.name.startswith(f"{app}-acts-as")]
    return {it["scope"].rpartition("/")[2]: named[it["roleDefinitionId"].rpartition("/")[2]] for it in given}


def test_each_site_has_a_group_in_its_own_region() -> None:
    for site in PLAN.sites:
        found = seen(site.name)
        group = one(found, "ResourceGroup")
        assert (group.inputs["resourceGroupName"], group.inputs["location"]) == (
            f"azure-small-{site.name}",
            site.region,
        )
        inside = {it.inputs["resourceGroupName"] for it in found.values() if "resourceGroupName" in it.inputs}
        assert inside == {f"azure-small-{site.name}"}
        of_the_site = [it for it in found.values() if "containerregistry" not in it.type]
        located = {it.inputs["location"] for it in of_the_site if "location" in it.inputs}
        assert located <= {site.region, "global"}


def test_what_is_global_is_in_the_group_of_the_witness() -> None:
    groups = {it.inputs["resourceGroupName"] for it in seen("traffic").values() if "resourceGroupName" in it.inputs}
    assert groups == {"azure-small-tertiary"}


def test_the_primary_has_a_standby_and_sends_backups_to_its_pair() -> None:
    found = seen("primary")
    server = one(found, "Server").inputs
    assert server["highAvailability"] == {"mode": "ZoneRedundant"}
    assert server["backup"] == {"backupRetentionDays": 14, "geoRedundantBackup": "Enabled"}
    assert (server["createMode"], server["administratorLogin"]) == ("Default", "azure_small_owner")
    assert server["administratorLoginPassword"] == {"secret": "correct horse"}
    assert server["sku"] == {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}
    assert one(found, "dbforpostgresql:Database").inputs["databaseName"] == "core"


def test_the_warm_site_follows_and_says_nothing_that_a_replica_may_not() -> None:
    found = seen("secondary")
    server = one(found, "Server").inputs
    assert server["createMode"] == "Replica"
    assert server["sourceServerResourceId"].endswith(
        "/resourceGroups/azure-small-primary/providers/Microsoft.DBforPostgreSQL/flexibleServers/azure-small-primary-core-1"
    )
    assert server["highAvailability"] == {"mode": "Disabled"}
    assert server["backup"]["geoRedundantBackup"] == "Disabled"
    assert not {"administratorLogin", "administratorLoginPassword", "version"} & set(server)
    assert of_type(found, "dbforpostgresql:Database") == []


def test_the_cold_site_has_what_is_needed_to_begin_and_runs_nothing() -> None:
    found = seen("tertiary")
    assert of_type(found, "Server") == of_type(found, "WebApp") == []
    assert one(found, "StorageAccount", "recovery-account").inputs["accountName"].startswith("azuresmallter")
    assert {it.inputs["containerName"] for it in of_type(found, "BlobContainer")} >= {"claims", "lease", "journal"}


def test_a_database_is_kept_by_its_stack_and_by_a_lock() -> None:
    for site in ("primary", "secondary"):
        found = seen(site)
        assert one(found, "Server").protect
        assert one(found, "ManagementLockByScope", "core-1-lock").inputs["level"] == "CanNotDelete"
        assert {"sourceServerResourceId", "pointInTimeUTC", "availabilityZone"} <= set(one(found, "Server").ignored)
    given_up = seen("primary", deleteData=True)
    assert not one(given_up, "Server").protect
    assert of_type(given_up, "ManagementLockByScope") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [(INITIAL, MOVED), (MOVED, PROTECTED), (PROTECTED, HOME)],
    ids=["failover", "re-protection", "failback"],
)
def test_a_move_deletes_and_replaces_nothing(old: Topology, new: Topology) -> None:
    for site in (each.name for each in PLAN.sites):
        before, after = seen(site, old), seen(site, new)
        assert gone(before, after) == set(), site
        assert replaced(before, after) == [], site
    assert seen("traffic", old) == seen("traffic", new)


def test_a_promoted_database_gets_its_standby_and_says_no_more_what_it_followed() -> None:
    server = one(seen("secondary", MOVED), "Server").inputs
    assert server["highAvailability"] == {"mode": "ZoneRedundant"}
    assert not {"createMode", "sourceServerResourceId", "administratorLoginPassword"} & set(server)
    assert "createMode" not in one(seen("secondary", MOVED), "Server").ignored


def test_the_old_copy_is_kept_as_it_was_until_it_is_dropped() -> None:
    servers = {it.name: it for it in of_type(seen("primary", PROTECTED), "Server")}
    assert set(servers) == {"core-1", "core-2"}
    retiring = servers["core-1"]
    assert not retiring.protect
    assert {"highAvailability", "administratorLogin", "backup.geoRedundantBackup"} <= set(retiring.ignored)
    assert one(seen("primary", PROTECTED), "dbforpostgresql:Database").name == "core-1-database"
    assert servers["core-2"].inputs["createMode"] == "Replica"


def test_what_is_restored_says_from_where_and_from_when() -> None:
    source = f"/subscriptions/{PLAN.primary.account}/resourceGroups/azure-small-primary/providers/P/flexibleServers/s"
    held = INITIAL.stores["primary"]["core"]
    for reference, mode in ((source, "PointInTimeRestore"), (source.replace("-primary/", "-secondary/"), "GeoRestore")):
        at = held.model_copy(update={"restored_from": f"{reference}@2026-11-01T10:00:00Z"})
        topology = INITIAL.model_copy(update={"stores": {"primary": {"core": at}}})
        server = one(seen("primary", topology), "Server").inputs
        assert (server["createMode"], server["pointInTimeUTC"]) == (mode, "2026-11-01T10:00:00Z")
        assert server["sourceServerResourceId"] == reference


def test_a_service_is_an_app_with_a_slot_that_has_the_same_settings() -> None:
    found = seen("primary")
    app, slot = one(found, "WebApp", "web-app").inputs, one(found, "WebAppSlot").inputs
    assert slot["slot"] == "staging"
    assert app["siteConfig"] == slot["siteConfig"]
    assert "siteConfig.linuxFxVersion" in one(found, "WebApp", "web-app").ignored
    settings = {each["name"]: each["value"] for each in app["siteConfig"]["appSettings"]}
    assert settings["DR_STORES"] == "core,cache,secrets,media"
    assert settings["DR_STORE_CORE_HOST"] == "azure-small-primary-core-1.postgres.database.azure.com"
    assert settings["DR_STORE_CORE_USER"] == "dr_web_service"
    assert set(settings["DR_STORE_CORE_PASSWORD"]) == {"secret"}
    assert settings["DR_STORE_CORE_PASSWORD"] != {"secret": "correct horse"}
    assert app["siteConfig"]["numberOfWorkers"] == 2
    assert one(seen("secondary"), "WebApp", "web-app").inputs["siteConfig"]["numberOfWorkers"] == 1


def test_the_agent_is_an_app_of_its_own_and_alone_has_the_owners_login() -> None:
    found = seen("secondary")
    app = one(found, "WebApp", "dr-sentinel-app").inputs
    settings = {each["name"]: each["value"] for each in app["siteConfig"]["appSettings"]}
    assert settings["DR_STORE_CORE_USER"] == "azure_small_owner"
    assert settings["DR_STORE_CORE_PASSWORD"] == {"secret": "correct horse"}
    assert (settings["DR_WITNESS_CLOUD"], settings["DR_WITNESS_REGION"]) == ("azure", "swedencentral")
    assert settings["DR_RECOVERY_BUCKET"].startswith("azuresmallsec")
    assert settings["DR_RECOVERY_BUCKET"] != settings["DR_WITNESS_BUCKET"]
    assert app["publicNetworkAccess"] == "Disabled"
    assert app["siteConfig"]["numberOfWorkers"] == 1
    assert app["siteConfig"]["alwaysOn"] is True


def test_a_site_that_is_to_run_none_of_a_service_has_it_switched_off_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "azure-small.yaml"
    path.write_text(Path(PATH).read_text(encoding="utf-8").replace("warm: 1", "warm: 0"), encoding="utf-8")
    active, warm = (run("azure-prod", config_of(it, RECORDS, plan=str(path))).seen for it in (INITIAL, PROTECTED))
    assert one(active, "WebApp", "web-app").inputs["enabled"] is True
    for kind in ("WebApp", "WebAppSlot"):
        (of_service,) = [it for it in of_type(warm, kind) if it.name.startswith("web-")]
        assert of_service.inputs["enabled"] is False
        assert of_service.inputs["siteConfig"]["numberOfWorkers"] == 1
    kept = {each.name for each in active.values() if each.name not in {"core-1", "core-1-lock", "core-1-database"}}
    assert kept <= {each.name for each in warm.values()}


def test_what_migrates_is_an_app_of_its_own_with_a_login_that_the_service_never_sees() -> None:
    found = seen("primary")
    app, service = one(found, "WebApp", "dr-migrate-web-app").inputs, one(found, "WebApp", "web-app").inputs
    config = app["siteConfig"]
    settings = {each["name"]: each["value"] for each in config["appSettings"]}
    assert settings["DR_STORE_CORE_USER"] == "dr_migrate"
    serving = {each["name"]: each["value"] for each in service["siteConfig"]["appSettings"]}
    assert settings["DR_STORE_CORE_PASSWORD"] != serving["DR_STORE_CORE_PASSWORD"]
    assert (config["appCommandLine"], config["numberOfWorkers"]) == ("migrate --stay", 1)
    assert config["linuxFxVersion"] == service["siteConfig"]["linuxFxVersion"]
    assert app["publicNetworkAccess"] == "Disabled"
    assert [it.name for it in of_type(found, "WebAppSlot")] == ["web-slot"]


def test_the_agent_may_write_the_lease_and_its_own_claim_and_nothing_else() -> None:
    given = roles_of(seen("secondary"), "dr-sentinel")
    assert given.pop("azuresmallimages") == "AcrPull", "where its own image lies"
    assert given == dict.fromkeys(("claims", "lease"), "Storage Blob Data Contributor")


def test_a_role_at_the_witness_waits_until_the_witness_is_there() -> None:
    given = of_type(seen("primary", recorded=False), "RoleAssignment")
    scopes = [it.inputs["scope"] for it in given if it.name.startswith("dr-sentinel-")]
    assert [scope.rpartition("/")[2] for scope in scopes] == ["claims"]


def test_only_apps_reach_the_databases_of_their_site() -> None:
    (group,) = of_type(seen("primary"), "NetworkSecurityGroup")
    rules = {each["name"]: each for each in group.inputs["securityRules"]}
    assert rules["apps-to-stores"]["sourceAddressPrefix"] == "10.10.0.0/24"
    assert rules["jobs-to-stores"]["sourceAddressPrefix"] == "10.10.1.0/24"
    assert {rules[f"{each}-to-stores"]["destinationPortRange"] for each in ("apps", "jobs")} == {"5432"}
    assert (rules["nobody-else"]["access"], rules["nobody-else"]["sourceAddressPrefix"]) == ("Deny", "*")
    assert max(each["priority"] for each in rules.values() if each["access"] == "Allow") < 4096


def test_the_recovery_account_has_no_keys_and_opens_the_claim_alone() -> None:
    found = seen("tertiary")
    account = one(found, "StorageAccount", "recovery-account").inputs
    assert (account["allowSharedKeyAccess"], account["sku"]) == (False, {"name": "Standard_ZRS"})
    containers = [it for it in of_type(found, "BlobContainer") if it.name.startswith("recovery-")]
    access = {it.inputs["containerName"]: it.inputs["publicAccess"] for it in containers}
    assert access.pop("claims") == "Blob"
    assert access == dict.fromkeys(("lease", "journal", "restores", "verifications", "exports", "caches"), "None")
    assert one(found, "BlobContainerImmutabilityPolicy").inputs["containerName"] == "journal"


def test_logins_lie_in_a_vault_that_nobody_purges() -> None:
    properties = one(seen("primary"), "keyvault:Vault", "logins-vault").inputs["properties"]
    assert (properties["softDeleteRetentionInDays"], properties["enablePurgeProtection"]) == (90, True)
    assert properties["enableRbacAuthorization"] is True
    login = one(seen("primary"), "Secret", "core-login-secret")
    assert json.loads(login.inputs["properties"]["value"]["secret"])["dbname"] == "core"
    given_up = seen("primary", deleteData=True)
    assert "enablePurgeProtection" not in one(given_up, "keyvault:Vault", "logins-vault").inputs["properties"]


@pytest.mark.parametrize("site", [site.name for site in PLAN.sites])
def test_every_site_has_its_own_vault_that_its_apps_and_named_networks_reach(site: str) -> None:
    found = seen(site)
    vault = one(found, "keyvault:Vault", "secrets-vault")
    assert (vault.protect, vault.inputs["location"]) == (True, PLAN.site(site).region)
    properties = vault.inputs["properties"]
    assert (properties["softDeleteRetentionInDays"], properties["enablePurgeProtection"]) == (90, True)
    rules = properties["networkAcls"]
    assert (rules["defaultAction"], rules["ipRules"]) == ("Deny", [{"value": "203.0.113.0/24"}])
    assert [each["id"] for each in rules["virtualNetworkRules"]] == ["network-apps-id"]
    subnet = one(found, "Subnet", "network-apps").inputs
    assert {"service": "Microsoft.KeyVault"} in subnet["serviceEndpoints"]


@pytest.mark.parametrize("site", [site.name for site in PLAN.sites])
def test_every_vault_says_who_did_what_to_it_in_its_own_site(site: str) -> None:
    found = seen(site)
    audited = {it.inputs["resourceUri"]: it.inputs for it in of_type(found, "DiagnosticSetting")}
    watched = [*of_type(found, "keyvault:Vault"), *of_type(found, "containerregistry:Registry")]
    assert set(audited) == {f"{it.name}-id" for it in watched} != set()
    assert {it["workspaceId"] for it in audited.values()} == {"audit-workspace-id"}
    workspace = one(found, "Workspace").inputs
    assert (workspace["retentionInDays"], workspace["location"]) == (90, PLAN.site(site).region)


def test_who_names_a_vault_may_read_its_secrets_and_is_told_its_name() -> None:
    found = seen("primary")
    assert roles_of(found, "web")[azure.vault(PLAN, "primary", "secrets")] == "Key Vault Secrets User"
    settings = {it["name"]: it["value"] for it in one(found, "WebApp", "web-app").inputs["siteConfig"]["appSettings"]}
    assert settings["DR_STORES"] == "core,cache,secrets,media"
    assert settings["DR_STORE_SECRETS_NAME"] == azure.vault(PLAN, "primary", "secrets")


def test_the_registry_is_one_for_all_sites_in_the_group_of_the_witness() -> None:
    assert of_type(seen("primary"), "containerregistry:Registry") == []
    assert of_type(seen("secondary"), "containerregistry:Registry") == []
    found = seen("tertiary")
    registry, copy = one(found, "containerregistry:Registry"), one(found, "containerregistry:Replication")
    assert (registry.protect, copy.protect) == (True, True)
    assert registry.inputs["resourceGroupName"] == "azure-small-tertiary"
    assert registry.inputs["sku"] == {"name": "Premium"}
    assert registry.inputs["policies"]["retentionPolicy"] == {"days": 90, "status": "enabled"}
    assert registry.inputs["policies"]["softDeletePolicy"] == {"status": "disabled"}, "none together with copies"
    assert (registry.inputs["adminUserEnabled"], registry.inputs["anonymousPullEnabled"]) == (False, False)
    regions = [registry.inputs["location"], copy.inputs["location"]]
    assert regions == [PLAN.site("secondary").region, PLAN.primary.region], "it is managed where it is recovered"
    assert {it.inputs["zoneRedundancy"] for it in (registry, copy)} == {"Enabled"}


def test_who_runs_an_image_of_the_registry_may_pull_it_and_is_not_told_of_it() -> None:
    found = seen("secondary")
    for app in ("web", "dr-sentinel", "dr-migrate-web"):
        assert roles_of(found, app)["azuresmallimages"] == "AcrPull"
    config = one(found, "WebApp", "web-app").inputs["siteConfig"]
    assert config["linuxFxVersion"] == "DOCKER|azuresmallimages.azurecr.io/azure-small-web:stable"
    assert config["acrUseManagedIdentityCreds"] is True
    names = {it["name"] for it in config["appSettings"]}
    assert "DR_STORE_IMAGES_NAME" not in names


def test_images_are_kept_no_shorter_than_the_plan_says(tmp_path: Path) -> None:
    path = tmp_path / "azure-small.yaml"
    short = Path(PATH).read_text(encoding="utf-8").replace("untagged_keep: 90d", "untagged_keep: 36h")
    path.write_text(short, encoding="utf-8")
    registry = one(run("azure-cold", config_of(INITIAL, RECORDS, plan=str(path))).seen, "containerregistry:Registry")
    assert registry.inputs["policies"]["retentionPolicy"] == {"days": 2, "status": "enabled"}


def test_a_registry_in_one_region_that_keeps_everything_keeps_what_is_deleted_too(tmp_path: Path) -> None:
    path = tmp_path / "azure-small.yaml"
    alone = Path(PATH).read_text(encoding="utf-8").replace(", replicate_to: [secondary], untagged_keep: 90d", "")
    path.write_text(alone, encoding="utf-8")
    found = run("azure-cold", config_of(INITIAL, RECORDS, plan=str(path))).seen
    registry = one(found, "containerregistry:Registry").inputs
    assert registry["location"] == PLAN.primary.region
    assert registry["policies"]["softDeletePolicy"] == {"retentionDays": 90, "status": "enabled"}
    assert registry["policies"]["retentionPolicy"] == {"status": "disabled"}
    assert of_type(found, "containerregistry:Replication") == []


def test_a_role_that_is_given_later_changes_none_that_was_given_before() -> None:
    before = {it.name: it.inputs for it in of_type(seen("primary", recorded=False), "RoleAssignment")}
    after = {it.name: it.inputs for it in of_type(seen("primary"), "RoleAssignment")}
    assert set(before) < set(after)
    assert {name: after[name] for name in before} == before


def test_the_switch_prefers_whoever_claims_and_falls_back_to_the_first_site() -> None:
    profiles = {it.inputs["profileName"]: it.inputs for it in of_type(seen("traffic"), "Profile")}
    switch = profiles["azure-small"]
    ordered = sorted(switch["endpoints"], key=lambda it: it["priority"])
    assert [it["name"] for it in ordered] == ["tertiary", "secondary", "primary"]
    assert [it["type"].rpartition("/")[2] for it in ordered] == [
        "nestedEndpoints",
        "nestedEndpoints",
        "externalEndpoints",
    ]
    assert ordered[-1]["alwaysServe"] == "Enabled"
    site = profiles["azure-small-secondary"]
    app, claim = sorted(site["endpoints"], key=lambda it: it["priority"])
    assert (app["target"], app["alwaysServe"]) == ("azure-small-secondary-web.azurewebsites.net", "Enabled")
    assert claim["target"].endswith(".blob.core.windows.net")
    assert site["monitorConfig"]["path"] == "/claims/active"
    record = one(seen("traffic"), "RecordSet").inputs
    assert record["cnameRecord"] == {"cname": "azure-small.trafficmanager.net"}
