"""
The process that is a region: its pipes, its front doors, its node with pods, its backup store's door. When it dies,
they die.

Started by the world with one end of a socket pair. Obeys one JSON line at a time ({"op": ..., ...}) and answers each
with one ({"ok": ...} or {"error": ...}). It keeps nothing on disk: the world tells it everything again when the
region comes back.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sandbox.dataplane.files import FileServer
from sandbox.dataplane.frontdoor import NodeDoor, listener_of
from sandbox.dataplane.pipes import Gates, Link, Pipe
from sandbox.dataplane.pods import Node, Process, Spoiled
from sandbox.dataplane.tls_end import TlsEnd
from sandbox.dataplane.zygote import die_with_parent


class Region:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.gates = Gates()
        self.pipes: dict[str, Pipe] = {}
        self.doors: dict[str, NodeDoor] = {}
        self.tls_ends: dict[str, TlsEnd] = {}
        self.node = Node(
            address_of=lambda number: f"{settings['pod_prefix']}.{number}",
            port=settings["pod_port"],
            pace=settings["pace"],
            folder=Path(settings["pod_folder"]),
            environment=settings["pod_environment"],
        )
        address = (settings["files_address"], settings["files_port"])
        self.files = FileServer(Path(settings["store"]), address, settings["files_token"])

    async def pipe(self, name: str, source: str, listen: list[Any], target: list[Any]) -> None:
        """Open a pipe, or point an open one elsewhere."""
        to = (str(target[0]), int(target[1]))
        if name in self.pipes:
            self.pipes[name].point_to(to)
            return
        made = Pipe(self.gates, source, to, name)
        await made.listen(str(listen[0]), int(listen[1]))
        self.pipes[name] = made

    async def close_pipe(self, name: str) -> None:
        if name in self.pipes:
            self.pipes.pop(name).close()

    async def link(self, source: str, cut: bool, delay_seconds: float) -> None:
        self.gates.links[source] = Link(cut, delay_seconds)
        self._refresh()

    async def hole(self, address: str, kind: str | None) -> None:
        """Black-hole the server at `address` ("hang"), or have it refuse; None: as it was."""
        if kind is None:
            self.gates.holes.pop(address, None)
        else:
            self.gates.holes[address] = "hang" if kind == "hang" else "refuse"
        self._refresh()

    async def shut(self, name: str, shut: bool) -> None:
        """Let nothing through a pipe, or let it through again."""
        (self.gates.shut.add if shut else self.gates.shut.discard)(name)
        self._refresh()

    def _refresh(self) -> None:
        for pipe in self.pipes.values():
            pipe.refresh()

    async def door(self, name: str, address: str, listeners: dict[str, Any]) -> None:
        """Open a door, or have an open one do as these listeners say; by port."""
        if name not in self.doors:
            self.doors[name] = NodeDoor(self.node.targets)
        await self.doors[name].listen(address, {int(port): listener_of(it) for port, it in listeners.items()})

    async def close_door(self, name: str) -> None:
        if name in self.doors:
            self.doors.pop(name).close()

    async def tls_end(self, name: str, listen: list[Any], target: list[Any], certificate: str) -> None:
        """End TLS in front of a server."""
        await self.close_tls_end(name)
        self.tls_ends[name] = TlsEnd((str(target[0]), int(target[1])))
        await self.tls_ends[name].listen(str(listen[0]), int(listen[1]), certificate.encode("ascii"))

    async def close_tls_end(self, name: str) -> None:
        if name in self.tls_ends:
            self.tls_ends.pop(name).close()

    async def apply(self, namespace: str, deployment: str, replicas: int, processes: list[dict[str, Any]]) -> None:
        """The last process is the pod's own; the others come before it."""
        *before, own = [Process(tuple(each["command"]), each["env"]) for each in processes]
        self.node.apply(namespace, deployment, replicas, own, tuple(before))

    async def expose(self, node_port: int, namespace: str, deployments: list[str]) -> None:
        self.node.expose(node_port, namespace, deployments)

    async def restart(self, namespace: str, deployment: str) -> None:
        self.node.restart(namespace, deployment)

    async def reboot(self, namespace: str, deployment: str) -> None:
        self.node.reboot(namespace, deployment)

    async def spoil(self, service: str, path: str, spoiled: bool, version: bool) -> int:
        """With a `path` it answers 500 there, without one it crashes. Gives how many pods run of the service."""
        return self.node.spoil(service, Spoiled(path) if spoiled else None, version=version)

    async def remove(self, namespace: str, deployment: str) -> None:
        self.node.remove(namespace, deployment)

    async def start_job(
        self, namespace: str, name: str, command: list[str], env: dict[str, str], seconds: float
    ) -> None:
        self.node.jobs.start(namespace, name, command, env, seconds)

    async def remove_job(self, namespace: str, name: str) -> None:
        self.node.jobs.remove(namespace, name)

    async def jobs(self, namespace: str) -> list[dict[str, Any]]:
        return self.node.jobs.describe(namespace)

    async def job_log(self, namespace: str, name: str) -> str:
        return self.node.jobs.log(namespace, name)

    async def pods(self, namespace: str | None = None) -> list[dict[str, Any]]:
        return self.node.describe(namespace)

    async def pod_log(self, namespace: str, pod: str) -> str:
        return self.node.log(namespace, pod)


async def obey(control: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=control, limit=1 << 24)
    region = Region(json.loads(await reader.readline()))
    await region.node.start()
    writer.write(b'{"ok": "up"}\n')
    operations: dict[str, Callable[..., Awaitable[Any]]] = {
        name: getattr(region, name)
        for name in (
            *("pipe", "close_pipe", "link", "hole", "shut", "door", "close_door", "apply", "restart", "remove"),
            *("reboot", "spoil", "tls_end", "close_tls_end"),
            *("expose", "pods", "pod_log", "start_job", "remove_job", "jobs", "job_log"),
        )
    }
    async for line in reader:
        asked = json.loads(line)
        try:
            answer: dict[str, Any] = {"ok": await operations[asked.pop("op")](**asked)}
        except Exception as error:  # noqa: BLE001 (the world decides what it means)
            answer = {"error": f"{type(error).__name__}: {error}"}
        writer.write(json.dumps(answer).encode() + b"\n")


def main() -> None:
    descriptor = int(sys.argv[1])
    die_with_parent(os.getppid())
    asyncio.run(obey(socket.socket(fileno=descriptor)))


if __name__ == "__main__":
    main()
