"""The world's side of a region: its process, and all it was told, so that a region that comes back is as it was."""

import json
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox.dataplane.addresses import OUTSIDE, Addresses, NumberPool, Numbers
from sandbox.dataplane.processes import Spawner, kill_tree
from sandbox.fabric import FabricError

CALL_TIMEOUT_SECONDS = 20.0
ROOT = Path(__file__).resolve().parents[2]
FILES_PLACE = 250


@dataclass
class Host:
    """One region: `call` reaches its process, `keep` also remembers the order for its next life."""

    name: str
    addresses: Addresses
    numbers: Numbers
    spawner: Spawner
    folder: Path  # logs of its process and pods
    store: Path  # backups that lie in this region
    pace: float
    places: NumberPool = field(default_factory=NumberPool)
    servers: NumberPool = field(default_factory=NumberPool)
    doors: NumberPool = field(default_factory=NumberPool)
    pod_environment: dict[str, str] = field(default_factory=dict, repr=False)  # how pods reach their cloud
    files_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)  # opens the backup store
    on_start: Callable[[], None] = lambda: None
    _process: "subprocess.Popen[bytes] | None" = None
    _control: socket.socket | None = None
    _answers: Any = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _kept: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)

    def start(self) -> None:
        """Start the process and tell it everything it is to be. Raises FabricError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store.mkdir(parents=True, exist_ok=True)
        with self._lock:
            ours, theirs = socket.socketpair()
            with theirs, (self.folder / "region.log").open("ab") as log:
                self._process = self.spawner.start(
                    [sys.executable, "-m", "sandbox.dataplane.region", str(theirs.fileno())],
                    environment={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                    cwd=ROOT,
                    output=log,
                    pass_fds=(theirs.fileno(),),
                )
            ours.settimeout(CALL_TIMEOUT_SECONDS)
            self._control, self._answers = ours, ours.makefile("rb")
            self._exchange(self._settings())
            for order in self._kept.values():
                self.call(**order)
            self.on_start()

    def _settings(self) -> dict[str, Any]:
        return {
            "pod_prefix": self.addresses.pod(self.name, 0).rsplit(".", 1)[0],
            "pod_port": self.numbers.pod,
            "pod_folder": str(self.folder / "pods"),
            "pod_environment": {
                "DR_RESOLVER": f"{self.addresses.resolver(self.name)}:{self.numbers.dns}",
                "TZ": "UTC",
                "LC_ALL": "C.UTF-8",
                **self.pod_environment,
            },
            "pace": self.pace,
            "store": str(self.store),
            "files_address": self.addresses.server(self.name, FILES_PLACE),
            "files_port": self.numbers.files,
            "files_token": self.files_token,
        }

    @property
    def up(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.up else None

    def kill(self) -> None:
        """The process, its fork server and its pods are gone when this returns."""
        if self._process is None:
            return
        kill_tree(self._process.pid)
        self._process.wait()
        with self._lock:
            if self._control is not None:
                self._answers.close()
                self._control.close()
            self._process, self._control = None, None

    def _exchange(self, message: Mapping[str, Any]) -> Any:
        if self._control is None:
            raise FabricError(f"region {self.name} is down")
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
            line = self._answers.readline()
        except (OSError, ValueError) as error:
            raise FabricError(f"region {self.name} does not answer: {error}") from error
        if not line:
            raise FabricError(f"region {self.name} is down")
        answer = json.loads(line)
        if "error" in answer:
            raise FabricError(f"region {self.name}: {answer['error']}")
        return answer["ok"]

    def call(self, op: str, **arguments: Any) -> Any:
        """One operation of `sandbox.dataplane.region`. Raises FabricError."""
        with self._lock:
            return self._exchange({"op": op, **arguments})

    def keep(self, key: tuple[str, ...], op: str, **arguments: Any) -> None:
        """`call` now if the region is up, and again whenever it comes back."""
        with self._lock:
            self._kept[key] = {"op": op, **arguments}
            if self.up:
                self.call(op, **arguments)

    def forget(self, key: tuple[str, ...]) -> None:
        with self._lock:
            self._kept.pop(key, None)

    # places: one pipe for each kind of asker

    def open_place(
        self, name: str, number: int, port: int, target: tuple[str, int], *, views: Iterable[str] | None = None
    ) -> None:
        """
        Open place `number`, or point it elsewhere (its connections are then reset), for all askers or for some of them.
        """
        for view in self.addresses.views() if views is None else views:
            listen = [self.addresses.place(self.name, number, view), port]
            pipe = f"{name}@{view}"
            self.keep(("pipe", pipe), "pipe", name=pipe, source=view, listen=listen, target=list(target))

    def close_place(self, name: str) -> None:
        for view in self.addresses.views():
            self.close_pipe(f"{name}@{view}")
        self.shut_place(name, shut=False)

    def shut_place(self, name: str, *, shut: bool) -> None:
        """Nothing from this region or from outside reaches the place, as behind a security group without rules."""
        for view in (self.name, OUTSIDE):
            pipe = f"{name}@{view}"
            self.keep(("shut", pipe), "shut", name=pipe, shut=shut)
            if not shut:
                self.forget(("shut", pipe))

    def open_peer(self, number: int, target: tuple[str, int]) -> tuple[str, int]:
        """The way to a server for its own standby; gives back the address to use."""
        listen = (self.addresses.peer(self.name, number), self.numbers.postgres)
        name = f"peer:{number}"
        self.keep(("pipe", name), "pipe", name=name, source=name, listen=list(listen), target=list(target))
        return listen

    def cut_peer(self, number: int, cut: bool) -> None:
        """Black-hole the standby that uses this way."""
        source = f"peer:{number}"
        self.keep(("cut", source), "link", source=source, cut=cut, delay_seconds=0.0)
        if not cut:
            self.forget(("cut", source))

    def hole(self, address: str, kind: Literal["hang", "refuse"] | None) -> None:
        """What becomes of connections to a server, past all links: hang, be refused, or (None) go through."""
        self.keep(("hole", address), "hole", address=address, kind=kind)
        if kind is None:
            self.forget(("hole", address))

    def close_peer(self, number: int) -> None:
        self.close_pipe(f"peer:{number}")

    def close_pipe(self, name: str) -> None:
        with self._lock:
            self.forget(("pipe", name))
            if self.up:
                self.call("close_pipe", name=name)
