"""Azure over a world of records, and the vendor's own clients, which know only their environment."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from model import load_plan
from sandbox.authority import Authority
from sandbox.clouds.azure.control_plane import AzureControlPlane
from sandbox.clouds.azure.login import Principal
from sandbox.clouds.azure.tokens import Claims
from sandbox.clouds.azure.world import AzureWorld
from sandbox.clouds.planes import ControlPlanes, start_control_planes
from tests.sandbox.clouds.stand_in import RecordedFabric, RecordedNames, ports

NORTH, WEST, THIRD = "northeurope", "westeurope", "swedencentral"
REGIONS = (NORTH, WEST, THIRD)
PLAN = load_plan("plans/celora.yaml")
SUBSCRIPTION = PLAN.sites[0].account
FAST = {"polling_interval": 0.05, "retry_total": 0}


@dataclass
class Azure:
    """A world of records with Azure in it."""

    fabric: RecordedFabric
    names: RecordedNames
    planes: ControlPlanes
    home: Path

    @property
    def plane(self) -> AzureControlPlane:
        found = self.planes.clouds["azure"]
        assert isinstance(found, AzureControlPlane)
        return found

    @property
    def world(self) -> AzureWorld:
        return self.plane.world

    def env(self, source: str = "outside") -> dict[str, str]:
        """What a program that stands somewhere has in its environment."""
        env = self.planes.env(NORTH)
        if source != "outside":
            env |= self.planes.pod_environment(source)
        return env


@dataclass
class Given:
    """The credential of somebody, wherever he stands: his token is made here and asked for nowhere."""

    azure: Azure
    who: Principal

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        claims = Claims(self.who.object_id, self.who.client_id, scopes[0].removesuffix("/.default"))
        return AccessToken(self.azure.world.login.tokens.make(claims), 2**31)


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    fabric, names, where = RecordedFabric(regions=REGIONS), RecordedNames(), ports("azure", REGIONS)
    home = tmp_path_factory.mktemp("world")
    planes = start_control_planes(fabric, names, PLAN, where, home, authority=Authority("test"), pace=100)
    yield Azure(fabric, names, planes, home)
    planes.stop()


@pytest.fixture
def enter(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """enter(source): from here on this process asks from there, led by its environment alone."""

    def go(source: str) -> None:
        for name in list(os.environ):
            if name.upper().endswith("_PROXY") or name.startswith(("AZURE_", "IDENTITY_")):
                monkeypatch.delenv(name)
        for name, value in azure.env(source).items():
            monkeypatch.setenv(name, value)

    return go


@pytest.fixture
def entered(enter: Callable[[str], None]) -> None:
    enter("outside")


@pytest.fixture
def credential(entered: None) -> DefaultAzureCredential:
    return DefaultAzureCredential()


@pytest.fixture
def make(credential: DefaultAzureCredential) -> Callable[..., Any]:
    """make(Client) -> the vendor's client of the plan's subscription, at its real address, without retries."""
    return lambda client, **options: client(credential, SUBSCRIPTION, **{**FAST, **options})


@pytest.fixture
def group(make: Callable[..., Any], request: pytest.FixtureRequest) -> str:
    """The name of a resource group in the first region, which nobody else uses."""
    name = f"rg-{abs(hash(request.node.nodeid)) % 10**10}"
    make(ResourceManagementClient).resource_groups.create_or_update(name, {"location": NORTH})
    return name
