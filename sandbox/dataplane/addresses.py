"""
Where things live on loopback.

Each region owns 127.N.0.0/16 (N from 11 on, in the order of the plan), so that an address tells where a thing runs,
and all worlds use the same addresses on different ports. A *place* (a database, a front door) has one address for
each kind of asker, because the address on which a byte arrives is how the world knows where it came from:

127.N.0.1      gateway of the control planes         127.N.0.53    name server of the region's own view
127.N.1.k      place k as its own region sees it     127.N.2.k     place k as the outside sees it
127.N.3.k      pod k                                 127.N.4.k     PostgreSQL server k itself, never given to anybody
127.N.5.k      server k as its standby sees it       127.N.6.k     front door k itself
127.10.6.k     front door k outside of all regions
127.N.100+M.k  place k as region M sees it: the far end of the link
"""

import contextlib
import errno
import os
import socket
import stat
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from sandbox.clouds.registry import CLOUDS

OUTSIDE = "outside"
FIRST_NETWORK = 11
FIRST_BASE, LAST_BASE, STEP = 20000, 32000, 20  # below the kernel's range for outgoing connections


class PortTaken(Exception):
    """Somebody else listens there. `port` says where."""

    def __init__(self, port: int, base: int) -> None:
        super().__init__(f"port {port} on 127.0.0.1 is taken (port base {base})")
        self.port = port


@dataclass(frozen=True)
class Numbers:
    """The port numbers of one world, a block that starts at `base`."""

    base: int

    @property
    def postgres(self) -> int:
        return self.base

    @property
    def http(self) -> int:
        return self.base + 1

    @property
    def dns(self) -> int:
        return self.base + 2

    @property
    def https(self) -> int:
        return self.base + 3

    @property
    def kubernetes(self) -> int:
        return self.base + 4

    @property
    def pod(self) -> int:
        return self.base + 5

    @property
    def files(self) -> int:
        """Backup stores give their files out here."""
        return self.base + 6

    @property
    def caches(self) -> int:
        """Where every cache is found, with TLS."""
        return self.base + 7

    @property
    def cache_servers(self) -> int:
        """The servers behind them, which speak without TLS and are given to nobody."""
        return self.base + 8

    @property
    def clouds(self) -> dict[str, int]:
        """The API of each cloud that a world can hold."""
        return {name: self.base + 9 + place for place, name in enumerate(CLOUDS)}

    @property
    def providers(self) -> dict[str, int]:
        """The Pulumi provider of each."""
        return {name: port + len(CLOUDS) for name, port in self.clouds.items()}

    def kubernetes_provider(self, index: int) -> int:
        return self.base + 9 + 2 * len(CLOUDS) + index

    def all(self, regions: int) -> range:
        return range(self.base, self.kubernetes_provider(regions))


@dataclass(frozen=True)
class Addresses:
    """Addresses of the regions, by their order in the plan."""

    regions: Sequence[str]

    def network(self, region: str) -> int:
        return FIRST_NETWORK + self.regions.index(region)

    def gateway(self, region: str) -> str:
        return "127.0.0.1" if region == OUTSIDE else f"127.{self.network(region)}.0.1"

    def resolver(self, region: str) -> str:
        return "127.0.0.1" if region == OUTSIDE else f"127.{self.network(region)}.0.53"

    def place(self, region: str, number: int, view: str) -> str:
        """The address of place `number` of `region` for somebody in `view`."""
        if view == region:
            third = 1
        elif view == OUTSIDE:
            third = 2
        else:
            third = 100 + self.network(view)
        return f"127.{self.network(region)}.{third}.{number}"

    def pod(self, region: str, number: int) -> str:
        return f"127.{self.network(region)}.3.{number}"

    def server(self, region: str, number: int) -> str:
        return f"127.{self.network(region)}.4.{number}"

    def door(self, region: str, number: int) -> str:
        return f"127.{self.network(region)}.6.{number}"

    def edge(self, number: int) -> str:
        return f"127.{FIRST_NETWORK - 1}.6.{number}"

    def peer(self, region: str, number: int) -> str:
        return f"127.{self.network(region)}.5.{number}"

    def views(self) -> list[str]:
        return [OUTSIDE, *self.regions]


class NumberPool:
    """Small numbers for addresses, 1 to 250, lowest free one first."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self) -> int:
        free = next((number for number in range(1, 251) if number not in self._taken), None)
        if free is None:
            raise OSError(errno.EADDRNOTAVAIL, "all 250 addresses of this kind are taken in this region")
        self._taken.add(free)
        return free

    def give_back(self, number: int) -> None:
        self._taken.discard(number)


def _taken_port(base: int, regions: int) -> int | None:
    """The first port of the block that somebody listens on."""
    with ExitStack() as sockets:
        for port in Numbers(base).all(regions):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                trial = sockets.enter_context(socket.socket(socket.AF_INET, kind))
                if kind == socket.SOCK_STREAM:
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    trial.bind(("127.0.0.1", port))
                except OSError:
                    return port
    return None


def _own_folder() -> Path:
    """
    A folder of this user alone: in the shared temporary folder a name can be taken, or be a link, before we come.
    Worlds of other users are kept away by the ports themselves. Raises OSError.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime or tempfile.gettempdir()) / ("dr-sandbox" if runtime else f"dr-sandbox-{os.geteuid()}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(errno.EPERM, "is not a folder of this user alone", str(folder))
    return folder


class PortLock:
    """Keeps other worlds of this user away from a block of ports until it is closed; leaves no file behind."""

    def __init__(self, base: int) -> None:
        """Raises OSError when another world holds the block."""
        self._path = _own_folder() / f"ports-{base}.lock"
        self._file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "ab")
        try:
            flock(self._file, LOCK_EX | LOCK_NB)
            if os.fstat(self._file.fileno()).st_ino != self._path.stat().st_ino:
                raise BlockingIOError(errno.EWOULDBLOCK, "its last holder has just removed it")
        except OSError:
            self._file.close()
            raise

    def close(self) -> None:
        self._path.unlink(missing_ok=True)  # before it is let go: who waits for it sees that it is another file
        self._file.close()

    def __enter__(self) -> "PortLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def reserve(regions: int, base: int | None = None) -> tuple[Numbers, PortLock]:
    """
    A block of ports that nobody uses, and the lock that keeps other worlds away from it.

    Raises PortTaken when `base` is given and one of its ports is taken, or when no block is free.
    """
    taken = None
    for candidate in [base] if base is not None else range(FIRST_BASE, LAST_BASE, STEP):
        try:
            lock = PortLock(candidate)
        except PermissionError:
            raise
        except OSError:
            taken = PortTaken(candidate, candidate)
            continue
        port = _taken_port(candidate, regions)
        if port is None:
            return Numbers(candidate), lock
        taken = PortTaken(port, candidate)
        lock.close()
    raise taken or PortTaken(FIRST_BASE, FIRST_BASE)
