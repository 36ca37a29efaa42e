"""Backups of a history that was left because it was damaged are not restored from again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from model import Topology, load_plan
from model.topology import (
    after_cold_activation,
    after_failover,
    after_isolation,
    after_reprotect,
    after_restore,
    after_retirement,
)
from scripts.clouds.protocol import PointKind, RestorePoint
from scripts.probes.backups import of_what_it_holds, up_to, usable

PLAN = load_plan("minimal")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCE = "minimal-primary-core-1"
LOG = RestorePoint("ab-1", "tertiary", PointKind.CONTINUOUS, SOURCE, NOON + HOUR, NOON - HOUR, "arn:ab-1")
BEFORE = RestorePoint("daily-1", "tertiary", PointKind.SNAPSHOT, SOURCE, NOON - HOUR, None, "daily-1")
AFTER = replace(BEFORE, name="daily-2", reference="daily-2", newest=NOON + HOUR)
RESTORED = replace(LOG, name="ab-2", source="minimal-primary-core-2", newest=NOON + HOUR / 2, reference="arn:ab-2")
POINTS = [LOG, BEFORE, AFTER, RESTORED]


def test_before_a_restore_everything_may_be_used_newest_first() -> None:
    found = usable(PLAN, Topology.initial(PLAN), "core", [BEFORE, LOG, RESTORED])
    assert found == [LOG, RESTORED, BEFORE]
    assert [each.declared for each in found] == ["arn:ab-1", "arn:ab-2", "daily-1"]


def test_after_a_restore_nothing_younger_than_its_moment_comes_from_the_damaged_one() -> None:
    restored_from = {"core": "minimal-primary-core-1@2026-01-31T12:00:00Z"}
    topology = after_restore(Topology.initial(PLAN), PLAN, restored_from, NOON)
    found = usable(PLAN, topology, "core", POINTS)
    assert found == [RESTORED, replace(LOG, newest=NOON, until=NOON), BEFORE]
    assert found[1].declared == "arn:ab-1@2026-01-31T12:00:00Z"


def test_a_regions_own_log_is_declared_by_the_resource_id_of_its_instance() -> None:
    own = replace(LOG, reference="db-ABC123")
    assert own.declared == "db-ABC123"
    assert replace(own, until=NOON).declared == "db-ABC123@2026-01-31T12:00:00Z"


def test_what_was_compromised_is_not_restored_from_even_when_everything_has_moved_on() -> None:
    built = after_cold_activation(Topology.initial(PLAN), PLAN, "tertiary", {"core": "daily-1"})
    topology = after_isolation(built, PLAN, ["primary", "secondary"], NOON)
    evidence = replace(AFTER, name="minimal-primary-core-1-forensic-2")
    assert usable(PLAN, topology, "core", [LOG, AFTER, evidence]) == [replace(LOG, newest=NOON, until=NOON)]
    later = topology.model_copy(update={"stores": {}, "isolated": ()})
    assert usable(PLAN, later, "core", [LOG, AFTER, evidence]) == [replace(LOG, newest=NOON, until=NOON)]


def test_a_site_shows_of_its_backups_those_of_the_incarnation_that_it_holds() -> None:
    first = Topology.initial(PLAN)
    final = replace(BEFORE, name="minimal-primary-core-1-final")
    assert of_what_it_holds(PLAN, first, "primary", "core", [LOG, final]) == [LOG, final]
    follows = after_reprotect(after_failover(first, PLAN, "secondary"), PLAN, "primary")
    for topology in (follows, after_retirement(follows, PLAN, "primary")):
        assert of_what_it_holds(PLAN, topology, "primary", "core", [LOG, final]) == []
        own = replace(
            LOG, source=f"minimal-primary-core-{topology.incarnation('primary', 'core')}", newest=NOON - HOUR / 2
        )
        assert of_what_it_holds(PLAN, topology, "primary", "core", [LOG, own, final]) == [own]


def test_a_cold_site_shows_what_any_site_sent_it_until_it_holds_a_database() -> None:
    first = Topology.initial(PLAN)
    assert of_what_it_holds(PLAN, first, "tertiary", "core", [BEFORE, LOG]) == [LOG, BEFORE]
    built = after_cold_activation(first, PLAN, "tertiary", {"core": "daily-1"})
    own = replace(LOG, source=f"minimal-tertiary-core-{built.incarnation('tertiary', 'core')}", newest=NOON - HOUR / 2)
    assert of_what_it_holds(PLAN, built, "tertiary", "core", [BEFORE, LOG, own]) == [own]
    none = first.model_copy(update={"stores": {}})
    assert of_what_it_holds(PLAN, none, "secondary", "core", [BEFORE, LOG]) == []


def test_the_earliest_moment_counts() -> None:
    once = after_restore(Topology.initial(PLAN), PLAN, {"core": "x"}, NOON - HOUR / 2)
    again = after_restore(once, PLAN, {"core": "y"}, NOON)
    assert again.tainted["minimal-primary-core-1"] == NOON - HOUR / 2
    assert again.tainted["minimal-primary-core-2"] == NOON


def test_other_systems_and_databases_are_not_ours() -> None:
    foreign = [replace(LOG, source=name) for name in ("minimal-primary-corex-1", "other-primary-core-1")]
    assert usable(PLAN, Topology.initial(PLAN), "core", foreign) == []


@pytest.mark.parametrize(
    ("point", "newest"),
    [(LOG, NOON), (replace(LOG, newest=NOON - HOUR / 2), NOON - HOUR / 2), (BEFORE, NOON - HOUR), (AFTER, None),
     (replace(LOG, earliest=NOON + HOUR / 2), None)],
    ids=["a log is cut", "an older log", "an older snapshot", "a younger snapshot", "a log that begins later"],
)  # fmt: skip
def test_what_a_point_holds_up_to_a_moment(point: RestorePoint, newest: datetime | None) -> None:
    found = up_to(point, NOON)
    assert (found.newest if found else None) == newest
