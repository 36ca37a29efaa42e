"""
What can go wrong in the world, by name, and how it is undone. Each fault is data: a name, what it strikes, options.

region R [hang]            every process of the region is killed, its state backend is gone; hang: it runs on, and no
byte passes its border link A B [one_way]         no byte passes between A and B ("outside" is a place too); one_way:
A cannot open a connection to B slow A B ms=N              N ms more for a byte from A to B and from B to A, each way
database IDENT [hang] [standby]   the server behind the endpoint (or its standby) is killed; hang: connections are
taken, never answered disk R IDENT               every write to a file of that database's servers fails
backup R NAME [log]        bytes of its base (or of its log) are flipped
health NAME [says]         the health check says "healthy" (or what `says` says), whatever is true
control-plane R            the region's control plane is silent, its data plane runs on
capacity R                 the region has no room for a new database, nor for a change of one
front-door                 the front doors outside of all regions answer nobody
frozen                     nothing that lies in no region can be changed: roles, names, global traffic
service R NAME             the processes of a service that run now hang: they are stopped, and answer nothing
crash R NAME [version]     what runs of a service now crashes at each start; what comes in its place does not, but
with `version`, as long as it is told the same errors R NAME path=P [version]   the same, and it answers 500 at the path
P and below, as the service sees it
state STACK                the state backend that the stack lives in cannot be reached
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from sandbox.dataplane.addresses import OUTSIDE
from sandbox.dataplane.fabric import WorldFabric
from sandbox.dataplane.instances import Instance
from sandbox.dataplane.postgres import PostgresError, Server
from sandbox.dataplane.regions import Host
from sandbox.fabric import FabricError


class BadFault(Exception):
    """No such fault, or not with these words. `hint` says what is possible."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Kind:
    """A fault's words: what it strikes, in order, and its options with their defaults."""

    strikes: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "region": Kind(("region",), {"hang": False}),
    "link": Kind(("a", "b"), {"one_way": False}),
    "slow": Kind(("a", "b"), {"ms": 100}),
    "database": Kind(("identifier",), {"hang": False, "standby": False}),
    "disk": Kind(("region", "identifier")),
    "backup": Kind(("region", "name"), {"log": False, "seed": 0}),
    "health": Kind(("name",), {"says": "healthy"}),
    "control-plane": Kind(("region",)),
    "capacity": Kind(("region",)),
    "front-door": Kind(()),
    "frozen": Kind(()),
    "service": Kind(("region", "name")),
    "crash": Kind(("region", "name"), {"version": False}),
    "errors": Kind(("region", "name"), {"path": "/orders", "version": False}),
    "state": Kind(("stack",)),
}


@dataclass(frozen=True)
class Fault:
    kind: str
    strikes: tuple[str, ...]
    options: Mapping[str, Any]
    since: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return (self.kind, *self.strikes, *(["standby"] if self.options.get("standby") else []))


def fault_of(kind: str, arguments: Mapping[str, Any]) -> Fault:
    """A fault from its name and arguments by name. Raises BadFault."""
    known = KINDS.get(kind)
    if known is None:
        raise BadFault(f"there is no fault {kind!r}", f"one of: {', '.join(KINDS)}")
    needed = " ".join(known.strikes).upper()
    options = "".join(f" [--{name.replace('_', '-')}]" for name in known.options)
    hint = f"dr sandbox break {kind} {needed}{options}"
    missing = [name for name in known.strikes if not arguments.get(name)]
    unknown = [name for name in arguments if name not in known.strikes and name not in known.options]
    if missing or unknown:
        wrong = f"lacks {', '.join(missing)}" if missing else f"knows no {', '.join(unknown)}"
        raise BadFault(f"the fault {kind} {wrong}", hint)
    strikes = tuple(str(arguments[name]) for name in known.strikes)
    return Fault(kind, strikes, {name: arguments.get(name, default) for name, default in known.options.items()})


