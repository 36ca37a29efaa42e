"""Two databases and several services: each loss is counted where it happened, each request goes where it is for."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from model.routes import address_of
from scripts.drills.scenarios import scenarios
from scripts.drills.small_world import small_world
from scripts.drills.stage import Stage
from scripts.probes.web import door_of, get
from tests.asserts.waiting import wait_until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]
PLAN = str(Path(__file__).parents[1] / "plans" / "pair.yaml")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with small_world(tmp_path_factory.mktemp("pair"), PLAN) as stage:
        yield stage


def _services(dsn: str) -> set[str]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return {str(row[0]) for row in connection.execute("SELECT DISTINCT service FROM orders").fetchall()}


def test_each_request_reaches_the_service_that_its_path_is_about(pair: Stage) -> None:
    door = door_of(pair.plan)
    assert address_of(pair.plan, "warehouse") == "https://api.pair.example.com/stock"
    for path, service in (("/health", "shop"), ("/shop/health", "shop"), ("/stock/health", "warehouse")):
        wait_until(lambda path=path: get(door, path, seconds=5).status == 200, timeout=60, what=f"{path} to answer")
        assert {get(door, path, seconds=5).body["service"] for _ in range(6)} == {service}
    assert get(door, "/labels/health", seconds=5).status == 404, "nobody from outside reaches a worker"
    with pair.writing() as workload:
        assert workload.stores == ["core", "stock"]
        pair.wait_for_writes(workload, time.time())
    assert {store: _services(dsn) for store, dsn in pair.dsns().items()} == {"core": {"shop"}, "stock": {"warehouse"}}


def test_what_a_failover_loses_is_counted_for_each_store(pair: Stage) -> None:
    found = scenarios()["regional-outage"].act(pair)
    assert found.ok, [entry for entry in pair.journal.path.read_text().splitlines() if "failed" in entry]
    loss = found.evidence["loss"]
    assert set(loss["stores"]) == {"core", "stock"}
    assert all(own["acknowledged"] > 0 for own in loss["stores"].values()), "each store was written to"
    assert loss["lost"] == sum(own["lost"] for own in loss["stores"].values())
    with psycopg.connect(pair.dsn(store="stock"), autocommit=True) as connection:
        connection.execute("SELECT 1 FROM orders LIMIT 1")
