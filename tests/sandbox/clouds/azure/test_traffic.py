"""Traffic Manager over claims in blobs: what a nested profile counts, and what it answers."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.trafficmanager import TrafficManagerManagementClient

from tests.sandbox.clouds.azure.claims import claims_in
from tests.sandbox.clouds.azure.conftest import WEST, Azure

PROFILES = "Microsoft.Network/trafficManagerProfiles"
PATIENCE_SECONDS = 20.0


@pytest.mark.parametrize("counted", [True, False])
def test_whether_an_unprobed_child_counts_can_be_turned_round(
    azure: Azure, make: Callable[..., Any], group: str, credential: DefaultAzureCredential, counted: bool
) -> None:
    name = f"tm{group.removeprefix('rg-')}"
    claims = claims_in(make(StorageManagementClient), group, name, WEST, credential)
    claims.upload_blob("active", b"{}")
    profiles = make(TrafficManagerManagementClient).profiles

    def profile(called: str, *endpoints: dict[str, Any]) -> Any:
        properties = {
            "trafficRoutingMethod": "Priority",
            "dnsConfig": {"relativeName": called, "ttl": 1},
            "monitorConfig": {
                "protocol": "HTTPS", "port": 443, "path": "/claims/active", "intervalInSeconds": 10,
                "timeoutInSeconds": 5, "toleratedNumberOfFailures": 0,
            },
            "endpoints": list(endpoints),
        }  # fmt: skip
        return profiles.create_or_update(group, called, {"location": "global", "properties": properties})

    def endpoint(kind: str, called: str, **properties: Any) -> dict[str, Any]:
        return {"name": called, "type": f"{PROFILES}/{kind}", "properties": properties}

    child = profile(
        f"{name}-child",
        endpoint("externalEndpoints", "app", target="app.example", priority=1, alwaysServe="Enabled"),
        endpoint("externalEndpoints", "claim", target=f"{name}.blob.core.windows.net", priority=2),
    )
    nested = endpoint("nestedEndpoints", "site", targetResourceId=child.id, priority=1, minChildEndpoints=2)
    profile(name, nested)

    def states(called: str) -> list[str]:
        shown = profiles.get(group, called).properties.endpoints
        return [each.properties.endpoint_monitor_status.value for each in shown]

    deadline = time.monotonic() + PATIENCE_SECONDS
    while states(f"{name}-child") != ["Unmonitored", "Online"]:
        assert time.monotonic() < deadline, states(f"{name}-child")
        time.sleep(0.05)
    azure.world.unprobed_children_count = counted
    try:
        assert states(name) == ["Online" if counted else "Degraded"]
    finally:
        azure.world.unprobed_children_count = True
