"""
The pods of one region's node: started, probed, restarted with back-off, replaced when their template changes.

Times are the kubelet's own divided by the world's pace (probe period 10 s, back-off from 10 s to 5 min).
"""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.dataplane.addresses import NumberPool
from sandbox.dataplane.jobs import LONGEST_LOG, Jobs
from sandbox.dataplane.processes import pod_user

PROBE_PERIOD_SECONDS = 10.0
BACK_OFF_SECONDS = (10.0, 300.0)
PROBE_TIMEOUT_SECONDS = 0.5
FIRST_PROBES_EVERY_SECONDS = 0.05
FAILS_ON = "DR_FAILS_ON"
"""The variable that tells the app at which path to fail (`app.py`)."""
NOT_WAITED_FOR = "sentinel"
"""Ready as soon as it runs: two of them would renew against each other, so the old one goes at once (Recreate)."""


@dataclass(frozen=True)
class Process:
    """An entry point of an image, and what it is told."""

    command: tuple[str, ...]
    env: dict[str, str]


NO_PROGRAM = ("spoiled",)
"""What runs in a pod whose own program crashes: no image has such an entry point."""


@dataclass(frozen=True)
class Spoiled:
    """What is wrong with a program: it answers 500 at `path` and below, or without one it crashes at each start."""

    path: str = ""

    def of(self, process: Process) -> Process:
        return Process(process.command, {**process.env, FAILS_ON: self.path}) if self.path else Process(NO_PROGRAM, {})


Version = tuple[tuple[str, ...], frozenset[tuple[str, str]]]


@dataclass
class Pod:
    name: str
    deployment: tuple[str, str]  # namespace, name
    template: str
    number: int
    address: str
    pid: int | None = None
    begun: bool = False  # all that comes before its own process has ended well
    ready: bool = False
    restarts: int = 0
    leaving: bool = False
    watcher: asyncio.Task[None] | None = None
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: asyncio.Event = field(default_factory=asyncio.Event)  # it is started again without waiting
    spoiled: Spoiled | None = None
    status: int = 0


@dataclass
class Deployment:
    process: Process
    init: tuple[Process, ...]
    replicas: int
    template: str  # changes with the template, and with a restart


