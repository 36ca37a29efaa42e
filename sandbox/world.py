"""
The world: one process that holds everything together and with which everything ends.

`python -m sandbox.world serve --home DIR --plan PLAN` runs it in the foreground; `sandbox.client.World.up` starts it
detached. It writes its pid, ports and start time to `world.json` in its home, and answers on a Unix socket beside it.
"""

import argparse
import contextlib
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model import Plan, PlanError, load_plan
from model.stores import DiskStore
from sandbox.authority import Authority
from sandbox.clouds.ports import Ports
from sandbox.control import ControlServer, Operation, Refused
from sandbox.dataplane.addresses import OUTSIDE, Addresses, PortTaken, reserve
from sandbox.dataplane.caches import WorldCaches
from sandbox.dataplane.databases import WorldDatabases
from sandbox.dataplane.dns import NameServers, WorldNames
from sandbox.dataplane.edge import WorldEdges
from sandbox.dataplane.fabric import WorldCompute, WorldFabric, WorldFrontDoors
from sandbox.dataplane.keeper import Keeper
from sandbox.dataplane.network import WorldNetwork
from sandbox.dataplane.postgres import ADMIN, Installation, PostgresError
from sandbox.dataplane.processes import Spawner, database_user, memory_bytes, pod_user, start_time, watch_owner
from sandbox.dataplane.regions import FILES_PLACE, Host
from sandbox.dataplane.servers import Ground
from sandbox.fabric import FabricError
from sandbox.faults import BadFault, Faults
from sandbox.layout import DATA_PREFIX, LOCK, LOG, Layout, forget
from sandbox.peers import admits

PACE = 20.0
OBJECTS = 50_000  # made between two looks for garbage; at Python's 700 a quarter of what loads a cloud goes into them
NO_DOCKER = "unix:///nonexistent/docker.sock"
"""What a stand-in of a cloud imitates by starting containers is not offered: it would find no Docker."""
TEMPLATE_SERVER = 249  # its number; other servers count from 1


