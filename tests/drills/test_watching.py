"""The watcher acts on a dead database, and on nothing that could as well be a cut link."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from scripts.core.waiting import wait_until
from scripts.drills.detection import aimed
from scripts.drills.small_world import identifier
from scripts.drills.stage import Stage
from scripts.watch import Watch, watch
from tests.asserts.evidence import evidence_of
from tests.asserts.ledgers import assert_ledger_survived
from tests.asserts.waiting import MULTIPLIER

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


@pytest.fixture
def watcher(made: Stage) -> Iterator[Watch]:
    found = aimed(made.plan)
    found.plan_path = made.plan_path
    yield found
    found.close()
    made.world.heal()


def looks(watcher: Watch, seconds: float, *, acts: int | None = None) -> None:
    asyncio.run(watch(watcher, until=time.monotonic() + seconds * MULTIPLIER, acts=acts))


@pytest.mark.parametrize("hang", [False, True], ids=["killed", "black hole"])
def test_a_dead_node_is_replaced_by_its_standby(made: Stage, watcher: Watch, *, hang: bool) -> None:
    with made.writing() as workload:
        made.world.break_("database", identifier=identifier(made, "primary"), hang=hang)
        looks(watcher, 60, acts=1)
        assert [outcome.status for outcome in watcher.outcomes] == ["done"]
        assert watcher.reported == ""
        made.wait_for_writes(workload, time.time())
        workload.stop()
        assert_ledger_survived(workload, made.dsns())
    made.world.heal()


def test_a_dead_node_whose_standby_is_gone_is_started_again(made: Stage, watcher: Watch) -> None:
    node = identifier(made, "primary")
    store = made.clouds().store("primary", made.stores[0], made.topology.incarnation("primary", made.stores[0]))
    with made.writing() as workload:
        made.world.break_("database", identifier=node, standby=True)
        wait_until(lambda: store.why_no_standby() is not None, seconds=60 * MULTIPLIER, what="the standby to be missed")
        made.world.break_("database", identifier=node)
        looks(watcher, 60, acts=1)
        assert [outcome.status for outcome in watcher.outcomes] == ["done"]
        assert evidence_of(watcher.outcomes[0], "fail_over_database:core")["restarted"] is True
        made.wait_for_writes(workload, time.time())
        workload.stop()
        assert_ledger_survived(workload, made.dsns())


def test_a_site_that_nobody_sees_may_only_be_cut_off(made: Stage, watcher: Watch) -> None:
    region = made.plan.primary.region
    made.world.break_("region", region=region, hang=True)
    looks(watcher, 5)
    assert watcher.outcomes == []
    assert "dead or cut off" in watcher.reported
    assert made.active == "primary"


def test_a_watcher_that_begins_while_the_region_is_lost_tells_it_and_sees_it_again(made: Stage) -> None:
    made.world.break_("region", region=made.plan.primary.region)
    late = Watch.of(made.plan, made.plan_path)
    try:
        looks(late, 3)
        assert not late.aimed
        assert "primary does not say where its parts are" in late.reported
        made.world.heal()
        end = time.monotonic() + 60 * MULTIPLIER
        while late.reported or not late.aimed:
            assert time.monotonic() < end, "it is not seen well again"
            looks(late, 0.5)
        assert late.outcomes == []
        assert made.active == "primary"
    finally:
        late.suspicion.pause()
        late.clouds.close()
        made.world.heal()


def test_one_place_that_sees_nothing_proves_nothing(made: Stage, watcher: Watch) -> None:
    warm = next(site.region for site in made.plan.sites if site.kind == "warm")
    made.world.break_("link", a=made.plan.primary.region, b=warm)
    looks(watcher, 4)
    assert watcher.outcomes == []
    cut = next(point for point in watcher.points if point.name == warm)
    assert cut.databases["core"].failures >= 3, "the link was not really cut: the proof is empty"


def test_it_acts_once_within_the_hold_down(made: Stage, watcher: Watch) -> None:
    watcher.rests_until = time.monotonic() + 3600
    made.world.break_("database", identifier=identifier(made, "primary"))
    looks(watcher, 4)
    assert watcher.outcomes == []
    assert watcher.down() == ["core"], "it was not found down: the proof is empty"
    watcher.rests_until = 0.0
    looks(watcher, 60, acts=1)
    assert [outcome.status for outcome in watcher.outcomes] == ["done"]
