"""A Front Door as its owner makes it, through the vendor's client for resources of every type."""

from collections.abc import Callable
from typing import Any

from azure.mgmt.resource.resources import ResourceManagementClient

from sandbox.clouds.azure.certificates import settings_of
from tests.sandbox.clouds.azure.conftest import PLAN, SUBSCRIPTION, THIRD

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
PREMIUM = "Premium_AzureFrontDoor"
CERTIFICATE = settings_of(PLAN)[PLAN.traffic.stack]["dr:certificateArn"]
HOST = "shop.example.com"


class Made:
    """The parts of one profile, each by its ID below it. `make` gives a client of the vendor's."""

    def __init__(self, make: Callable[..., Any], group: str) -> None:
        self.resources = make(ResourceManagementClient).resources
        self.groups = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers"
        self.profile = f"{self.groups}/Microsoft.Cdn/profiles/fd"
        self.vault = CERTIFICATE.partition("/secrets/")[0]

    def put(self, where: str, properties: Any, *, version: str = "2025-06-01", **beside: Any) -> Any:
        body = {**beside, "properties": properties}
        return self.resources.begin_create_or_update_by_id(where, body, api_version=version).result()

    def get(self, below: str) -> Any:
        return self.resources.get_by_id(f"{self.profile}/{below}", api_version="2025-06-01").properties

    def delete(self, below: str) -> None:
        self.resources.begin_delete_by_id(f"{self.profile}/{below}", api_version="2025-06-01").result()

    def part(self, below: str, **properties: Any) -> Any:
        beside = {"location": "global"} if below.startswith("afdEndpoints/") and below.count("/") == 1 else {}
        return self.put(f"{self.profile}/{below}", properties, **beside)

    def origin(self, name: str, priority: int = 1, state: str = "Enabled", host: str = "", header: str = HOST) -> Any:
        return self.part(
            f"originGroups/sites/origins/{name}",
            hostName=host or f"{name}.example",
            originHostHeader=header,
            priority=priority,
            enabledState=state,
        )

    def make_profile(self, *, lets_in: bool = True) -> None:
        identity = f"{self.groups}/Microsoft.ManagedIdentity/userAssignedIdentities/fd"
        made = self.put(identity, {}, version="2023-01-31", location=THIRD)
        if lets_in:
            self.let_in(made.properties["principalId"])
        self.put(
            self.profile, {}, location="global", sku={"name": PREMIUM},
            identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        )  # fmt: skip

    def let_in(self, principal: str) -> None:
        role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{SECRETS_USER}"
        given = {"principalId": principal, "roleDefinitionId": role, "principalType": "ServicePrincipal"}
        name = f"00000000-0000-4000-8000-{abs(hash(principal)) % 10**12:012}"
        self.put(f"{self.vault}/providers/Microsoft.Authorization/roleAssignments/{name}", given, version="2022-04-01")

    def add_certificate(self) -> Any:
        source = {"type": "CustomerCertificate", "secretSource": {"id": CERTIFICATE}, "useLatestVersion": True}
        return self.part("secrets/certificate", parameters=source)

    def add_group(self, *, path: str = "/claims/active") -> Any:
        return self.part(
            "originGroups/sites",
            loadBalancingSettings={"sampleSize": 2, "successfulSamplesRequired": 1},
            healthProbeSettings={
                "probePath": path, "probeProtocol": "Https", "probeRequestType": "GET", "probeIntervalInSeconds": 10,
            },
        )  # fmt: skip

    def add_route(self, *domains: str) -> Any:
        return self.part(
            "afdEndpoints/fd/routes/all",
            originGroup={"id": f"{self.profile}/originGroups/sites"},
            customDomains=[{"id": each} for each in domains],
            patternsToMatch=["/*"],
            linkToDefaultDomain="Enabled",
        )