class World:
    """A running world. Everything is up when the constructor returns; `close` ends it and removes what it made."""

    def __init__(
        self,
        home: Path,
        plan: Plan,
        *,
        port_base: int | None = None,
        pace: float = PACE,
        control_planes: bool = True,
    ) -> None:
        self.layout, self.plan, self.pace = Layout(home, plan), plan, pace
        self.home = home
        self._log_lock = threading.Lock()
        self._closers: list[Any] = []
        regions = self.layout.regions
        self.addresses = Addresses(regions)
        self.numbers, port_lock = reserve(len(regions), port_base)
        self._closers.append(port_lock.close)
        try:
            self.authority = Authority(f"sandbox {plan.system}")
            self.layout.make(self.authority.certificate)
            self._start(regions, control_planes=control_planes)
        except BaseException:
            self.close()
            raise

    def _start(self, regions: list[str], *, control_planes: bool) -> None:
        user = database_user()
        data = self._data_folder()
        user.own(data)
        self.spawner = Spawner(self.layout.home)
        self._closers.append(self.spawner.close)
        template = (self.addresses.server(regions[0], TEMPLATE_SERVER), self.numbers.postgres)
        self.installation = Installation(data, self.spawner, user, template)
        self.hosts = {region: self._host(region) for region in regions}
        self.network = WorldNetwork(self.hosts)
        ground = Ground(self.installation, self.hosts, self.network, self.addresses, self.numbers, self.pace)
        databases, caches = WorldDatabases(ground), WorldCaches(ground)
        self._closers.append(lambda: self._end_processes(databases, caches))
        doors = WorldFrontDoors(self.hosts, self.addresses, self.numbers)
        compute = WorldCompute(self.hosts)
        edges = WorldEdges(self.addresses, self.numbers, self.authority.certificate)
        self._closers.append(edges.stop)
        self.fabric = WorldFabric(regions, databases, caches, compute, doors, edges, self.network, self.addresses)
        gateways = {view: self.addresses.gateway(view) for view in self.addresses.views()}
        self.names = WorldNames(gateways, self.fabric.locate, pace=self.pace)
        template_made = threading.Thread(target=self._make_template)
        template_made.start()
        self.planes = self._control_planes() if control_planes else None
        resolvers = {view: self.addresses.resolver(view) for view in self.addresses.views()}
        servers = NameServers(self.names, resolvers, self.numbers.dns, self.network.region_is_up)
        self._closers.append(servers.stop)
        starting = [threading.Thread(target=host.start) for host in self.hosts.values()]
        for thread in starting:
            thread.start()
        for thread in (*starting, template_made):
            thread.join()
        if not all(host.up for host in self.hosts.values()):
            raise FabricError("a region did not start; its region.log says why")
        self.installation.template()
        self.faults = Faults(
            self.fabric,
            self.hosts,
            state_folders={region: self.layout.state(region) for region in regions},
            state_regions=self.layout.state_regions,
            say=self.say,
        )
        interval = min(
            (db.backups.archive_interval.total_seconds() for db in self.plan.stores_of(DiskStore)), default=300.0
        )
        keeper = Keeper(databases, self.network, archive_seconds=interval / self.pace)
        self._closers.append(keeper.stop)

    def _make_template(self) -> None:
        with contextlib.suppress(PostgresError):  # asked for again, and reported, by who waits for it
            self.installation.template()

    def _data_folder(self) -> Path:
        """Where databases live: in the home, or for root in a folder that the unprivileged user can reach."""
        if not database_user().is_other:
            made = self.layout.home / "data"
            made.mkdir(mode=0o700, exist_ok=True)
        else:
            made = Path(tempfile.mkdtemp(prefix=DATA_PREFIX))
            (self.layout.home / "data").symlink_to(made)
        self._closers.append(lambda: shutil.rmtree(made, ignore_errors=True))
        return made

    def _host(self, region: str) -> Host:
        host = Host(
            region,
            self.addresses,
            self.numbers,
            self.spawner,
            folder=self.layout.region(region),
            store=self.installation.folder / region / "store",
            pace=self.pace,
        )
        behind = (self.addresses.server(region, FILES_PLACE), self.numbers.files)
        host.open_place("files", FILES_PLACE, self.numbers.files, behind)
        host.on_start = lambda: self.network.tell(region)
        return host

    def _control_planes(self) -> Any:
        from sandbox.clouds.planes import start_control_planes  # noqa: PLC0415 (half a second of imports)

        regions = self.layout.regions
        ports = Ports(
            addresses={region: self.addresses.gateway(region) for region in regions},
            clouds=self.numbers.clouds,
            providers=self.numbers.providers,
            kubernetes=self.numbers.kubernetes,
            kubernetes_providers={
                region: self.numbers.kubernetes_provider(index) for index, region in enumerate(regions)
            },
            postgres=self.numbers.postgres,
            caches=self.numbers.caches,
            http=self.numbers.http,
            https=self.numbers.https,
        )
        planes = start_control_planes(
            *(self.fabric, self.names, self.plan, ports, self.layout.home),
            authority=self.authority,
            pace=self.pace,
            admits=admits(pod_user().uid),
        )
        self._closers.append(planes.stop)
        self.layout.configure(planes.settings)
        for region, host in self.hosts.items():
            host.pod_environment.update(planes.pod_environment(region))
        return planes

    def say(self, line: str) -> None:
        with self._log_lock, (self.layout.home / LOG).open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {line}\n")

    # what can be asked of it

    def status(self) -> dict[str, Any]:
        databases = self.fabric.databases.instances()
        pids = [os.getpid()]
        return {
            "home": str(self.layout.home),
            "pid": os.getpid(),
            "plan": self.plan.system,
            "pace": self.pace,
            "authority": str(self.layout.authority),
            "ports": {
                "base": self.numbers.base,
                "postgres": self.numbers.postgres,
                "http": self.numbers.http,
                "https": self.numbers.https,
                "dns": self.numbers.dns,
                **self.numbers.clouds,
            },
            "regions": {
                region: {
                    "up": host.up,
                    "control_plane": self.network.control_plane_answers(region),
                    "reachable": self.network.allowed(OUTSIDE, region),
                    "pods": host.call("pods") if host.up else [],
                    "backups": [_dated(asdict(one)) for one in self.fabric.databases.backups(region)]
                    if host.up
                    else [],
                }
                for region, host in self.hosts.items()
            },
            "databases": [
                {
                    **asdict(one.state()),
                    "running": one.server.running,
                    "standby_in_step": one.in_step,
                    "database": one.database,
                }
                for one in databases
            ],
            "caches": [
                {"region": one.region, "name": one.identifier, "running": one.running}
                for one in self.fabric.caches.caches()
            ],
            "front_doors": [{"region": region, "name": name} for region, name in self.fabric.front_doors.places],
            "names": sorted(self.names.known()),
            "faults": self.faults.present(),
            "memory_bytes": memory_bytes(pids),
        }

    def env(self, stack: str = "") -> dict[str, str]:
        """
        What enters the world: the environment of a program that manages `stack`. Raises Refused.

        Without one: that of a site that takes over, where an operator is when the primary region is gone.
        """
        stack = stack or (self.plan.warm or self.plan.primary).stack
        region = self.layout.state_regions.get(stack)
        if region is None:
            raise Refused(f"there is no stack {stack}", f"one of: {', '.join(self.layout.state_regions)}", 2)
        return {
            **(self.planes.env(region) if self.planes else {}),
            "PULUMI_BACKEND_URL": f"file://{self.layout.state(region)}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.layout.passphrase),
            "DR_DATABASE_PASSWORD_FILE": str(self.layout.database_password),
            "DR_RESOLVER": f"127.0.0.1:{self.numbers.dns}",
            "DR_VANTAGE_POINTS": ",".join(
                f"{view}={self.addresses.resolver(view)}:{self.numbers.dns}" for view in self.addresses.views()
            ),
            "DR_POSTGRES_PORT": str(self.numbers.postgres),
            "DR_PACE": f"{self.pace:g}",
            "DR_HTTP_PORT": str(self.numbers.http),
            "DR_HTTPS_PORT": str(self.numbers.https),
            "DR_CA_FILE": str(self.layout.authority),
            "DR_SANDBOX": str(self.layout.home),
            "DR_PROJECT": str(self.layout.project),
        }

    def break_(self, fault: str, arguments: Mapping[str, Any]) -> bool:
        """Raises Refused."""
        try:
            return self.faults.break_(fault, arguments)
        except BadFault as error:
            raise Refused(str(error), error.hint, 2) from error

    def heal(self, fault: str | None, arguments: Mapping[str, Any]) -> int:
        """Raises Refused."""
        try:
            return self.faults.heal(fault, arguments)
        except BadFault as error:
            raise Refused(str(error), error.hint, 2) from error

    def admin_dsn(self, identifier: str) -> str:
        """Straight to the server behind the endpoint, past every fault of the network: for proofs, not for programs."""
        try:
            instance = self.fabric.databases.find(identifier)
        except FabricError as error:
            raise Refused(str(error), "dr sandbox status lists the databases", 2) from error
        server = instance.server
        return f"postgresql://{ADMIN}:{self.installation.password}@{server.address}:{server.port}/{instance.database}"

    def _end_processes(self, databases: WorldDatabases, caches: WorldCaches) -> None:
        databases.close()
        caches.close()
        for host in self.hosts.values():
            host.kill()
        for instance in databases.instances():
            for server in instance.servers():
                server.kill()

    def close(self) -> None:
        """End everything, newest first. Harmless when done already."""
        while self._closers:
            with contextlib.suppress(Exception):
                self._closers.pop()()


