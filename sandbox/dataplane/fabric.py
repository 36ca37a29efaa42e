"""`sandbox.fabric.Fabric` over real processes: what the control planes reach the world by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.dataplane.addresses import Addresses, Numbers
from sandbox.dataplane.databases import WorldDatabases
from sandbox.dataplane.network import WorldNetwork
from sandbox.dataplane.regions import Host
from sandbox.fabric import Endpoint, FabricError, PodSpec, PodState


class WorldCompute:
    """Deployments on the regions' nodes. A region that is down keeps what it had, and runs it again when it is back."""

    def __init__(self, hosts: Mapping[str, Host]) -> None:
        self._hosts = hosts
        self._known: set[tuple[str, str, str]] = set()

    def _up(self, region: str) -> Host:
        host = self._hosts[region]
        if not host.up:
            raise FabricError(f"region {region} does not answer")
        return host

    def apply(self, region: str, spec: PodSpec) -> None:
        self._known.add((region, spec.namespace, spec.deployment))
        self._up(region).keep(
            ("deployment", spec.namespace, spec.deployment),
            "apply",
            namespace=spec.namespace,
            deployment=spec.deployment,
            replicas=spec.replicas,
            command=list(spec.command),
            env=dict(spec.env),
        )

    def restart(self, region: str, namespace: str, deployment: str) -> None:
        if (region, namespace, deployment) not in self._known:
            raise FabricError(f"there is no Deployment {namespace}/{deployment} in {region}")
        self._up(region).call("restart", namespace=namespace, deployment=deployment)

    def remove(self, region: str, namespace: str, deployment: str) -> None:
        host = self._up(region)
        self._known.discard((region, namespace, deployment))
        host.forget(("deployment", namespace, deployment))
        host.call("remove", namespace=namespace, deployment=deployment)

    def pods(self, region: str, namespace: str) -> list[PodState]:
        described = self._up(region).call("pods", namespace=namespace)
        return [
            PodState(pod["name"], pod["deployment"], pod["address"], pod["port"], pod["ready"], pod["restarts"])
            for pod in described
        ]


class WorldFrontDoors:
    """Load balancers. Whatever port they declare, the world's one HTTP port stands for it."""

    def __init__(self, hosts: Mapping[str, Host], addresses: Addresses, numbers: Numbers) -> None:
        self._hosts, self._addresses, self._numbers = hosts, addresses, numbers
        self.places: dict[tuple[str, str], tuple[int, int]] = {}

    def open(self, region: str, name: str, *, port: int) -> Endpoint:
        host = self._hosts[region]
        if not host.up:
            raise FabricError(f"region {region} does not answer")
        if (region, name) not in self.places:
            place, door = host.places.take(), host.doors.take()
            behind = (self._addresses.door(region, door), self._numbers.http)
            host.keep(("door", name), "door", name=name, listen=list(behind))
            host.open_place(f"door:{name}", place, self._numbers.http, behind)
            self.places[(region, name)] = (place, door)
        return Endpoint(self._addresses.place(region, self.places[(region, name)][0], "outside"), self._numbers.http)

    def shut(self, region: str, name: str, *, shut: bool) -> None:
        self._hosts[region].shut_place(f"door:{name}", shut=shut)

    def close(self, region: str, name: str) -> None:
        host = self._hosts[region]
        if not host.up:
            raise FabricError(f"region {region} does not answer")
        taken = self.places.pop((region, name), None)
        if taken is not None:
            host.close_place(f"door:{name}")
            host.forget(("door", name))
            host.call("close_door", name=name)
            host.places.give_back(taken[0])
            host.doors.give_back(taken[1])


@dataclass(frozen=True)
class WorldFabric:
    regions: Sequence[str]
    databases: WorldDatabases
    compute: WorldCompute
    front_doors: WorldFrontDoors
    network: WorldNetwork
    addresses: Addresses

    def locate(self, kind: str, region: str, name: str, view: str) -> str | None:
        """The address of a database or a front door for somebody in `view`; None when there is none."""
        if kind == "database":
            known = {(found.region, found.identifier): found.place for found in self.databases.instances()}
            place = known.get((region, name))
        else:
            place = self.front_doors.places.get((region, name), (None, 0))[0]
        return self.addresses.place(region, place, view) if place is not None else None