class Faults:
    """Breaks and heals one world."""

    def __init__(
        self,
        fabric: WorldFabric,
        hosts: Mapping[str, Host],
        *,
        state_folders: Mapping[str, Path],
        state_regions: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._fabric, self._hosts, self._say = fabric, hosts, say
        self._state_folders = state_folders  # by region
        self._state_regions = state_regions  # by stack
        self._present: dict[tuple[str, ...], Fault] = {}
        self._struck: dict[tuple[str, ...], Server] = {}
        self._hanging: dict[tuple[str, ...], list[psutil.Process]] = {}
        self._lock = threading.RLock()

    def present(self) -> list[dict[str, Any]]:
        return [
            {
                "fault": fault.kind,
                **dict(zip(KINDS[fault.kind].strikes, fault.strikes, strict=True)),
                **fault.options,
                "since": fault.since,
            }
            for fault in self._present.values()
        ]

    def break_(self, kind: str, arguments: Mapping[str, Any]) -> bool:
        """False: it was so already. Raises BadFault."""
        fault = fault_of(kind, arguments)
        with self._lock:
            self._check(fault)
            if fault.key in self._present:
                if self._present[fault.key].options == fault.options:
                    return False
                self._undo(self._present.pop(fault.key))
            self._do(fault)
            now = datetime.now(UTC).isoformat()
            self._present[fault.key] = Fault(fault.kind, fault.strikes, fault.options, now)
        self._say(f"broken: {' '.join(fault.key)} {dict(fault.options)}")
        return True

    def heal(self, kind: str | None, arguments: Mapping[str, Any]) -> int:
        """Undo what matches: everything, one kind, or one kind where `arguments` says. How many. Raises BadFault."""
        if kind is not None and kind not in KINDS:
            raise BadFault(f"there is no fault {kind!r}", f"one of: {', '.join(KINDS)}")
        with self._lock:
            # Regions last: what lies in them must be mended first, so that they come back whole.
            chosen = [fault for fault in self._present.values() if _matches(fault, kind, arguments)]
            for fault in sorted(chosen, key=lambda fault: fault.kind == "region"):
                self._present.pop(fault.key)
                self._undo(fault)
                self._say(f"healed: {' '.join(fault.key)}")
            return len(chosen)

    def _check(self, fault: Fault) -> None:
        regions = [*self._hosts, OUTSIDE]
        named: Sequence[str] = ()
        if fault.kind in {"link", "slow"}:
            named = fault.strikes
        elif fault.kind in {"region", "control-plane", "capacity", "backup", "disk", "service", "crash", "errors"}:
            named, regions = fault.strikes[:1], [*self._hosts]
        for region in named:
            if region not in regions:
                raise BadFault(f"there is no region {region}", f"one of: {', '.join(regions)}")
        if fault.kind == "state" and fault.strikes[0] not in self._state_regions:
            raise BadFault(f"there is no stack {fault.strikes[0]}", f"one of: {', '.join(self._state_regions)}")

    def _do(self, fault: Fault) -> None:
        self._act(fault, broken=True)

    def _undo(self, fault: Fault) -> None:
        self._act(fault, broken=False)

    def _act(self, fault: Fault, *, broken: bool) -> None:
        network, first = self._fabric.network, next(iter(fault.strikes), "")
        try:
            match fault.kind:
                case "region" if fault.options["hang"]:
                    network.isolate(first, broken)
                case "region":
                    (self._kill_region if broken else self._revive_region)(first)
                case "link" | "slow":
                    self._line(fault, broken=broken)
                case "control-plane":
                    network.silence(first, broken)
                case "capacity":
                    network.fill(first, broken)
                case "front-door":
                    self._fabric.edges.put_out(out=broken)
                case "frozen":
                    network.freeze(broken)
                case "health":
                    network.lie(first, fault.options["says"] == "healthy" if broken else None)
                case "service":
                    self._service(fault, broken=broken)
                case "crash" | "errors":
                    self._spoil(fault, broken=broken)
                case "state":
                    self._hide_state(self._state_regions[first], hidden=broken)
                case "database":
                    self._database(fault, broken=broken)
                case "disk":
                    for server in self._fabric.databases.instance(*fault.strikes).servers():
                        self._disk(server, full=broken)
                case "backup":
                    stored = self._fabric.databases.stored(*fault.strikes)
                    if broken:
                        stored.damage("log" if fault.options["log"] else "base", int(fault.options["seed"]))
                    else:
                        stored.mend()
        except (FabricError, PostgresError) as error:
            if broken:
                raise BadFault(str(error), "dr sandbox status shows what is there") from error
            self._say(f"healing {' '.join(fault.key)}: {error}")

    def _line(self, fault: Fault, *, broken: bool) -> None:
        a, b = fault.strikes
        ways = [(a, b)] if fault.options.get("one_way") else [(a, b), (b, a)]
        for source, target in ways:
            if target == OUTSIDE:
                continue  # nothing listens there
            if fault.kind == "link":
                self._fabric.network.set_way(source, target, cut=broken)
            else:
                self._fabric.network.set_way(source, target, delay_seconds=float(fault.options["ms"]) / 1000 * broken)

    def _service(self, fault: Fault, *, broken: bool) -> None:
        """Those that a Deployment starts later are new processes, and do not hang."""
        region, name = fault.strikes
        if broken:
            pids = [each["pid"] for each in self._pods_of(region, name) if each["pid"] is not None]
            if not pids:
                raise FabricError(f"no pod of {name} runs in {region}")
            self._hanging[fault.key] = []
            for pid in pids:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process = psutil.Process(pid)
                    process.suspend()
                    self._hanging[fault.key].append(process)
            return
        for process in self._hanging.pop(fault.key, []):
            with contextlib.suppress(psutil.NoSuchProcess):  # it was replaced meanwhile
                process.resume()

    def _spoil(self, fault: Fault, *, broken: bool) -> None:
        region, name = fault.strikes
        path, version = str(fault.options.get("path") or ""), bool(fault.options["version"])
        if broken and not self._pods_of(region, name):
            raise FabricError(f"no pod of {name} runs in {region}")
        if self._hosts[region].up:
            self._hosts[region].call("spoil", service=name, path=path, spoiled=broken, version=version)

    def _pods_of(self, region: str, service: str) -> list[dict[str, Any]]:
        """What runs of a service, in a cluster or on machines of its own."""
        host = self._hosts[region]
        return [each for each in (host.call("pods") if host.up else []) if each["service"] == service]

    # regions

    def _instances(self, region: str) -> list[Instance]:
        return [instance for instance in self._fabric.databases.instances() if instance.region == region]

    def _kill_region(self, region: str) -> None:
        """Everything at once, the front doors first: what comes after them was never acknowledged."""
        self._hosts[region].kill()
        for instance in self._instances(region):
            for server in instance.servers():
                server.kill()
        self._fabric.caches.kill(region)
        self._fabric.databases.pause_shipping_to(region, True)
        self._hide_state(region, hidden=True)

    def _revive_region(self, region: str) -> None:
        """It comes back as it was left: an old primary still takes itself for the primary."""
        self._hosts[region].start()
        for instance in self._instances(region):
            for server in instance.servers():
                if server not in self._struck.values():
                    self._start(instance, server)
        self._fabric.caches.revive(region)
        self._fabric.databases.pause_shipping_to(region, False)
        self._hide_state(region, hidden=False)

    def _start(self, instance: Instance, server: Server) -> None:
        try:
            server.start()
            if server is instance.server:
                instance.status = "available"
        except PostgresError as error:
            if server is instance.server:
                instance.status = "failed"
            self._say(f"{instance.identifier} did not start: {error}")

    def _hide_state(self, region: str, *, hidden: bool) -> None:
        """A file stands where the folder was, so that even making the folder anew fails."""
        folder = self._state_folders[region]
        away = folder.with_name(folder.name + ".unreachable")
        still_broken = any(
            (fault.kind == "state" and self._state_regions[fault.strikes[0]] == region)
            or (fault.kind == "region" and not fault.options["hang"] and fault.strikes[0] == region)
            for fault in self._present.values()
        )
        if hidden and not away.exists():
            folder.rename(away)
            folder.touch(0o000)
        elif not hidden and away.exists() and not still_broken:
            if folder.is_dir():
                shutil.rmtree(folder)
            else:
                folder.unlink(missing_ok=True)
            away.rename(folder)

    # databases

    def _database(self, fault: Fault, *, broken: bool) -> None:
        if not broken:
            self._mend_server(fault)
            return
        instance = self._fabric.databases.find(fault.strikes[0])
        server = instance.standby if fault.options["standby"] else instance.server
        if server is None:
            raise FabricError(f"{fault.strikes[0]} has no standby")
        self._struck[fault.key] = server
        if fault.options["hang"]:
            self._black_hole(instance, server, hangs=True)
        else:
            server.kill()
            if server is instance.server:
                instance.status = "failed"

    @staticmethod
    def _black_hole(instance: Instance, server: Server, *, hangs: bool) -> None:
        """No byte reaches it, and none leaves it for its partner in the region."""
        server.unreachable = hangs
        instance.host.hole(server.address, "hang" if hangs else None)
        if server is instance.standby:
            instance.host.cut_peer(instance.server.number, hangs)

    def _mend_server(self, fault: Fault) -> None:
        server = self._struck.pop(fault.key, None)
        try:
            instance = self._fabric.databases.find(fault.strikes[0])
        except FabricError:
            return  # deleted meanwhile
        if server is None or server not in instance.servers():
            return  # replaced by a failover meanwhile
        if fault.options["hang"]:
            self._black_hole(instance, server, hangs=False)
        elif not server.running and instance.host.up:  # else it starts with its region
            self._start(instance, server)

    @staticmethod
    def _disk(server: Server, *, full: bool) -> None:
        if full:
            server.fill_disk()
            return
        server.free_disk()
        if not server.running:
            server.start()


def _matches(fault: Fault, kind: str | None, arguments: Mapping[str, Any]) -> bool:
    if kind is None:
        return True
    words = {**fault.options, **dict(zip(KINDS[fault.kind].strikes, fault.strikes, strict=True))}
    return fault.kind == kind and all(words.get(name) == value for name, value in arguments.items() if name in words)
