"""
Two real databases of which one follows the other, as the steps of a move see them: the primary is open, and the lease
lies in a real object store.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from model import load_plan
from model.topology import Topology
from scripts.clouds.access import Clouds
from scripts.clouds.aws.objects import Bucket
from scripts.clouds.protocol import ManagedStore
from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.engine import Postgres
from scripts.engines.postgres.session import Database
from scripts.engines.protocol import Engine
from scripts.fencing.lease import KEY, Lease, WitnessLease
from scripts.runs.journal import Journal
from scripts.runs.runbook import Context, Options
from scripts.stacks.stacks import Stacks
from tests import scratch_bucket
from tests.scratch_bucket import object_store
from tests.scratch_database import connect, following, server

PLAN = load_plan("minimal")
BUCKET = "witness-of-a-pair"
SOON = PLAN.switchover.model_copy(update={"hand_over": timedelta(seconds=1.5), "drain": timedelta(seconds=0.3)})


@dataclass
class Pair(Clouds):
    """Two sites with one database each."""

    logins: dict[str, Login] = field(default_factory=dict)
    lease: WitnessLease | None = None
    managed: ManagedStore | None = None

    def engine(self, site: str, store: str, incarnation: int) -> Engine:
        if site not in self._engines:
            self._engines[site] = Postgres.at(self.logins[site])
        return self._engines[site]

    def store(self, site: str, store: str, incarnation: int) -> ManagedStore:
        assert self.managed is not None
        return self.managed

    def witness(self) -> WitnessLease:
        assert self.lease is not None
        return self.lease


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with object_store(), scratch_bucket.bucket(BUCKET) as made:
        yield made


@pytest.fixture(scope="session")
def logins() -> Iterator[dict[str, Login]]:
    """Of the owner, in the database and in its copy, which waits for readers for ever."""
    with server(fsync="on", wal_writer_delay="10s") as app, Database(app) as maintenance:
        maintenance.script("""
            CREATE ROLE owner LOGIN CREATEROLE;
            CREATE ROLE service LOGIN; ALTER ROLE service SET synchronous_commit = off;
            GRANT pg_monitor, pg_signal_backend TO owner;
        """)
        maintenance.script("CREATE DATABASE core OWNER owner")
        with Database(replace(app, database="core")) as core:
            core.script("""
                ALTER SCHEMA public OWNER TO owner;
                CREATE TABLE orders (id int PRIMARY KEY); ALTER TABLE orders OWNER TO owner;
                GRANT ALL ON orders TO service;
                GRANT EXECUTE ON FUNCTION pg_wal_replay_pause(), pg_wal_replay_resume() TO owner;
            """)
            with following(core, max_standby_streaming_delay="-1") as copy:
                yield {
                    "primary": replace(core.login, user="owner"),
                    "secondary": replace(copy.login, user="owner"),
                }


@pytest.fixture
def context(logins: dict[str, Login], bucket: Bucket, tmp_path: Path) -> Iterator[Context]:
    """As a step of a switch to the secondary has it: the primary is open, in epoch 1."""
    clouds = Pair(PLAN, logins=logins, lease=WitnessLease(bucket, PLAN.system))
    bucket.delete(KEY)
    clouds.witness().create(Lease.new("minimal", "primary", 1, 3000))
    database = _database(clouds, "primary")
    guard.install(database)
    database.rows("DELETE FROM dr_guard.writer_lease")
    clock = guard.clock(database)
    assert clock is not None
    assert guard.grant(database, "primary", 1, clock + timedelta(minutes=5))
    journal = Journal(tmp_path / "run.jsonl", "run")
    options = Options(to="secondary", more={"planned": True})
    topology = Topology.initial(PLAN)
    yield Context("run", PLAN, topology, cast("Stacks", None), journal, clouds, options=options)
    clouds.close()
    journal.close()


def _database(clouds: Clouds, site: str) -> Database:
    return cast("Postgres", clouds.engine(site, "core", 1)).database


def old(context: Context) -> Database:
    return _database(context.clouds, "primary")


def copy(context: Context) -> Database:
    return _database(context.clouds, "secondary")


def back(context: Context) -> Context:
    """As a step of `reopen` has it."""
    return replace(context, options=Options(to="primary"))


def in_time(context: Context) -> Context:
    """With little time to hand over."""
    return replace(context, plan=PLAN.model_copy(update={"switchover": SOON}))


def holder(context: Context) -> tuple[str, int]:
    seen = context.clouds.witness().read()
    assert seen is not None
    return seen.lease.site, seen.lease.epoch


def assert_serves(context: Context) -> None:
    assert holder(context) == ("primary", 1)
    assert guard.is_open(old(context))
    with connect(old(context), "service") as session:
        session.execute("INSERT INTO orders SELECT coalesce(max(id), 0) + 1 FROM orders")
