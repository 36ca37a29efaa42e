"""`sandbox.fabric.Fabric` over real processes: what the control planes reach the world by."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sandbox.dataplane.addresses import OUTSIDE, Addresses, Numbers
from sandbox.dataplane.caches import WorldCaches
from sandbox.dataplane.databases import WorldDatabases
from sandbox.dataplane.edge import WorldEdges
from sandbox.dataplane.network import WorldNetwork
from sandbox.dataplane.regions import Host
from sandbox.fabric import FabricError, InitSpec, JobSpec, JobState, Listener, PodSpec, PodState

READ_BY_IMAGES = re.compile(r"(?!.*_(FILE|DIR|HOME|PATH|PROJECT|PLAN)$)(DR_[A-Z0-9_]+|SERVICE|HOST|PORT)|BASE_PATH")
"""
A pod is a process of this machine: what the interpreter, libpq or an SDK reads from its environment (a path to load
from, a configuration that names a command) would run with the rights of the world.
"""


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
        _refuse_strange({*spec.env, *(name for each in spec.init for name in each.env)})
        self._known.add((region, spec.namespace, spec.deployment))
        self._up(region).keep(
            ("deployment", spec.namespace, spec.deployment),
            "apply",
            namespace=spec.namespace,
            deployment=spec.deployment,
            replicas=spec.replicas,
            processes=[
                {"command": list(each.command), "env": {**each.env, **spec.identity}}
                for each in (*spec.init, InitSpec(spec.command, spec.env))
            ],
        )

    def restart(self, region: str, namespace: str, deployment: str) -> None:
        if (region, namespace, deployment) not in self._known:
            raise FabricError(f"there is no Deployment {namespace}/{deployment} in {region}")
        self._up(region).call("restart", namespace=namespace, deployment=deployment)

    def reboot(self, region: str, namespace: str, deployment: str) -> None:
        self._up(region).call("reboot", namespace=namespace, deployment=deployment)

    def remove(self, region: str, namespace: str, deployment: str) -> None:
        host = self._up(region)
        self._known.discard((region, namespace, deployment))
        host.forget(("deployment", namespace, deployment))
        host.call("remove", namespace=namespace, deployment=deployment)

    def expose(self, region: str, node_port: int, namespace: str, deployments: Sequence[str]) -> None:
        host, key = self._hosts[region], ("node port", str(node_port))
        host.keep(key, "expose", node_port=node_port, namespace=namespace, deployments=list(deployments))
        if not deployments:
            host.forget(key)

    def pods(self, region: str, namespace: str) -> list[PodState]:
        described = self._up(region).call("pods", namespace=namespace)
        return [
            PodState(
                *(pod["name"], pod["deployment"], pod["address"], pod["port"], pod["ready"], pod["restarts"]),
                is_current=pod["current"],
            )
            for pod in described
        ]

    def pod_log(self, region: str, namespace: str, pod: str) -> str:
        return str(self._up(region).call("pod_log", namespace=namespace, pod=pod))

    def start_job(self, region: str, spec: JobSpec) -> None:
        _refuse_strange(spec.env)
        self._up(region).call(
            "start_job", namespace=spec.namespace, name=spec.name, command=list(spec.command),
            env={**spec.env, **spec.identity},
            seconds=spec.seconds,
        )  # fmt: skip

    def remove_job(self, region: str, namespace: str, name: str) -> None:
        self._up(region).call("remove_job", namespace=namespace, name=name)

    def jobs(self, region: str, namespace: str) -> list[JobState]:
        return [
            JobState(each["name"], each["pod"], each["exit_code"], is_late=each["late"])
            for each in self._up(region).call("jobs", namespace=namespace)
        ]

    def job_log(self, region: str, namespace: str, name: str) -> str:
        return str(self._up(region).call("job_log", namespace=namespace, name=name))


def _refuse_strange(env: Iterable[str]) -> None:
    strange = sorted(name for name in env if not READ_BY_IMAGES.fullmatch(name))
    if strange:
        raise FabricError(f"the sandbox's images read no {', '.join(strange)} from a pod's environment")


class WorldFrontDoors:
    """
    Load balancers. Whatever ports they declare, one port of the world stands for HTTP and one for HTTPS: a door has at
    most one listener of each.
    """

    def __init__(self, hosts: Mapping[str, Host], addresses: Addresses, numbers: Numbers) -> None:
        self._hosts, self._addresses, self._numbers = hosts, addresses, numbers
        self.places: dict[tuple[str, str], tuple[int, int]] = {}
        self._open: dict[tuple[str, str], set[int]] = {}  # the world's ports that a door listens on
        self._shut: set[tuple[str, str]] = set()

    def open(self, region: str, name: str, listeners: Sequence[Listener]) -> None:
        host, key = self._hosts[region], (region, name)
        if not host.up:
            raise FabricError(f"region {region} does not answer")
        by_port = {self._numbers.https if each.certificate else self._numbers.http: each for each in listeners}
        if len(by_port) < len(listeners):
            raise FabricError("the sandbox has one port for HTTP and one for HTTPS: two listeners of one kind")
        if key not in self.places:
            self.places[key] = (host.places.take(), host.doors.take())
        place, door = self.places[key]
        address = self._addresses.door(region, door)
        told = {port: _told(listener) for port, listener in by_port.items()}
        host.keep(("door", name), "door", name=name, address=address, listeners=told)
        for port in sorted(self._open.get(key, set()) - set(by_port)):
            host.close_place(f"door:{name}:{port}")
        for port in by_port:
            host.open_place(f"door:{name}:{port}", place, port, (address, port))
            host.shut_place(f"door:{name}:{port}", shut=key in self._shut)
        self._open[key] = set(by_port)

    def address(self, region: str, name: str, view: str) -> str:
        """Where somebody in `view` finds it."""
        return self._addresses.place(region, self.places[(region, name)][0], view)

    def shut(self, region: str, name: str, *, shut: bool) -> None:
        key = (region, name)
        (self._shut.add if shut else self._shut.discard)(key)
        for port in self._open.get(key, ()):
            self._hosts[region].shut_place(f"door:{name}:{port}", shut=shut)

    def close(self, region: str, name: str) -> None:
        host, key = self._hosts[region], (region, name)
        if not host.up:
            raise FabricError(f"region {region} does not answer")
        taken = self.places.pop(key, None)
        if taken is not None:
            for port in self._open.pop(key, set()):
                host.close_place(f"door:{name}:{port}")
            self._shut.discard(key)
            host.forget(("door", name))
            host.call("close_door", name=name)
            host.places.give_back(taken[0])
            host.doors.give_back(taken[1])


def _told(listener: Listener) -> dict[str, object]:
    return {
        "routes": [asdict(route) for route in listener.routes],
        "certificate": listener.certificate.decode("ascii"),
        "kept_out": list(listener.kept_out),
    }


@dataclass(frozen=True)
class WorldFabric:
    regions: Sequence[str]
    databases: WorldDatabases
    caches: WorldCaches
    compute: WorldCompute
    front_doors: WorldFrontDoors
    edges: WorldEdges
    network: WorldNetwork
    addresses: Addresses

    def locate(self, kind: str, region: str, name: str, view: str) -> str | None:
        """The address of a database, a cache or a front door for somebody in `view`; None when there is none."""
        if region == OUTSIDE:
            return self.edges.address(name)
        if kind == "front door":
            place = self.front_doors.places.get((region, name), (None, 0))[0]
        else:
            servers = self.databases.instances() if kind == "database" else self.caches.caches()
            known = {(found.region, found.identifier): found.place for found in servers}
            place = known.get((region, name))
        return self.addresses.place(region, place, view) if place is not None else None
