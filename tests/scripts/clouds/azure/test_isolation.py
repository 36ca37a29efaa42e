"""How a site is closed: whoever its vaults let in before is kept out, and what holds the logins stays for the run."""

from datetime import UTC, datetime

from tests.scripts.clouds.azure.conftest import Azure

WHERE = "Microsoft.KeyVault/vaults"
READER = "4633458b-17de-408a-b874-0445c86b69e6"


def test_a_vault_that_networks_reach_is_closed_to_all_of_them(azure: Azure) -> None:
    tenant = azure.world.planes.env("northeurope")["AZURE_TENANT_ID"]
    common = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}
    rules = {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}
    inside = f"{azure.group('primary')}/providers/{WHERE}"
    azure.arm.put(f"{inside}/app-secrets", {"location": "northeurope", "properties": {**common, "networkAcls": rules}})
    azure.arm.put(f"{inside}/the-logins", {"location": "northeurope", "properties": common})
    isolation = azure.driver.at("primary").isolation(())
    (opening,) = isolation.openings()
    assert (opening.name, opening.closed) == ("app-secrets", False)
    assert opening.rules == {"networks": [{"value": "203.0.113.0/24"}]}
    for _ in range(2):
        isolation.close(opening)
        assert [each.closed for each in isolation.openings()] == [True]
    found = azure.arm.get(f"{inside}/app-secrets")
    assert found is not None
    assert found["properties"]["networkAcls"]["bypass"] == "None"
    assert found["properties"]["enableRbacAuthorization"] is True


def test_what_the_identities_of_a_site_may_do_is_taken_away_and_nothing_else(azure: Azure) -> None:
    """A token of a managed identity cannot be ended: a site that is left has no use for its roles."""
    inside = azure.group("primary")
    held = f"{inside}/providers/Microsoft.KeyVault/vaults/kept"
    tenant = azure.world.planes.env("northeurope")["AZURE_TENANT_ID"]
    common = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}
    azure.arm.put(held, {"location": "northeurope", "properties": common})
    principals = {}
    for number, (site, name) in enumerate((("primary", "app"), ("secondary", "other"))):
        identity = f"{azure.group(site)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        azure.arm.put(identity, {"location": "northeurope" if site == "primary" else "westeurope"})
        found = azure.arm.get(identity)
        assert found is not None
        principals[name] = found["properties"]["principalId"]
        role = f"/subscriptions/{inside.split('/')[2]}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
        given = {"principalId": principals[name], "roleDefinitionId": role, "principalType": "ServicePrincipal"}
        assignment = (
            f"{held}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-00000000000{number}"
        )
        azure.arm.put(assignment, {"properties": given})
    isolation = azure.driver.at("primary").isolation(())
    assert isolation.end_sessions("primary", datetime.now(UTC), goes_on=True) == []
    assert isolation.end_sessions("primary", datetime.now(UTC)) == ["app"]
    assert isolation.end_sessions("primary", datetime.now(UTC)) == [], "a second time finds nothing more"
    left = azure.arm.list(f"{held}/providers/Microsoft.Authorization/roleAssignments")
    assert [each["properties"]["principalId"] for each in left] == [principals["other"]]
