"""Two databases and several services: each loss is counted where it happened, each request goes where it is for."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest

from model.roles import role_of
from model.routes import address_of
from sandbox.ledger import longest_silence
from scripts.core.errors import BadInput
from scripts.drills.database import wait_until_restorable
from scripts.drills.scenarios import scenarios
from scripts.drills.stage import Stage
from scripts.probes.web import Door, door_of, get
from scripts.reprotect import reprotect
from scripts.restore import protect_again, restore
from tests.asserts.waiting import wait_until
from tests.shared_world import SharedWorld

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
PLAN = str(Path(__file__).parents[1] / "plans" / "pair.yaml")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedWorld]:
    yield from SharedWorld.shared(tmp_path_factory, "pair", PLAN)


@pytest.fixture
def pair(shared: SharedWorld, request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield from shared.lend(request.node)


def _services(dsn: str) -> set[str]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return {str(row[0]) for row in connection.execute("SELECT DISTINCT service FROM orders").fetchall()}


def answers(door: Door, path: str) -> bool:
    return get(door, path, seconds=5).status == 200


def test_each_request_reaches_the_service_that_its_path_is_about(pair: Stage) -> None:
    door = door_of(pair.plan)
    assert address_of(pair.plan, "warehouse") == "https://api.pair.example.com/stock"
    for path, service in (("/health", "shop"), ("/shop/health", "shop"), ("/stock/health", "warehouse")):
        wait_until(partial(answers, door, path), timeout=60, what=f"{path} to answer")
        assert {get(door, path, seconds=5).body["service"] for _ in range(6)} == {service}
    assert get(door, "/labels/health", seconds=5).status == 404, "nobody from outside reaches a worker"
    with pair.writing() as workload:
        assert workload.stores == ["core", "stock"]
        pair.wait_for_writes(workload, time.time())
    assert {store: _services(dsn) for store, dsn in pair.dsns().items()} == {"core": {"shop"}, "stock": {"warehouse"}}


def test_one_store_alone_is_taken_back_and_followed_again(pair: Stage) -> None:
    """The other one keeps its incarnation, its pods and its writer."""
    before = pair.topology
    with pair.writing() as workload:
        good = datetime.now(UTC).replace(microsecond=0)
        pair.wait_for_writes(workload, good.timestamp() + 1)
        wait_until_restorable(pair, good)
        began = time.time()
        outcome = restore(pair.plan, good.isoformat(), stores=["stock"], plan_path=pair.plan_path)
        assert outcome.error is None
        pair.wait_for_writes(workload, time.time())
        workload.stop()
        loss, _ = pair.judge(workload, None)
        closed = longest_silence(workload.acknowledged("stock"), since=began, running=False)
        written = [float(each["acked_at"]) for each in workload.acknowledged("core")]
    assert loss.stores["core"].lost == 0
    assert loss.stores["stock"].lost > 0, "nothing was given up: the proof is empty"
    assert closed is not None
    assert closed.first_after is not None
    meanwhile = [at for at in written if closed.last_before < at < closed.first_after]
    assert len(meanwhile) > 20, "writes to the other store stopped as well"
    after = pair.topology
    assert after.held("primary", "core") == before.held("primary", "core")
    assert after.incarnation("primary", "stock") > before.incarnation("primary", "stock")
    assert after.not_following(pair.plan, "secondary") == ("stock",)
    again = protect_again(pair.plan, pair.plan_path, stores=("stock",), quiet=True)
    assert [each.status for each in again] == ["done"]
    assert role_of(pair.plan, pair.topology, "secondary") == "warm"
    assert pair.topology.held("secondary", "core") == before.held("secondary", "core")
    assert pair.preview_all("after one store was taken back")
    more = reprotect(pair.plan, "secondary", stores=("core",), plan_path=pair.plan_path)
    assert more.results["reprotect"].status == "already"


def test_a_store_that_is_not_there_is_refused_with_those_that_are(pair: Stage) -> None:
    now = datetime.now(UTC).isoformat()
    with pytest.raises(BadInput, match="'cellar'") as refused:
        restore(pair.plan, now, stores=["core", "cellar"], plan_path=pair.plan_path)
    assert refused.value.hint == "there is core, stock"
    with pytest.raises(BadInput, match="'cellar'") as refused:
        reprotect(pair.plan, "secondary", stores=("cellar",), plan_path=pair.plan_path)
    assert refused.value.hint == "there is core, stock"


def test_what_a_failover_loses_is_counted_for_each_store(pair: Stage) -> None:
    found = scenarios()["regional-outage"].act(pair)
    assert found.ok, [entry for entry in pair.journal.path.read_text().splitlines() if "failed" in entry]
    loss = found.evidence["loss"]
    assert set(loss["stores"]) == {"core", "stock"}
    assert all(own["acknowledged"] > 0 for own in loss["stores"].values()), "each store was written to"
    assert loss["lost"] == sum(own["lost"] for own in loss["stores"].values())
    with psycopg.connect(pair.dsn(store="stock"), autocommit=True) as connection:
        connection.execute("SELECT 1 FROM orders LIMIT 1")
