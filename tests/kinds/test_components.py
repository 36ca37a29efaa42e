"""
What every kind of store and service passes before it is moved: it is declared where the service runs, and after a
failover, a way back and a cold activation nothing of it is deleted or replaced. A new kind adds a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from model import Plan, Topology, load_plan
from model.clouds import CLOUDS
from model.topology import after_cold_activation, after_failover, after_reprotect, after_stand_down
from tests.components.declared import RECORDS_IN, Declared, declared
from tests.components.test_transitions import gone, replaced
from tests.kinds.cases import CASES, PLANS, Case

pytestmark = pytest.mark.thorough


@dataclass(frozen=True)
class Moves:
    """The plan of a cloud, and the topologies before and after each move in it."""

    path: str
    plan: Plan
    initial: Topology
    moved: Topology
    cold: Topology
    life: Mapping[str, tuple[Topology, Topology]]


def moves_in(cloud: str) -> Moves:
    plan = load_plan(PLANS[cloud])
    initial = Topology.initial(plan)
    moved = after_failover(initial, plan, "secondary")
    cold = after_cold_activation(initial, plan, "tertiary", {"core": "a-backup"})
    home = after_failover(cold, plan, "primary")
    life = {
        "failover": (initial, moved),
        "re-protection": (moved, after_reprotect(moved, plan, "primary")),
        "cold activation": (initial, cold),
        "stand-down": (home, after_stand_down(home, plan, "tertiary")),
    }
    return Moves(PLANS[cloud], plan, initial, moved, cold, life)


IN = {cloud: moves_in(cloud) for cloud in PLANS}
each_case = pytest.mark.parametrize("case", CASES, ids=str)


@cache
def stack(cloud: str, name: str, topology: str) -> dict[str, Declared]:
    config = Topology.model_validate_json(topology)
    return declared(name, config, RECORDS_IN[cloud], plan=IN[cloud].path)


def of(case: Case, site: str, topology: Topology) -> dict[str, Declared]:
    """The resources of a site that hold it."""
    seen = stack(case.cloud, IN[case.cloud].plan.site(site).stack, topology.model_dump_json())
    return {urn: each for urn, each in seen.items() if each.type == case.resource and each.name.startswith(case.name)}


def test_every_kind_that_can_be_built_has_a_case() -> None:
    built = {(name, kind) for name, facts in CLOUDS.items() for kind in (*facts.stores, *facts.services)}
    assert {(case.cloud, case.kind) for case in CASES} == built


@each_case
def test_it_is_declared_in_the_sites_that_hold_it(case: Case) -> None:
    here = IN[case.cloud]
    assert tuple(site.name for site in here.plan.sites if of(case, site.name, here.initial)) == case.sites


@each_case
@pytest.mark.parametrize("move", ["failover", "re-protection", "cold activation", "stand-down"])
def test_a_move_deletes_and_replaces_nothing_of_it(case: Case, move: str) -> None:
    old, new = IN[case.cloud].life[move]
    assert old != new
    for site in (each.name for each in IN[case.cloud].plan.sites):
        before, after = of(case, site, old), of(case, site, new)
        assert gone(before, after) == set(), site
        assert replaced(before, after) == [], site


@each_case
def test_the_site_that_takes_over_has_it(case: Case) -> None:
    """What is one for all sites stays where it is, which is not in a site that serves."""
    here = IN[case.cloud]
    shared = case.sites == (here.plan.fencing.witness,)
    for topology in (here.moved, here.cold):
        where = here.plan.fencing.witness if shared else topology.active_site
        assert of(case, where, topology), where
