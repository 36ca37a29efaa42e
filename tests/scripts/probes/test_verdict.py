"""What a watcher concludes: one slow answer is no outage, and a dead database is found as soon as it ever was."""

from collections.abc import Callable
from pathlib import Path

import pytest

from model import load_plan
from model.routes import health_paths
from scripts.probes.vantage import Sight, Vantage
from scripts.probes.verdict import Verdict

PLAN = load_plan(str(Path(__file__).parents[2] / "plans" / "pair.yaml"))
STORES = ("core", "stock")
WANTED = PLAN.detection.confirmations
Seen = Callable[[str], bool]


class Watched:
    """Vantage points that are told, look by look, what each of them sees."""

    def __init__(self, places: int = 3) -> None:
        self.points = [Vantage(f"place-{number}", "") for number in range(places)]
        self.verdict = Verdict(PLAN, "primary", self.points, STORES)
        self.look()

    def look(self, *unseen: str, times: int = 1, place: int | None = None) -> None:
        """`unseen`: "door", stores and services that do not answer; only in one place, if one is told."""
        for _ in range(times):
            for number, point in enumerate(self.points):
                here = unseen if place in {None, number} else ()
                point.door.saw("no answer" if "door" in here else "")
                for name in STORES:
                    point.databases.setdefault(name, Sight()).saw("no answer" if name in here else "")
                for name in health_paths(PLAN):
                    point.services.setdefault(name, Sight()).saw("no answer" if name in here else "")
            self.verdict.judge()

    def to_act_on(self) -> list[str]:
        return [store for store in self.verdict.down() if self.verdict.why_not_down_alone(store) is None]


EVERYTHING = ("door", "core", "stock", "shop", "warehouse")


@pytest.mark.parametrize(("store", "service"), [("core", "shop"), ("stock", "warehouse")])
def test_a_dead_database_is_found_at_the_look_that_confirms_it_and_no_other_one_is(store: str, service: str) -> None:
    watched = Watched()
    watched.look(store, service, times=WANTED - 1)
    assert watched.to_act_on() == []
    watched.look(store, service)
    assert watched.to_act_on() == [store]


@pytest.mark.parametrize("slow", EVERYTHING)
def test_one_slow_answer_is_no_outage_and_ends_no_outage(slow: str) -> None:
    watched = Watched()
    watched.look(slow)
    assert watched.to_act_on() == []
    watched.look("core", times=WANTED)
    assert watched.to_act_on() == [], "the shop says that its database answers"
    watched.look("core", slow)
    assert watched.to_act_on() == [], f"one slow look at {slow} takes nothing of that back"


def test_what_is_slower_to_come_back_than_its_region_is_not_failed_over() -> None:
    """It happened on a loaded machine: the region was healed, and its database, unseen for long, looked dead alone."""
    watched = Watched()
    watched.look(*EVERYTHING, times=20)
    assert watched.to_act_on() == []
    watched.look("core", "stock", "shop", "warehouse", times=WANTED - 1)
    assert watched.to_act_on() == [], "it has been seen alone for a moment only"
    watched.look()
    assert not watched.verdict.failing()
    watched.look(*EVERYTHING, times=20)
    watched.look("core", "shop", times=WANTED)
    assert watched.to_act_on() == ["core"], "it really did not come back"


def test_a_site_of_which_nothing_is_seen_is_no_dead_database() -> None:
    watched = Watched()
    watched.look(*EVERYTHING, times=WANTED)
    assert watched.to_act_on() == []
    assert watched.verdict.why_not_gone() is None
    watched.look(*EVERYTHING, place=0)
    assert watched.verdict.why_not_gone() == "primary is seen to live"


def test_a_slow_door_does_not_make_a_dead_database_younger() -> None:
    watched = Watched()
    watched.look("core", "shop", times=WANTED - 1)
    watched.look("core", "shop", "door")
    watched.look("core", "shop")
    assert watched.to_act_on() == ["core"]


def test_a_database_that_no_place_ever_reached_is_never_called_dead() -> None:
    """From outside a private network each database looks down for ever."""
    watched = Watched()
    for point in watched.points:
        point.databases = {name: Sight() for name in STORES}
    watched.look("core", "stock", times=20)
    assert watched.verdict.down() == []
    assert not watched.verdict.failing()
    watched.look(*EVERYTHING, times=20)
    assert watched.verdict.why_not_gone() is None, "the site is: its door was seen before"


def test_a_place_whose_way_is_cut_proves_nothing() -> None:
    watched = Watched()
    watched.look("core", "shop", times=20, place=1)
    assert watched.to_act_on() == []


def test_a_service_that_is_silent_while_its_store_answers_is_told_after_a_while() -> None:
    watched = Watched()
    watched.look("warehouse", times=WANTED)
    assert watched.verdict.silent() == [], "pods may start anew"
    health = PLAN.traffic.health
    watched.look("warehouse", times=round(health.interval * health.failures / PLAN.detection.interval))
    assert watched.verdict.silent() == ["warehouse"]
    assert watched.to_act_on() == []
