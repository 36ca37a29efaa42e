"""How a site is closed: whoever its vaults let in before is kept out, and what holds the logins stays for the run."""

from tests.scripts.clouds.azure.conftest import Azure

WHERE = "Microsoft.KeyVault/vaults"


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
