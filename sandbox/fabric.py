"""
The physical world as the control planes of the sandbox see it.

`sandbox.world` implements this over real processes (`sandbox.dataplane`); the control planes in `sandbox.clouds` call
it when an API call has to have a real effect. Every method blocks until the effect is there, and raises `FabricError`
when it cannot be had. All addresses are loopback; each region owns a 127.x.0.0/16 network.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


class FabricError(Exception):
    """The world could not do it; the text says why, in words an API error may carry."""


@dataclass(frozen=True)
class Endpoint:
    address: str
    port: int


@dataclass(frozen=True)
class DatabaseState:
    identifier: str
    region: str
    role: Literal["primary", "replica"]
    status: Literal["available", "failed", "stopped"]
    endpoint: Endpoint
    replica_of: tuple[str, str] | None  # (region, identifier)
    standby: bool
    lag_seconds: float | None = None  # of a replica behind its source, where it can be known
    standby_in_step: bool = True  # where there is one, it has all that was acknowledged


@dataclass(frozen=True)
class CacheState:
    identifier: str
    region: str
    status: Literal["available", "failed"]
    endpoint: Endpoint


@dataclass(frozen=True)
class Backup:
    """A restorable base (a snapshot) or a base with its log (point in time), as it lies in one region."""

    name: str
    region: str
    source: str  # identifier of the database it was taken from
    kind: Literal["snapshot", "continuous"]
    earliest: datetime
    latest: datetime  # newest restorable point
    size_bytes: int = 0


@dataclass(frozen=True)
class InitSpec:
    """What runs in a pod to its good end before the pod's own process starts, with an environment of its own."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PodSpec:
    """What a Deployment's template says, reduced to what a process needs."""

    namespace: str
    deployment: str
    replicas: int
    command: Sequence[str]  # e.g. ("app",) or ("sentinel",): the image's entry point
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = 8080
    identity: Mapping[str, str] = field(default_factory=dict, repr=False)  # variables: who the pod is in its cloud
    init: Sequence[InitSpec] = ()


@dataclass(frozen=True)
class PodState:
    """`is_current`: it was started from what its Deployment says now, not from an earlier template."""

    name: str
    deployment: str
    address: str
    port: int
    ready: bool
    restarts: int
    is_current: bool = True


@dataclass(frozen=True)
class JobSpec:
    """What a Job's template says, reduced to what a process needs. It has `seconds`."""

    namespace: str
    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    seconds: float
    identity: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class JobState:
    """`exit_code` is None while it runs; `is_late`: it was ended because its time was over."""

    name: str
    pod: str
    exit_code: int | None
    is_late: bool = False


