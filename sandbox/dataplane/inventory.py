"""Which databases there are, and what every operation on them needs: servers, places, work in the background."""

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from sandbox.dataplane.backups import Shipper, Stored
from sandbox.dataplane.instances import Instance
from sandbox.dataplane.postgres import PostgresError, Server
from sandbox.dataplane.servers import Ground, Servers
from sandbox.fabric import FabricError


@contextmanager
def in_words_of_the_world() -> Iterator[None]:
    try:
        yield
    except (PostgresError, psycopg.Error, OSError) as error:
        raise FabricError(str(error).strip()) from error


class Inventory(Servers):
    """The databases of a world; all else is built on it."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._instances: dict[tuple[str, str], Instance] = {}
        self._shippers: dict[tuple[str, str], Shipper] = {}
        self._background = ThreadPoolExecutor(max_workers=4, thread_name_prefix="databases")
        self._closing = threading.Event()

    def instances(self) -> list[Instance]:
        return list(self._instances.values())

    def instance(self, region: str, identifier: str) -> Instance:
        """Raises FabricError."""
        found = self._instances.get((region, identifier))
        if found is None:
            raise FabricError(f"there is no database {identifier} in {region}")
        return found

    def find(self, identifier: str) -> Instance:
        """Find one by its identifier alone, which the names of the project keep unique. Raises FabricError."""
        found = [instance for (_, name), instance in self._instances.items() if name == identifier]
        if len(found) != 1:
            raise FabricError(f"there is no database {identifier}")
        return found[0]

    def stored(self, region: str, name: str) -> Stored:
        """Raises FabricError."""
        found = Stored(self._hosts[region].store, name)
        if found.about is None:
            raise FabricError(f"there is no backup {name} in {region}")
        return found

    def close(self) -> None:
        self._closing.set()
        for shipper in self._shippers.values():
            shipper.stop()
        self._background.shutdown(wait=False, cancel_futures=True)

    def _later(self, work: Callable[[], object]) -> None:
        """Do it in the background; what fails there shows in the instance's state, not in somebody's API call."""

        def guarded() -> None:
            with suppress(FabricError, PostgresError, psycopg.Error, OSError):
                work()

        if not self._closing.is_set():
            self._background.submit(guarded)

    def _new(self, region: str, identifier: str, database: str, username: str, retention_days: int) -> Instance:
        host = self._up(region)
        if (region, identifier) in self._instances:
            raise FabricError(f"a database {identifier} exists in {region} already")
        # A folder of its own: what still tidies up after one that had the name before must not meet this one.
        folder = self._installation.folder / region / "databases" / f"{identifier}.{secrets.token_hex(4)}"
        folder.mkdir(parents=True, exist_ok=True)
        self._installation.user.own(folder)
        instance = Instance(host, identifier, host.places.take(), folder, database, username, retention_days)
        instance.server = self._server(instance)
        if retention_days > 0:
            instance.automated_backup.prepare(self._installation)
        return instance

    def _server(self, instance: Instance) -> Server:
        instance.generation += 1
        number = instance.host.servers.take()
        address = self._addresses.server(instance.region, number)
        folder = instance.folder / str(instance.generation)
        return Server(self._installation, folder, address, self._numbers.postgres, number)

    @contextmanager
    def _undone_on_failure(self, instance: Instance) -> Iterator[None]:
        try:
            with in_words_of_the_world():
                yield
        except FabricError:
            self._discard(instance)
            raise

    def _point(self, instance: Instance) -> None:
        """Lead the endpoint to the server that is behind it now."""
        target = (instance.server.address, instance.server.port)
        instance.host.open_place(instance.place_name, instance.place, self._numbers.postgres, target)

    def _open(self, instance: Instance) -> None:
        self._point(instance)
        self._instances[(instance.region, instance.identifier)] = instance

    def _discard(self, instance: Instance) -> None:
        """Its servers, their files and their addresses."""
        self._instances.pop((instance.region, instance.identifier), None)
        instance.wants_standby = False
        host = instance.host
        with suppress(FabricError):
            host.close_place(instance.place_name)
        for server in instance.servers():
            server.kill()
            with suppress(FabricError):
                host.close_peer(server.number)
            host.servers.give_back(server.number)
        host.places.give_back(instance.place)
        self._throw_away(instance.folder)

    def _throw_away(self, folder: Path) -> None:
        """Gone at once by name; the files, of which a database has many, in the background."""
        gone = self._installation.folder / f"gone-{secrets.token_hex(8)}"
        with suppress(FileNotFoundError):
            folder.rename(gone)
            self._later(lambda: shutil.rmtree(gone, ignore_errors=True))

    def _drop_server(self, instance: Instance, server: Server) -> None:
        server.remove()
        instance.host.close_peer(server.number)
        instance.host.hole(server.address, None)
        instance.host.servers.give_back(server.number)