def _dated(backup: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in backup.items()}


def serve(arguments: argparse.Namespace) -> None:
    """Run a world until somebody ends it, or its owner is gone. Raises Refused, PlanError, OSError."""
    home = Path(arguments.home).resolve()
    gone = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: gone.set())
    if arguments.owner:
        pid, _, started = arguments.owner.partition(":")
        watch_owner(int(pid), float(started) if started else None, gone)
    began = time.monotonic()
    kept = [entry.name for entry in home.iterdir() if entry.name not in (LOG, LOCK)] if home.is_dir() else []
    world = World(home, load_plan(arguments.plan), port_base=arguments.port_base, pace=arguments.pace)
    try:
        operations: dict[str, Operation] = {
            "status": world.status,
            "env": world.env,
            "break": world.break_,
            "heal": world.heal,
            "admin_dsn": world.admin_dsn,
            "down": gone.set,
            "ping": os.getpid,
        }
        control = ControlServer(home, operations)
        about: dict[str, Any] = {"pid": os.getpid(), "started": start_time(os.getpid()), "base": world.numbers.base}
        about["kept"] = kept
        about["data"] = str(world.installation.folder)
        about["took_seconds"] = round(time.monotonic() - began, 3)
        (home / "world.json").write_text(json.dumps(about))
        world.say(f"up in {about['took_seconds']} s")
        if _report(arguments.report, {"ok": about}):
            gone.wait()
        control.stop()
    finally:
        world.close()
        forget(home, kept)


