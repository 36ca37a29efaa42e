"""
What every kind of store and service passes before it is moved: it is declared where the service runs, and after a
failover, a way back and a cold activation nothing of it is deleted or replaced. A new kind adds a row.
"""

from functools import cache
from pathlib import Path

import pytest

from model import Topology, load_plan
from model.clouds import CLOUDS
from model.topology import after_cold_activation, after_failover, after_reprotect, after_stand_down
from tests.components.declared import Declared, declared
from tests.components.test_transitions import gone, replaced
from tests.kinds.cases import CASES, Case

pytestmark = pytest.mark.thorough

PATH = str(Path(__file__).parents[1] / "plans" / "kinds.yaml")
PLAN = load_plan(PATH)
INITIAL = Topology.initial(PLAN)
MOVED = after_failover(INITIAL, PLAN, "secondary")
COLD = after_cold_activation(INITIAL, PLAN, "tertiary", {"core": "a-backup"})
HOME = after_failover(COLD, PLAN, "primary")
LIFE = {
    "failover": (INITIAL, MOVED),
    "re-protection": (MOVED, after_reprotect(MOVED, PLAN, "primary")),
    "cold activation": (INITIAL, COLD),
    "stand-down": (HOME, after_stand_down(HOME, PLAN, "tertiary")),
}


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.cloud}-{case.kind}")


@cache
def stack(name: str, topology: str) -> dict[str, Declared]:
    return declared(name, Topology.model_validate_json(topology), plan=PATH)


def of(case: Case, site: str, topology: Topology) -> dict[str, Declared]:
    """The resources of a site that hold it."""
    seen = stack(PLAN.site(site).stack, topology.model_dump_json())
    return {urn: each for urn, each in seen.items() if each.type == case.resource and each.name.startswith(case.name)}


def test_every_kind_that_can_be_built_has_a_case() -> None:
    built = {(name, kind) for name, facts in CLOUDS.items() for kind in (*facts.stores, *facts.services)}
    assert {(case.cloud, case.kind) for case in CASES} == built


@each_case
def test_it_is_declared_in_the_sites_that_hold_it(case: Case) -> None:
    assert tuple(site.name for site in PLAN.sites if of(case, site.name, INITIAL)) == case.sites


@each_case
@pytest.mark.parametrize("move", LIFE)
def test_a_move_deletes_and_replaces_nothing_of_it(case: Case, move: str) -> None:
    old, new = LIFE[move]
    assert old != new
    for site in (each.name for each in PLAN.sites):
        before, after = of(case, site, old), of(case, site, new)
        assert gone(before, after) == set(), site
        assert replaced(before, after) == [], site


@each_case
def test_the_site_that_takes_over_has_it(case: Case) -> None:
    for topology in (MOVED, COLD):
        assert of(case, topology.active_site, topology), topology.active_site