class Databases(Protocol):
    """Real PostgreSQL servers, with a same-region standby, replicas across regions, and backups."""

    def create(
        self,
        region: str,
        identifier: str,
        *,
        database: str,
        username: str,
        password: str,
        standby: bool,
        retention_days: int,
    ) -> DatabaseState: ...
    def create_replica(
        self, region: str, identifier: str, *, source_region: str, source: str, standby: bool, retention_days: int
    ) -> DatabaseState: ...
    def promote(self, region: str, identifier: str) -> DatabaseState: ...
    def fail_over_to_standby(self, region: str, identifier: str) -> DatabaseState:
        """Fence the present node (cut off, then stopped), promote the standby behind the same endpoint name."""
        ...

    def restart(self, region: str, identifier: str) -> DatabaseState:
        """The present node anew, with the data that it has."""
        ...

    def switch_over(self, region: str, identifier: str) -> DatabaseState:
        """
        Exchange the roles of a replica and its source, with nothing lost: the source takes no more writes, the replica
        has all of them and is promoted, and the source is made anew as its replica.
        """
        ...

    def stop(self, region: str, identifier: str) -> DatabaseState:
        """Shut its servers down; what it holds stays."""
        ...

    def start(self, region: str, identifier: str) -> DatabaseState: ...
    def create_database(self, region: str, identifier: str, name: str) -> None:
        """One more database, of the master user. One that is there already stays as it is."""
        ...

    def drop_database(self, region: str, identifier: str, name: str) -> None: ...
    def set_parameter(self, region: str, identifier: str, name: str, value: str) -> None:
        """Of the server's configuration; raises FabricError for one that it does not know, or a value it refuses."""
        ...

    def modify(
        self, region: str, identifier: str, *, standby: bool | None = None, retention_days: int | None = None
    ) -> None: ...
    def set_password(self, region: str, identifier: str, password: str) -> None:
        """Set that of the master user. Sessions that are open stay."""
        ...

    def shut(self, region: str, identifier: str, *, shut: bool) -> None:
        """Nothing reaches it from its own region or from outside; replication goes on."""
        ...

    def delete(self, region: str, identifier: str) -> None:
        """Its own automated backup goes with it; snapshots and copies in other regions stay."""
        ...

    def describe(self, region: str, identifier: str) -> DatabaseState | None: ...
    def list(self, region: str) -> Sequence[DatabaseState]: ...

    # backups
    def snapshot(self, region: str, identifier: str, name: str) -> Backup: ...
    def copy_snapshot(self, source_region: str, name: str, region: str, new_name: str) -> Backup: ...
    def delete_backup(self, region: str, name: str) -> None: ...
    def replicate_backups(self, source_region: str, identifier: str, region: str) -> str:
        """
        Keep base and log of `identifier` arriving in `region`, over the link; give back the name of the backup there.
        """
        ...

    def stop_replicating_backups(self, region: str, name: str) -> None: ...
    def backups(self, region: str) -> Sequence[Backup]: ...
    def restore(
        self,
        region: str,
        identifier: str,
        *,
        backup: str,
        target_time: datetime | None,
        standby: bool,
        retention_days: int,
    ) -> DatabaseState:
        """Restore from a backup that lies in `region`. `target_time` None means the newest point there is."""
        ...


class Caches(Protocol):
    """Real Redis servers behind TLS, each found in its own region and from outside."""

    def create(
        self,
        region: str,
        identifier: str,
        *,
        memory_bytes: int,
        keys: tuple[str, ...],
        save_seconds: int | None,
        certificate: bytes,
    ) -> CacheState:
        """
        An empty one. `keys` are the passwords that open it. It saves itself every `save_seconds` where something was
        written, and comes back with what it saved after its region was lost; None: it saves nothing by itself.
        `certificate` is the chain and the key in PEM.
        """
        ...

    def describe(self, region: str, identifier: str) -> CacheState | None: ...
    def set_keys(self, region: str, identifier: str, keys: tuple[str, ...]) -> None: ...
    def set_saving(self, region: str, identifier: str, save_seconds: int | None) -> None: ...
    def shut(self, region: str, identifier: str, *, shut: bool) -> None:
        """Nothing reaches it."""
        ...

    def flush(self, region: str, identifier: str) -> None:
        """Throw away all that it holds."""
        ...

    def export(self, region: str, identifier: str) -> bytes:
        """All that it holds, as an RDB file."""
        ...

    def bring(self, region: str, identifier: str, snapshot: bytes) -> None:
        """An RDB file in the place of all that it holds; one that cannot be read leaves what it holds."""
        ...

    def delete(self, region: str, identifier: str) -> None: ...


class Compute(Protocol):
    """The nodes of a region's cluster: pods are real processes."""

    def apply(self, region: str, spec: PodSpec) -> None: ...
    def restart(self, region: str, namespace: str, deployment: str) -> None: ...
    def reboot(self, region: str, namespace: str, deployment: str) -> None:
        """Start the processes of its pods again, in the same pods."""
        ...

    def remove(self, region: str, namespace: str, deployment: str) -> None: ...
    def pods(self, region: str, namespace: str) -> list[PodState]: ...
    def pod_log(self, region: str, namespace: str, pod: str) -> str:
        """The end of what it wrote; empty for one that is not there."""
        ...

    def start_job(self, region: str, spec: JobSpec) -> None:
        """Run a process once; one of this name that ran already is not run again."""
        ...

    def remove_job(self, region: str, namespace: str, name: str) -> None: ...
    def jobs(self, region: str, namespace: str) -> list[JobState]: ...
    def job_log(self, region: str, namespace: str, name: str) -> str: ...
    def expose(self, region: str, node_port: int, namespace: str, deployments: Sequence[str]) -> None:
        """A port of every node leads to the pods of these Deployments; with none of them, to nobody."""
        ...