def _report(descriptor: int | None, message: dict[str, Any]) -> bool:
    """
    Tell whoever started us, once. False: they are gone, so nobody would ever end this world.

    After a failure the descriptor stays open until this process ends: they wait for that.
    """
    if descriptor is None:
        return True
    try:
        os.write(descriptor, json.dumps(message).encode() + b"\n")
        if "ok" in message:
            os.close(descriptor)
    except OSError:
        return False
    return True


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m sandbox.world", description="Run a small world.")
    made.add_argument("command", choices=["serve"])
    made.add_argument("--home", required=True, help="its folder; must be empty or new")
    made.add_argument("--plan", required=True, help="plans/NAME.yaml, or NAME")
    made.add_argument("--port-base", type=int, help="first of a block of ports (default: a free one)")
    made.add_argument("--owner", help="PID[:START]: end when this process ends")
    made.add_argument("--pace", type=float, default=PACE, help="how many times faster the cloud's own waiting runs")
    made.add_argument("--report", type=int, help=argparse.SUPPRESS)
    return made


def main(given: Sequence[str] | None = None) -> int:
    """`given`: its arguments (None: those of this process)."""
    gc.set_threshold(OBJECTS, 20, 20)
    # Whatever a world writes is its user's alone. Root's databases belong to another user, who has to get in; there the
    # two folders that hold everything are closed instead.
    os.umask(0o022 if database_user().is_other else 0o077)
    os.environ["DOCKER_HOST"] = NO_DOCKER
    arguments = parser().parse_args(given)
    try:
        serve(arguments)
    except PortTaken as error:
        failure = {"error": str(error), "hint": "choose another with --port-base, or leave it out", "code": 3}
    except Refused as error:
        failure = {"error": str(error), "hint": error.hint, "code": error.code}
    except PlanError as error:
        failure = {"error": str(error), "hint": "dr plan check explains", "code": 2}
    except OSError as error:
        failure = {
            "error": f"{arguments.home}: {error.strerror or error}",
            "hint": "free space, or choose another --home",
            "code": 1,
        }
    except (FabricError, PostgresError) as error:
        failure = {"error": str(error), "hint": "world.log and the logs in regions/ say more", "code": 7}
    else:
        return 0
    print(f"{failure['error']}\nhint: {failure['hint']}", file=sys.stderr)
    _report(arguments.report, failure)
    return int(str(failure["code"]))


if __name__ == "__main__":
    sys.exit(main())
