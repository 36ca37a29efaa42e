"""A world of records only, for tests of the control planes that need no process behind them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from model import load_plan
from sandbox.clouds.names import Zone
from sandbox.clouds.ports import Ports
from sandbox.fabric import (
    Backup,
    CacheState,
    DatabaseState,
    Edge,
    Endpoint,
    FabricError,
    JobSpec,
    JobState,
    Listener,
    PodSpec,
    PodState,
)
from tests.free_ports import free_port

REGIONS = ("eu-north-1", "eu-west-1", "us-east-1")


def ports(cloud: str = "aws", regions: Sequence[str] = REGIONS) -> Ports:
    return Ports(
        addresses={region: f"127.{60 + i}.0.1" for i, region in enumerate(regions)},
        clouds={cloud: free_port()},
        providers={cloud: free_port()},
        kubernetes=free_port(),
        kubernetes_providers={region: free_port() for region in regions},
        postgres=free_port(),
        caches=free_port(),
        http=free_port(),
        https=free_port(),
    )


@dataclass
class RecordedNames:
    databases: dict[str, tuple[str, str]] = field(default_factory=dict)
    caches: dict[str, tuple[str, str]] = field(default_factory=dict)
    front_doors: dict[str, tuple[str, str]] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)

    def add_domain(self, domain: str) -> None:
        self.domains.add(domain)

    def add_database(self, name: str, region: str, identifier: str) -> None:
        self.databases[name] = (region, identifier)

    def add_cache(self, name: str, region: str, identifier: str) -> None:
        self.caches[name] = (region, identifier)

    def add_front_door(self, name: str, region: str, front_door: str) -> None:
        self.front_doors[name] = (region, front_door)

    def remove(self, name: str) -> None:
        self.databases.pop(name, None)
        self.caches.pop(name, None)
        self.front_doors.pop(name, None)

    def add_zone(self, zone: str, answer: Zone) -> None:
        self.zones[zone] = answer

    def remove_zone(self, zone: str) -> None:
        self.zones.pop(zone, None)

    def resolve(self, name: str, view: str) -> list[str]:
        return ["127.0.0.1"]


@dataclass
class RecordedDatabases:
    states: dict[tuple[str, str], DatabaseState] = field(default_factory=dict)
    kept: dict[tuple[str, str], Backup] = field(default_factory=dict)
    restored: dict[tuple[str, str], datetime | None] = field(default_factory=dict)
    passwords: dict[tuple[str, str], str] = field(default_factory=dict)
    shut_off: set[tuple[str, str]] = field(default_factory=set)
    made: set[tuple[str, str]] = field(default_factory=set)
    parameters: dict[tuple[str, str], str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def _put(
        self, region: str, identifier: str, role: str, source: tuple[str, str] | None, standby: bool
    ) -> DatabaseState:
        state = DatabaseState(identifier, region, role, "available", Endpoint("127.0.0.1", 1), source, standby)  # type: ignore[arg-type]
        self.states[region, identifier] = state
        now = datetime.now(UTC)
        self.kept[region, f"auto-{identifier}"] = Backup(
            f"auto-{identifier}", region, identifier, "continuous", now, now
        )
        return state

    def create(self, region: str, identifier: str, *, standby: bool, **_: object) -> DatabaseState:
        return self._put(region, identifier, "primary", None, standby)

    def create_replica(
        self, region: str, identifier: str, *, source_region: str, source: str, standby: bool, **_: object
    ) -> DatabaseState:
        return self._put(region, identifier, "replica", (source_region, source), standby)

    def promote(self, region: str, identifier: str) -> DatabaseState:
        state = replace(self.states[region, identifier], role="primary", replica_of=None)
        self.states[region, identifier] = state
        return state

    def fail_over_to_standby(self, region: str, identifier: str) -> DatabaseState:
        return self.states[region, identifier]

    def restart(self, region: str, identifier: str) -> DatabaseState:
        return self.states[region, identifier]

    def switch_over(self, region: str, identifier: str) -> DatabaseState:
        source = self.states[region, identifier].replica_of
        assert source is not None
        self.states[source] = replace(self.states[source], role="replica", replica_of=(region, identifier))
        return self.promote(region, identifier)

    def stop(self, region: str, identifier: str) -> DatabaseState:
        self.states[region, identifier] = replace(self.states[region, identifier], status="stopped")
        return self.states[region, identifier]

    def start(self, region: str, identifier: str) -> DatabaseState:
        self.states[region, identifier] = replace(self.states[region, identifier], status="available")
        return self.states[region, identifier]

    def create_database(self, region: str, identifier: str, name: str) -> None:
        self.made.add((identifier, name))

    def drop_database(self, region: str, identifier: str, name: str) -> None:
        self.made.discard((identifier, name))

    def set_parameter(self, region: str, identifier: str, name: str, value: str) -> None:
        self.parameters[identifier, name] = value

    def modify(self, region: str, identifier: str, **_: object) -> None:
        if (region, identifier) not in self.states:
            raise FabricError(f"no database {identifier}")

    def set_password(self, region: str, identifier: str, password: str) -> None:
        self.passwords[region, identifier] = password

    def shut(self, region: str, identifier: str, *, shut: bool) -> None:
        (self.shut_off.add if shut else self.shut_off.discard)((region, identifier))

    def delete(self, region: str, identifier: str) -> None:
        del self.states[region, identifier]
        self.kept.pop((region, f"auto-{identifier}"), None)

    def describe(self, region: str, identifier: str) -> DatabaseState | None:
        return self.states.get((region, identifier))

    def list(self, region: str) -> Sequence[DatabaseState]:
        return [state for (where, _), state in self.states.items() if where == region]

    def snapshot(self, region: str, identifier: str, name: str) -> Backup:
        now = datetime.now(UTC)
        self.kept[region, name] = Backup(name, region, identifier, "snapshot", now, now)
        return self.kept[region, name]

    def copy_snapshot(self, source_region: str, name: str, region: str, new_name: str) -> Backup:
        self.kept[region, new_name] = replace(self.kept[source_region, name], region=region, name=new_name)
        return self.kept[region, new_name]

    def delete_backup(self, region: str, name: str) -> None:
        self.kept.pop((region, name), None)

    def replicate_backups(self, source_region: str, identifier: str, region: str) -> str:
        now = datetime.now(UTC)
        name = f"from-{source_region}-{identifier}"
        self.kept[region, name] = Backup(name, region, identifier, "continuous", now, now)
        return name

    def stop_replicating_backups(self, region: str, name: str) -> None:
        pass

    def backups(self, region: str) -> Sequence[Backup]:
        return [backup for (where, _), backup in self.kept.items() if where == region]

    def restore(
        self, region: str, identifier: str, *, backup: str, target_time: datetime | None, standby: bool, **_: object
    ) -> DatabaseState:
        if (region, backup) not in self.kept:
            raise FabricError(f"no backup {backup}")
        self.restored[region, identifier] = target_time
        return self._put(region, identifier, "primary", None, standby)


@dataclass
class RecordedCaches:
    """What each holds is one file."""

    held: dict[tuple[str, str], bytes] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    shut_off: set[tuple[str, str]] = field(default_factory=set)

    def create(self, region: str, identifier: str, *, keys: tuple[str, ...], **_: object) -> CacheState:
        self.held[region, identifier], self.keys[region, identifier] = b"REDIS0009", keys
        return CacheState(identifier, region, "available", Endpoint("127.0.0.1", 1))

    def describe(self, region: str, identifier: str) -> CacheState | None:
        found = (region, identifier) in self.held
        return CacheState(identifier, region, "available", Endpoint("127.0.0.1", 1)) if found else None

    def set_keys(self, region: str, identifier: str, keys: tuple[str, ...]) -> None:
        self.keys[region, identifier] = keys

    def set_saving(self, region: str, identifier: str, save_seconds: int | None) -> None:
        pass

    def shut(self, region: str, identifier: str, *, shut: bool) -> None:
        (self.shut_off.add if shut else self.shut_off.discard)((region, identifier))

    def flush(self, region: str, identifier: str) -> None:
        self.held[region, identifier] = b"REDIS0009"

    def export(self, region: str, identifier: str) -> bytes:
        return self.held[region, identifier]

    def bring(self, region: str, identifier: str, snapshot: bytes) -> None:
        if not snapshot.startswith(b"REDIS"):
            raise FabricError("the file is no RDB file")
        self.held[region, identifier] = snapshot

    def delete(self, region: str, identifier: str) -> None:
        del self.held[region, identifier]


@dataclass
class RecordedCompute:
    specs: dict[tuple[str, str, str], PodSpec] = field(default_factory=dict)
    restarts: list[tuple[str, str, str]] = field(default_factory=list)
    exposed: dict[tuple[str, int], tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    lagging: set[tuple[str, str, str]] = field(default_factory=set)
    """Deployments whose pods are still those of an earlier template."""

    ends: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    """How a job of this name ends (None: not in its time), and what it writes."""
    started: list[JobSpec] = field(default_factory=list)
    running: dict[tuple[str, str, str], JobState] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    """What a pod of this name wrote."""

    def start_job(self, region: str, spec: JobSpec) -> None:
        self.started.append(spec)
        code, _ = self.ends[spec.name]
        state = JobState(spec.name, f"{spec.name}-pod", code, is_late=code is None)
        self.running[region, spec.namespace, spec.name] = state

    def remove_job(self, region: str, namespace: str, name: str) -> None:
        self.running.pop((region, namespace, name), None)

    def jobs(self, region: str, namespace: str) -> list[JobState]:
        return [state for (where, space, _), state in self.running.items() if (where, space) == (region, namespace)]

    def job_log(self, region: str, namespace: str, name: str) -> str:
        return self.ends[name][1]

    def pod_log(self, region: str, namespace: str, pod: str) -> str:
        return self.written.get(pod, "")

    def apply(self, region: str, spec: PodSpec) -> None:
        self.specs[region, spec.namespace, spec.deployment] = spec

    def restart(self, region: str, namespace: str, deployment: str) -> None:
        self.restarts.append((region, namespace, deployment))

    def reboot(self, region: str, namespace: str, deployment: str) -> None:
        self.restarts.append((region, namespace, deployment))

    def expose(self, region: str, node_port: int, namespace: str, deployments: Sequence[str]) -> None:
        self.exposed[region, node_port] = (namespace, tuple(deployments))

    def remove(self, region: str, namespace: str, deployment: str) -> None:
        self.specs.pop((region, namespace, deployment), None)

    def pods(self, region: str, namespace: str) -> list[PodState]:
        return [
            PodState(
                f"{spec.deployment}-{n}",
                spec.deployment,
                "127.0.0.1",
                spec.port,
                ready=True,
                restarts=0,
                is_current=(where, space, name) not in self.lagging,
            )
            for (where, space, name), spec in self.specs.items()
            if (where, space) == (region, namespace)
            for n in range(spec.replicas)
        ]


@dataclass
class RecordedFrontDoors:
    doors: dict[tuple[str, str], Sequence[Listener]] = field(default_factory=dict)
    shut_off: set[tuple[str, str]] = field(default_factory=set)

    def open(self, region: str, name: str, listeners: Sequence[Listener]) -> None:
        self.doors[region, name] = listeners

    def close(self, region: str, name: str) -> None:
        self.doors.pop((region, name), None)

    def shut(self, region: str, name: str, *, shut: bool) -> None:
        (self.shut_off.add if shut else self.shut_off.discard)((region, name))


@dataclass
class RecordedEdges:
    doors: dict[str, Edge] = field(default_factory=dict)

    def open(self, name: str, edge: Edge) -> None:
        self.doors[name] = edge

    def close(self, name: str) -> None:
        self.doors.pop(name, None)


@dataclass
class SetNetwork:
    down: set[str] = field(default_factory=set)
    control_down: set[str] = field(default_factory=set)
    cut: set[tuple[str, str]] = field(default_factory=set)
    silent: bool = False
    full: set[str] = field(default_factory=set)
    frozen: bool = False
    lies: dict[str, bool] = field(default_factory=dict)

    def has_capacity(self, region: str) -> bool:
        return region not in self.full

    def global_is_frozen(self) -> bool:
        return self.frozen

    def health_lie(self, name: str) -> bool | None:
        return self.lies.get(name)

    def allowed(self, source: str, target: str) -> bool:
        return (source, target) not in self.cut

    def control_plane_answers(self, region: str) -> bool:
        return region not in self.control_down

    def region_is_up(self, region: str) -> bool:
        return region not in self.down

    def hangs(self, source: str, target: str) -> bool:
        return self.silent


@dataclass
class RecordedFabric:
    regions: tuple[str, ...] = REGIONS
    databases: RecordedDatabases = field(default_factory=RecordedDatabases)
    caches: RecordedCaches = field(default_factory=RecordedCaches)
    compute: RecordedCompute = field(default_factory=RecordedCompute)
    front_doors: RecordedFrontDoors = field(default_factory=RecordedFrontDoors)
    edges: RecordedEdges = field(default_factory=RecordedEdges)
    network: SetNetwork = field(default_factory=SetNetwork)


PLAN = load_plan("plans/samia.yaml")
