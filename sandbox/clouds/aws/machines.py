"""
Groups of machines: each machine is a real process, started by what its launch template tells it, probed by the front
door in front of it, and replaced when it fails.

Times are those of the cloud divided by the world's pace.
"""

import base64
import http.client
import json
import logging
import math
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.clouds.aws.accounts import Accounts
from sandbox.clouds.aws.identities import Identities
from sandbox.clouds.context import Context
from sandbox.fabric import FabricError, PodSpec, PodState

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.1
BOOT_SECONDS = 40.0
"""From its launch until what it runs is started: as an image with everything in it takes on EC2."""
LONGEST_PROBE_SECONDS = 0.5
SERVICE_FILE = "/etc/dr/service.json"
SERVICE_PORT = 8080
"""Every process of a region listens there; which port a machine declares leads to it."""


@dataclass
class Machine:
    """`state` and `health` are the words of Auto Scaling; `is_target` is what the front door's own probes found."""

    identity: str
    version: str
    zone: str
    launched: float = field(default_factory=time.monotonic)
    launched_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    in_service: float | None = None
    is_target: bool | None = None
    good: int = 0
    bad: int = 0
    probed: float = 0.0
    groups: tuple[str, ...] = ()


@dataclass
class Refresh:
    """Machines `old` are replaced, while so many percent of those that are wanted serve."""

    identity: str
    old: set[str]
    healthy_percent: int
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    status: str = "InProgress"


@dataclass
class Group:
    """One Auto Scaling group, as the API says it. `version` may be `$Latest`."""

    region: str
    name: str
    template: str
    version: str
    least: int
    most: int
    wanted: int
    subnets: str
    zones: tuple[str, ...]
    health_check: str = "EC2"
    grace_seconds: float = 0.0
    targets: list[str] = field(default_factory=list)
    tags: dict[str, tuple[str, bool]] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    machines: dict[str, Machine] = field(default_factory=dict)
    refreshes: list[Refresh] = field(default_factory=list)
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    exposed: tuple[int, ...] = ()


class NoSuchGroup(LookupError):
    """There is no group of this name."""