@dataclass(frozen=True)
class Route:
    """
    What becomes of a request whose host and path each match one of the patterns (`*` and `?`, as load balancers have
    them); no patterns match everything. One of: to a port of the nodes, a redirect (`#{host}`, `#{path}` and `#{query}`
    stand for the request's own), or nothing but a status.
    """

    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    node_port: int | None = None
    redirect: str = ""
    status: int = 503


@dataclass(frozen=True)
class Listener:
    """
    The first of the `routes` that matches counts. With `certificate` (its chain and key in PEM) it speaks TLS. Whoever
    asks from one of the networks `kept_out` is answered 403.
    """

    port: int
    routes: tuple[Route, ...]
    certificate: bytes = field(default=b"", repr=False)
    kept_out: tuple[str, ...] = ()


class FrontDoors(Protocol):
    """Load balancers: a real proxy in the region that sends a request to a ready pod, as its listeners say."""

    def open(self, region: str, name: str, listeners: Sequence[Listener]) -> None:
        """Open it, or have one that is open do as these listeners say from now on."""
        ...

    def shut(self, region: str, name: str, *, shut: bool) -> None:
        """Nothing reaches it; it is there, and answers nobody."""
        ...

    def close(self, region: str, name: str) -> None: ...


@dataclass(frozen=True)
class Origin:
    """What a front door outside of all regions passes requests on to: `host` is the Host that they then name."""

    address: str
    port: int
    name: str
    """Whose certificate it has to show."""
    host: str


@dataclass(frozen=True)
class Edge:
    """
    `origins` is asked for every request: (host that the client named) -> one of these, or None for an unknown host.
    `headers` are added to what is passed on. `certificate` is the chain and the key in PEM.
    """

    origins: Callable[[str], Sequence[Origin] | None]
    headers: Mapping[str, str]
    certificate: bytes = field(default=b"", repr=False)


class Edges(Protocol):
    """Front doors outside of all regions: real proxies, found under the region "outside"."""

    def open(self, name: str, edge: Edge) -> None:
        """Open it, or have one that is open do so from now on."""
        ...

    def close(self, name: str) -> None: ...


class Network(Protocol):
    """Reachability between regions, and of a region from outside."""

    def allowed(self, source: str, target: str) -> bool:
        """May a byte go from region `source` ("outside" for the world beyond) to region `target` now?"""
        ...

    def control_plane_answers(self, region: str) -> bool: ...
    def region_is_up(self, region: str) -> bool: ...
    def has_capacity(self, region: str) -> bool:
        """Has the region room for anything new, or for more of what is there?"""
        ...

    def global_is_frozen(self) -> bool:
        """Is nothing that lies in no region to be changed now, as in an outage of the global control planes?"""
        ...

    def hangs(self, source: str, target: str) -> bool:
        """
        Where a byte may not go, or nothing answers: is the caller left waiting (True), or refused at once (False)?
        """
        ...

    def health_lie(self, name: str) -> bool | None:
        """What the health check of this name (its id, or its tag Name) says whatever is true; None: the truth."""
        ...


class Fabric(Protocol):
    """All of it."""

    @property
    def regions(self) -> Sequence[str]: ...
    @property
    def databases(self) -> Databases: ...
    @property
    def caches(self) -> Caches: ...
    @property
    def compute(self) -> Compute: ...
    @property
    def front_doors(self) -> FrontDoors: ...
    @property
    def edges(self) -> Edges: ...
    @property
    def network(self) -> Network: ...
