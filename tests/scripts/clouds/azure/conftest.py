"""Azure's control plane over a world of records, and the driver as an operator runs it: through the door."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from model import Plan, load_plan
from model.clouds import azure as azure_names
from sandbox.authority import Authority
from sandbox.clouds.planes import start_control_planes
from scripts.clouds.azure.arm import Arm
from scripts.clouds.azure.cloud import AzureDriver
from scripts.clouds.azure.flexible_server import server_id
from scripts.clouds.azure.session import group_id
from tests.sandbox.clouds.stand_in import RecordedFabric, RecordedNames, ports

PLAN = load_plan(str(Path(__file__).parents[3] / "plans" / "azure.yaml"))
REGIONS = tuple(site.region for site in PLAN.sites)


@dataclass
class Azure:
    """`driver` asks through the door; `fabric` is what is behind it."""

    plan: Plan
    fabric: RecordedFabric
    driver: AzureDriver
    world: SimpleNamespace

    @property
    def arm(self) -> Arm:
        return self.driver.session.arm("")

    def lose(self, *sites: str) -> AzureDriver:
        """A driver for which these sites count as lost."""
        return AzureDriver(self.plan, frozenset(sites))

    def group(self, site: str) -> str:
        return group_id(self.plan, site)

    def lay_network(self, site: str) -> None:
        """As the stack of a site declares it: a subnet for jobs, one for its databases, and their zone."""
        region, group = self.plan.site(site).region, f"{self.group(site)}/providers/Microsoft.Network"
        network = f"{group}/virtualNetworks/{azure_names.network(self.plan, site)}"
        space = {"addressSpace": {"addressPrefixes": ["10.10.0.0/16"]}}
        self.arm.put(network, {"location": region, "properties": space})
        self.arm.put(f"{group}/privateDnsZones/{azure_names.private_zone(self.plan, site)}", {"location": "global"})
        theirs = {
            "jobs": "Microsoft.ContainerInstance/containerGroups",
            "stores": "Microsoft.DBforPostgreSQL/flexibleServers",
        }
        for number, (name, service) in enumerate(theirs.items(), start=1):
            delegation = {"name": name, "properties": {"serviceName": service}}
            subnet = {"addressPrefix": f"10.10.{number}.0/24", "delegations": [delegation]}
            self.arm.put(f"{network}/subnets/{name}", {"properties": subnet})

    def server(self, site: str, number: int = 1) -> str:
        return server_id(self.plan, site, f"{self.plan.system}-{site}-core-{number}")


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    fabric, names, where = RecordedFabric(regions=REGIONS), RecordedNames(), ports("azure", REGIONS)
    planes = start_control_planes(fabric, names, PLAN, where, tmp_path, authority=Authority("test"), pace=500)
    try:
        for name, value in planes.env(REGIONS[0]).items():
            monkeypatch.setenv(name, value)
        made = Azure(PLAN, fabric, AzureDriver(PLAN, frozenset()), SimpleNamespace(planes=planes, names=names))
        for site in PLAN.sites:
            made.arm.put(made.group(site.name), {"location": site.region})
        yield made
    finally:
        planes.stop()
