"""The plans of the four systems to come say what their runbooks say: targets, retention, and who is told when."""

from datetime import timedelta

import pytest

from model import load_plan
from model.stores import Documents, Postgres, Redis, Registry, Vault

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "disaster", "rpo", "rto"),
    [
        ("celora", "database_corruption", HOUR, 4 * HOUR),
        ("celora", "regional_outage", HOUR, 6 * HOUR),
        ("celora", "compromise", HOUR, 24 * HOUR),
        ("comet", "regional_outage", HOUR, 4 * HOUR),
        ("amicis", "regional_outage", HOUR, 4 * HOUR),
        ("muejam", "regional_outage", 6 * HOUR, 4 * HOUR),
        ("muejam", "compromise", 6 * HOUR, 4 * HOUR),
    ],
)
def test_targets_of_a_disaster(name: str, disaster: str, rpo: timedelta, rto: timedelta) -> None:
    objective = next(
        each for each in load_plan(name).objectives if each.disaster == disaster and each.component is None
    )
    assert (objective.rpo, objective.rto) == (rpo, rto)


def test_comet_has_targets_of_its_own_in_each_environment() -> None:
    plan = load_plan("comet")
    for environment, rpo, rto in (("prod", 1, 4), ("staging", 4, 8), ("dev", 24, 24)):
        objectives = plan.in_environment(environment).objectives
        assert {(each.rpo, each.rto) for each in objectives} == {(rpo * HOUR, rto * HOUR)}


def test_amicis_has_targets_of_its_own_for_each_component() -> None:
    found = {each.component: (each.rpo, each.rto) for each in load_plan("amicis").objectives if each.component}
    assert found == {
        "core": (timedelta(seconds=1), timedelta(minutes=5)),
        "cache": (HOUR, 2 * HOUR),
        "images": (timedelta(0), HOUR),
        "frontend": (HOUR, timedelta(minutes=30)),
        "secrets": (timedelta(0), HOUR),
    }


def test_backups_are_as_often_and_as_long_as_the_runbooks_say() -> None:
    taken = {}
    for name, every, keep in (("celora", DAY, 30), ("comet", 6 * HOUR, 30), ("muejam", 6 * HOUR, 30)):
        (core,) = load_plan(name).stores_of(Postgres)
        assert core.backups.snapshots is not None
        taken[name] = (core.backups.snapshots.every, core.backups.snapshots.keep) == (every, keep * DAY)
    assert all(taken.values()), taken
    amicis = load_plan("amicis")
    (core_documents,), (cache,) = amicis.stores_of(Documents), amicis.stores_of(Redis)
    assert core_documents.backups.pitr_retention == 7 * DAY
    assert core_documents.backups.snapshots is not None
    assert core_documents.backups.snapshots.every == 4 * HOUR
    assert cache.backups.snapshots.every == HOUR
    for name in ("comet", "amicis"):
        (registry,), (vault,) = load_plan(name).stores_of(Registry), load_plan(name).stores_of(Vault)
        assert registry.untagged_keep == 90 * DAY
        assert (vault.soft_delete_keep, vault.purge_protection) == (90 * DAY, True)


@pytest.mark.parametrize(
    ("name", "minutes"),
    [("celora", [0, 60, 120]), ("comet", [15, 30, 60, 120]), ("muejam", [15, 30, 60, 120])],
)
def test_people_are_told_as_late_as_the_runbooks_say(name: str, minutes: list[int]) -> None:
    assert [step.after for step in load_plan(name).escalation] == [timedelta(minutes=each) for each in minutes]
