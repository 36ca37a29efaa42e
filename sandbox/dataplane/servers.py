"""What the servers of a world stand on, databases and caches alike: programs, regions, addresses."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.dataplane.addresses import Addresses, Numbers
from sandbox.dataplane.network import WorldNetwork
from sandbox.dataplane.postgres import Installation
from sandbox.dataplane.regions import Host
from sandbox.fabric import FabricError


@dataclass(frozen=True)
class Ground:
    """`pace`: how many times faster than a real cloud the cloud's own waiting runs."""

    installation: Installation
    hosts: Mapping[str, Host]
    network: WorldNetwork
    addresses: Addresses
    numbers: Numbers
    pace: float


class Servers:
    """The servers of one kind."""

    def __init__(self, ground: Ground) -> None:
        self._installation, self._hosts, self._network = ground.installation, ground.hosts, ground.network
        self._addresses, self._numbers, self._pace = ground.addresses, ground.numbers, ground.pace

    def _up(self, region: str) -> Host:
        if not self._network.region_is_up(region):
            raise FabricError(f"region {region} does not answer")
        return self._hosts[region]