class Machines:
    """All groups of one world. What it does it does by itself, some moments after it was asked."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.groups: dict[tuple[str, str], Group] = {}
        self.lock = threading.RLock()
        self._begun = False

    def add(self, group: Group) -> None:
        with self.lock:
            self.groups[group.region, group.name] = group
            if not self._begun:
                self._begun = True
                self._context.background("machines", self._keep)

    def find(self, region: str, name: str) -> Group:
        """Raises NoSuchGroup."""
        with self.lock:
            if (region, name) not in self.groups:
                raise NoSuchGroup(name)
            return self.groups[region, name]

    def remove(self, region: str, name: str) -> None:
        with self.lock:
            group = self.groups.pop((region, name))
            for machine in list(group.machines.values()):
                self._terminate(group, machine)
            self._expose(group)

    def find_machine(self, region: str, identity: str) -> tuple[Group, Machine] | None:
        with self.lock:
            here = [group for group in self.groups.values() if group.region == region]
            return next(((group, group.machines[identity]) for group in here if identity in group.machines), None)

    def terminate(self, region: str, identity: str) -> None:
        """As somebody's hand does it: the group makes another one."""
        with self.lock:
            found = self.find_machine(region, identity)
            if found is not None:
                self._terminate(*found)

    def reboot(self, region: str, identity: str) -> None:
        found = self.find_machine(region, identity)
        if found is not None:
            self._context.fabric.compute.reboot(region, found[0].name, identity)

    def console(self, region: str, identity: str) -> str:
        """What it wrote last; empty for one that does not run yet."""
        found = self.find_machine(region, identity)
        if found is None:
            return ""
        pods = self._pods(found[0]).get(identity)
        return self._context.fabric.compute.pod_log(region, found[0].name, pods.name) if pods is not None else ""

    def refresh(self, group: Group, healthy_percent: int, *, skip_matching: bool) -> str:
        with self.lock:
            wanted = self.version(group)
            old = {each.identity for each in group.machines.values() if not (skip_matching and each.version == wanted)}
            made = Refresh(f"{secrets.token_hex(4)}-{secrets.token_hex(6)}", old, healthy_percent)
            group.refreshes.insert(0, made)
            return made.identity

    def version(self, group: Group) -> str:
        """The number of the version of the template that is wanted."""
        template = self._template(group)
        return str(template.get_version(group.version).number)

    def health(self, target_group: str) -> list[tuple[str, str]] | None:
        """(machine, state of its target), or None where no group of machines is behind it."""
        with self.lock:
            behind = [group for group in self.groups.values() if target_group in group.targets]
            words = {None: "initial", True: "healthy", False: "unhealthy"}
            found = [(each.identity, words[each.is_target]) for group in behind for each in group.machines.values()]
            return found if behind else None

    # what follows keeps the machines as the groups want them

    def _keep(self) -> None:
        while not self._context.stopping.wait(LOOK_EVERY_SECONDS):
            for group in list(self.groups.values()):
                network = self._context.fabric.network
                if not (network.region_is_up(group.region) and network.control_plane_answers(group.region)):
                    continue
                try:
                    self._look(group)
                except FabricError as error:
                    log.info("%s: %s", group.name, error)  # its region is going, or coming back
                except Exception:
                    log.exception("the machines of %s", group.name)

    def _look(self, group: Group) -> None:
        pods = self._pods(group)
        for machine in list(group.machines.values()):
            self._probe(group, machine, pods.get(machine.identity))
        with self.lock:
            if self.groups.get((group.region, group.name)) is not group:
                return
            for machine in list(group.machines.values()):
                if self._has_failed(group, machine):
                    self._terminate(group, machine)
            self._advance(group)
            self._fill(group)
            self._expose(group)

    def _pods(self, group: Group) -> dict[str, PodState]:
        return {each.deployment: each for each in self._context.fabric.compute.pods(group.region, group.name)}

    def _fill(self, group: Group) -> None:
        machines = list(group.machines.values())
        for _ in range(group.wanted - len(machines)):
            self._launch(group)
        # Those of an earlier version go first, then those that serve nobody, then the oldest.
        wanted = self.version(group)
        order = sorted(machines, key=lambda it: (it.version == wanted, it.is_target is True, it.launched))
        for machine in order[: max(0, len(machines) - group.wanted)]:
            self._terminate(group, machine)

    def _launch(self, group: Group) -> None:
        machine = Machine(f"i-{secrets.token_hex(9)[:17]}", self.version(group), self._zone(group))
        group.machines[machine.identity] = machine
        template = self._template(group).get_version(machine.version).data
        machine.groups = tuple(template.get("SecurityGroupIds") or ())
        self._context.background(f"boot {machine.identity}", lambda: self._boot(group, machine, template))

    def _zone(self, group: Group) -> str:
        used = [each.zone for each in group.machines.values()]
        return min(group.zones, key=lambda zone: (used.count(zone), zone))

    def _boot(self, group: Group, machine: Machine, template: Mapping[str, Any]) -> None:
        if self._context.stopping.wait(BOOT_SECONDS / self._context.pace):
            return
        spec = self._service(group, machine, template)
        with self.lock:
            if group.machines.get(machine.identity) is not machine:
                return
            try:
                self._context.fabric.compute.apply(group.region, spec)
            except FabricError as error:
                log.info("%s does not start: %s", machine.identity, error)
                self._terminate(group, machine)
                return
            machine.in_service = time.monotonic()

    def _service(self, group: Group, machine: Machine, template: Mapping[str, Any]) -> PodSpec:
        """What its first start makes of what the template tells it, with the logins that its role lets it read."""
        profile = template.get("IamInstanceProfile") or {}
        identity = self._context.one(Identities).for_machine(str(profile.get("Name") or profile.get("Arn") or ""))
        told = _written(str(template.get("UserData") or ""))
        env = {str(key): str(value) for key, value in (told.get("environment") or {}).items()}
        for store, secret in (told.get("logins") or {}).items():
            env |= self._login(group.region, store, secret, identity)
        return PodSpec(
            namespace=group.name, deployment=machine.identity, replicas=1, command=tuple(told.get("command") or ()),
            env=env, port=SERVICE_PORT, identity=identity,
        )  # fmt: skip

    def _login(self, region: str, store: str, secret: str, identity: Mapping[str, str]) -> dict[str, str]:
        """Ask the region's own API, as the image does; what is refused there leaves the machine without a login."""
        import boto3  # noqa: PLC0415 - takes its time, which a world without machines does not need
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        ports, make = self._context.ports, boto3.session.Session().client
        client: Any = make(
            "secretsmanager", region_name=region,
            endpoint_url=f"http://{ports.addresses[region]}:{ports.clouds['aws']}",
            aws_access_key_id=identity["AWS_ACCESS_KEY_ID"], aws_secret_access_key=identity["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=10, proxies={}),
        )  # fmt: skip
        try:
            found = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
        except (BotoCoreError, ClientError) as error:
            log.info("%s is not read: %s", secret, error)
            return {}
        part = f"DR_STORE_{store.upper().replace('-', '_')}"
        return {f"{part}_USER": str(found["username"]), f"{part}_PASSWORD": str(found["password"])}

    def _probe(self, group: Group, machine: Machine, pod: PodState | None) -> None:
        """One look of the front door, when it is due: so many in a row decide."""
        if machine.in_service is None or not group.targets:
            return
        target = self._target_group(group)
        now = time.monotonic()
        if target is None or now - machine.probed < target.health_check_interval_seconds / self._context.pace:
            return
        machine.probed = now
        answers = pod is not None and self._let_in(group, machine, int(target.port)) and _answers(
            pod.address, pod.port, str(target.health_check_path or "/")
        )  # fmt: skip
        machine.good, machine.bad = (machine.good + 1, 0) if answers else (0, machine.bad + 1)
        if machine.good >= int(target.healthy_threshold_count):
            machine.is_target = True
        elif machine.bad >= int(target.unhealthy_threshold_count):
            machine.is_target = False

    def _has_failed(self, group: Group, machine: Machine) -> bool:
        if "ReplaceUnhealthy" in group.suspended or machine.in_service is None or group.health_check != "ELB":
            return False
        is_graced = time.monotonic() - machine.in_service < group.grace_seconds / self._context.pace
        return machine.is_target is False and not is_graced

    def _advance(self, group: Group) -> None:
        """Take a refresh on: give up old machines as far as enough others serve."""
        refresh = group.refreshes[0] if group.refreshes else None
        if refresh is None or refresh.status != "InProgress":
            return
        refresh.old &= set(group.machines)
        serving = [each for each in group.machines.values() if self.serves(group, each)]
        if not refresh.old:
            if len(serving) >= group.wanted:
                refresh.status, refresh.ended_at = "Successful", datetime.now(UTC)
            return
        spare = len(serving) - min(math.ceil(group.wanted * refresh.healthy_percent / 100), max(0, group.wanted - 1))
        for identity in sorted(refresh.old, key=lambda it: self.serves(group, group.machines[it])):
            machine = group.machines[identity]
            serves = self.serves(group, machine)
            if serves and spare <= 0:
                return
            spare -= serves
            self._terminate(group, machine)

    def serves(self, group: Group, machine: Machine) -> bool:
        """As the group takes it: in service, and healthy where the front door is asked."""
        return machine.in_service is not None and (not group.targets or machine.is_target is True)

    def _terminate(self, group: Group, machine: Machine) -> None:
        group.machines.pop(machine.identity, None)
        if machine.in_service is not None:
            self._context.fabric.compute.remove(group.region, group.name, machine.identity)

    def _expose(self, group: Group) -> None:
        """The front door sends to those that it takes for healthy, and to all where it takes none for it."""
        running = [each for each in group.machines.values() if each.in_service is not None]
        port = next((int(it.port) for it in [self._target_group(group)] if it is not None), None)
        let_in = [each for each in running if port is not None and self._let_in(group, each, port)]
        behind = [each.identity for each in let_in if each.is_target] or [each.identity for each in let_in]
        wanted = () if port is None else (port,)
        for number in {*wanted, *group.exposed}:
            names = behind if number in wanted else []
            self._context.fabric.compute.expose(group.region, number, group.name, names)
        group.exposed = wanted

    # what the rest of the cloud says

    def _template(self, group: Group) -> Any:
        from moto.ec2.models import ec2_backends  # noqa: PLC0415 - moto takes half a second to load

        return ec2_backends[self._account(group.region)][group.region].get_launch_template(group.template)

    def _target_group(self, group: Group) -> Any:
        from moto.elbv2.models import elbv2_backends  # noqa: PLC0415

        known = elbv2_backends[self._account(group.region)][group.region].target_groups
        return next((known[arn] for arn in group.targets if arn in known), None)

    def _let_in(self, group: Group, machine: Machine, port: int) -> bool:
        """Does one of its security groups have a rule for this port?"""
        from moto.ec2.models import ec2_backends  # noqa: PLC0415

        backend = ec2_backends[self._account(group.region)][group.region]
        found = [backend.get_security_group_from_id(each) for each in machine.groups]
        rules = [rule for each in found if each is not None for rule in each.ingress_rules]
        return any(
            rule.ip_protocol == "-1" or int(rule.from_port) <= port <= int(rule.to_port) for rule in rules
        )  # fmt: skip

    def _account(self, region: str) -> str:
        accounts = self._context.one(Accounts)
        return accounts.by_region.get(region, accounts.home)


def _written(user_data: str) -> Mapping[str, Any]:
    """The service file that cloud-init writes; nothing for what says no such thing."""
    text = base64.b64decode(user_data).decode() if user_data else ""
    try:
        document = json.loads(text.removeprefix("#cloud-config\n"))
        content = next(each["content"] for each in document["write_files"] if each["path"] == SERVICE_FILE)
        found: Mapping[str, Any] = json.loads(content)
    except (ValueError, KeyError, StopIteration, TypeError):
        return {}
    return found


def _answers(address: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=LONGEST_PROBE_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": "health", "Connection": "close"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