class Node:
    """Runs Deployments. `address_of` turns a pod's number into its address; all pods listen on `port`."""

    def __init__(
        self, *, address_of: Callable[[int], str], port: int, pace: float, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._address_of, self._port, self._pace, self._folder = address_of, port, pace, folder
        self._environment = dict(environment)
        self._numbers = NumberPool()
        self._deployments: dict[tuple[str, str], Deployment] = {}
        self._pods: dict[str, Pod] = {}
        self._exposed: dict[int, set[tuple[str, str]]] = {}
        self._bad: list[tuple[str, Version, Spoiled]] = []
        self._zygote: asyncio.subprocess.Process | None = None
        self._awaited: dict[str, asyncio.Future[int]] = {}
        self._revision = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = asyncio.Event()
        self.jobs = Jobs(self._tell, self._keep, folder, environment)

    async def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._zygote = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sandbox.dataplane.zygote",
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
        )
        self._keep(self._listen())

    def apply(self, namespace: str, name: str, replicas: int, process: Process, init: tuple[Process, ...] = ()) -> None:
        key = (namespace, name)
        old = self._deployments.get(key)
        same = old is not None and (old.process, old.init) == (process, init)
        template = old.template if old is not None and same else f"{next(self._revision):x}"
        self._deployments[key] = Deployment(process, init, replicas, template)
        self._reconcile(key)

    def restart(self, namespace: str, name: str) -> None:
        self._deployments[(namespace, name)].template = f"{next(self._revision):x}"
        self._reconcile((namespace, name))

    def reboot(self, namespace: str, name: str) -> None:
        """Start their processes again where they are: what is wrong with a pod stays wrong."""
        for pod in self._mine((namespace, name)):
            pod.at_once.set()
            self._kill(pod)

    def spoil(self, service: str, spoiled: Spoiled | None, *, version: bool) -> int:
        """
        What runs of a service now fails at each start, whoever starts it; pods that come later are well, but those of
        the same `version` where that is what is bad. None mends it all. How many pods run of it.
        """
        self._bad = [each for each in self._bad if each[0] != service]
        found = [pod for pod in self._pods.values() if not pod.leaving and self._service(pod) == service]
        for pod in found:
            if spoiled is None and pod.spoiled is None:
                continue  # it came later, and is well
            pod.spoiled = spoiled
            wanted = self._deployments.get(pod.deployment)
            if version and spoiled is not None and wanted is not None:
                self._bad.append((service, _version(wanted.process), spoiled))
            pod.at_once.set()
            self._kill(pod)
        return len(found)

    def _own(self, pod: Pod, process: Process) -> Process:
        """What a pod runs in place of its own process, where something is wrong with one of them."""
        bad = next((how for _, version, how in self._bad if version == _version(process)), pod.spoiled)
        return process if bad is None else bad.of(process)

    def _mine(self, key: tuple[str, str]) -> list[Pod]:
        return [pod for pod in self._pods.values() if pod.deployment == key and not pod.leaving]

    def _kill(self, pod: Pod) -> None:
        if pod.pid is not None:
            self._tell({"kill": pod.pid, "signal": int(signal.SIGKILL)})

    def remove(self, namespace: str, name: str) -> None:
        if self._deployments.pop((namespace, name), None):
            self._reconcile((namespace, name))

    def describe(self, namespace: str | None = None) -> list[dict[str, Any]]:
        return [
            {
                "name": pod.name,
                "namespace": pod.deployment[0],
                "deployment": pod.deployment[1],
                "service": self._service(pod),
                "address": pod.address,
                "port": self._port,
                "ready": pod.ready,
                "restarts": pod.restarts,
                "current": pod.deployment in self._deployments
                and pod.template == self._deployments[pod.deployment].template,
                "pid": pod.pid,
            }
            for pod in self._pods.values()
            if not pod.leaving and namespace in (None, pod.deployment[0])
        ]

    def _service(self, pod: Pod) -> str:
        """What it runs, by the name that the service itself goes by."""
        wanted = self._deployments.get(pod.deployment)
        return (wanted.process.env.get("SERVICE") if wanted else None) or pod.deployment[1]

    def log(self, namespace: str, name: str) -> str:
        """The end of what a pod wrote; empty for one that is not there."""
        pod, path = self._pods.get(name), self._log_of(name)
        if pod is None or pod.deployment[0] != namespace or not path.exists():
            return ""
        return path.read_bytes()[-LONGEST_LOG:].decode(errors="replace")

    def _log_of(self, pod: str) -> Path:
        return self._folder / f"{pod}.log"

    def expose(self, node_port: int, namespace: str, deployments: Sequence[str]) -> None:
        """Have a port of the node lead to the pods of these Deployments."""
        self._exposed[node_port] = {(namespace, name) for name in deployments}

    def targets(self, node_port: int) -> list[tuple[str, int]]:
        """Where a request to a port of the node may go: ready pods, else all that run."""
        behind = self._exposed.get(node_port, set())
        begun = [pod for pod in self._pods.values() if pod.begun and pod.deployment in behind]
        running = [pod for pod in begun if pod.pid is not None]
        ready = [pod for pod in running if pod.ready and not pod.leaving]
        return [(pod.address, self._port) for pod in ready or running]

    # what follows keeps the pods as the Deployments want them

    def _keep(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _reconcile(self, key: tuple[str, str]) -> None:
        wanted = self._deployments.get(key)
        mine = [pod for pod in self._pods.values() if pod.deployment == key and not pod.leaving]
        if wanted is None:
            for pod in mine:
                self._dismiss(pod)
            return
        current = [pod for pod in mine if pod.template == wanted.template]
        for pod in current[wanted.replicas :]:
            self._dismiss(pod)
        for _ in range(wanted.replicas - len(current)):
            number = self._numbers.take()
            name = f"{key[1]}-{wanted.template}-{secrets.token_hex(3)}"
            pod = Pod(name, key, wanted.template, number, self._address_of(number))
            self._pods[name] = pod
            pod.watcher = self._keep(self._live(pod, wanted))
        if wanted.replicas == 0 or all(pod.ready for pod in current[: wanted.replicas]):
            self._dismiss_old(key)

    def _dismiss_old(self, key: tuple[str, str]) -> None:
        """Pods of an earlier template go when the new ones are ready."""
        wanted = self._deployments.get(key)
        if wanted is None:
            return
        mine = [pod for pod in self._pods.values() if pod.deployment == key and not pod.leaving]
        if sum(pod.ready for pod in mine if pod.template == wanted.template) >= wanted.replicas:
            for pod in mine:
                if pod.template != wanted.template:
                    self._dismiss(pod)

    def _dismiss(self, pod: Pod) -> None:
        pod.leaving, pod.ready = True, False
        if pod.watcher:
            pod.watcher.cancel()
        self._keep(self._end(pod))

    async def _end(self, pod: Pod) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if pod.pid is None:
                break
            self._tell({"kill": pod.pid, "signal": int(number)})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(pod.exited.wait(), 1.0)
        self._pods.pop(pod.name, None)
        self._numbers.give_back(pod.number)

    async def _live(self, pod: Pod, wanted: Deployment) -> None:
        """Start what comes before, then start, probe, and start again after each end, later each time."""
        await self._started.wait()
        for before in wanted.init:
            await self._run_to_its_end(pod, before)
        pod.begun = True
        back_off = BACK_OFF_SECONDS[0] / self._pace
        probed = wanted.process.command[:1] != (NOT_WAITED_FOR,)
        while True:
            pod.exited.clear()
            pod.at_once.clear()
            pod.pid = await self._fork(pod, self._own(pod, wanted.process))
            started = asyncio.get_running_loop().time()
            while not pod.exited.is_set():
                answers = await _answers(pod.address, self._port) if probed else True
                ready = answers and not pod.exited.is_set()
                if ready != pod.ready:
                    pod.ready = ready
                    self._dismiss_old(pod.deployment)
                wait = PROBE_PERIOD_SECONDS / self._pace if pod.ready else FIRST_PROBES_EVERY_SECONDS
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(pod.exited.wait(), wait)
            if asyncio.get_running_loop().time() - started > BACK_OFF_SECONDS[0]:
                back_off = BACK_OFF_SECONDS[0] / self._pace
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(pod.at_once.wait(), back_off)
            back_off = min(back_off * 2, BACK_OFF_SECONDS[1] / self._pace)
            pod.restarts += 1

    async def _run_to_its_end(self, pod: Pod, process: Process) -> None:
        """An init container: once for each pod, again and again until it ends well."""
        back_off = BACK_OFF_SECONDS[0] / self._pace
        while True:
            pod.exited.clear()
            pod.pid = await self._fork(pod, process)
            await pod.exited.wait()
            if pod.status == 0:
                return
            await asyncio.sleep(back_off)
            back_off = min(back_off * 2, BACK_OFF_SECONDS[1] / self._pace)
            pod.restarts += 1

    async def _fork(self, pod: Pod, process: Process) -> int:
        env = {
            **self._environment,
            **process.env,
            "HOST": pod.address,
            "PORT": str(self._port),
            "HOSTNAME": pod.name,
        }
        answer = asyncio.get_running_loop().create_future()
        self._awaited[pod.name] = answer
        log = str(self._log_of(pod.name))
        self._tell({"fork": pod.name, "command": list(process.command), "env": env, "log": log, "user": pod_user().uid})
        pid: int = await asyncio.shield(answer)
        return pid

    def _tell(self, message: dict[str, Any]) -> None:
        if self._zygote is not None and self._zygote.stdin is not None:
            self._zygote.stdin.write(json.dumps(message).encode() + b"\n")

    async def _listen(self) -> None:
        if self._zygote is None or self._zygote.stdout is None:
            return
        async for line in self._zygote.stdout:
            said = json.loads(line)
            if "ready" in said:
                self._started.set()
            elif "forked" in said:
                if not self.jobs.forked(said["forked"], said["pid"]):
                    self._forked(said["forked"], said["pid"])
            else:
                self.jobs.exited(said["exited"], said["status"])
                for pod in self._pods.values():
                    if pod.pid == said["exited"]:
                        pod.pid, pod.ready, pod.status = None, False, said["status"]
                        pod.exited.set()

    def _forked(self, name: str, pid: int) -> None:
        answer, pod = self._awaited.pop(name, None), self._pods.get(name)
        if pod is None or pod.leaving:  # dismissed before it was born
            self._tell({"kill": pid, "signal": int(signal.SIGKILL)})
            return
        pod.pid = pid
        if answer is not None and not answer.done():
            answer.set_result(pid)


def _version(process: Process) -> Version:
    """What tells one version from another: what it is told of us, and not who it is in its cloud."""
    return process.command, frozenset(each for each in process.env.items() if each[0].startswith("DR_"))


async def _answers(address: str, port: int) -> bool:
    """The readiness probe: 200 to GET /health/ready in time."""
    writer = None
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(b"GET /health/ready HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
            status = await reader.readline()
            return b" 200 " in status
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()
