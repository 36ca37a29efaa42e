"""One world without control planes for all of these tests; each test makes databases of its own in it."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from model import load_plan
from sandbox.dataplane.schema import apply_schema
from sandbox.world import World

NORTH, WEST, EAST = "eu-north-1", "eu-west-1", "us-east-1"
PASSWORD = "open sesame"


class Lab:
    """A world, and short words for what the tests do in it."""

    def __init__(self, world: World) -> None:
        self.world, self.databases = world, world.fabric.databases
        self._count = itertools.count(1)

    def name(self, kind: str = "db") -> str:
        return f"{kind}-{next(self._count)}"

    def primary(self, *, region: str = NORTH, standby: bool = False, retention_days: int = 0) -> str:
        """A database `core` of user `app` with the services' schema. Gives back its identifier."""
        name = self.name()
        self.databases.create(
            region,
            name,
            database="core",
            username="app",
            password=PASSWORD,
            standby=standby,
            retention_days=retention_days,
        )
        apply_schema(self.dsn(region, name))
        return name

    def replica(self, source: str, *, region: str = WEST, source_region: str = NORTH) -> str:
        name = self.name("replica")
        self.databases.create_replica(
            region, name, source_region=source_region, source=source, standby=False, retention_days=0
        )
        return name

    def dsn(self, region: str, name: str, *, view: str = "outside", timeout: int = 5) -> str:
        """By the address that `view` is given, as everybody in the world reaches it."""
        address = self.world.fabric.locate("database", region, name, view)
        port = self.world.numbers.postgres
        return f"host={address} port={port} dbname=core user=app password='{PASSWORD}' connect_timeout={timeout}"

    def execute(self, region: str, name: str, sql: str, *, view: str = "outside") -> Any:
        """First column of the first row, if there is one."""
        with psycopg.connect(self.dsn(region, name, view=view), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def write(self, region: str, name: str, marker: str) -> None:
        self.execute(
            region, name, f"INSERT INTO orders (service, site, payload) VALUES ('test', '{region}', '{marker}')"
        )

    def has(self, region: str, name: str, marker: str) -> bool:
        return bool(self.execute(region, name, f"SELECT count(*) FROM orders WHERE payload = '{marker}'"))

    def shows(self, region: str, name: str, marker: str) -> bool:
        """`has`, for a database that may be on the move."""
        try:
            return self.has(region, name, marker)
        except psycopg.OperationalError:
            return False

    def lag_bytes(self, source: str, replica: str, *, region: str = WEST) -> int:
        """By how many bytes of log the replica is behind, asked at both servers past every link."""
        here = self.databases.find(source).server.ask("SELECT pg_current_wal_flush_lsn()::text")
        server = self.databases.instance(region, replica).server
        return int(server.ask("SELECT %s::pg_lsn - pg_last_wal_replay_lsn()", here))


@pytest.fixture(scope="package")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("world"), load_plan("samia"), control_planes=False)
    try:
        yield world
    finally:
        world.close()


@pytest.fixture
def lab(running_world: World) -> Iterator[Lab]:
    """The world, whole at the start of a test; what the test made is gone after it."""
    made = Lab(running_world)
    try:
        yield made
    finally:
        running_world.heal(None, {})
        for instance in made.databases.instances():
            made.databases.delete(instance.region, instance.identifier)
        for region in (NORTH, WEST, EAST):
            for backup in made.databases.backups(region):
                made.databases.delete_backup(region, backup.name)


@pytest.fixture
def break_(lab: Lab) -> Callable[..., bool]:
    def breaker(fault: str, **arguments: Any) -> bool:
        return lab.world.break_(fault, arguments)

    return breaker
