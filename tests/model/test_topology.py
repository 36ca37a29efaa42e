"""Each store has incarnations of its own at each site, and no life of the system ever uses an identifier twice."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model import Incarnation, Plan, Topology, TopologyError, parse_plan, role_of
from model.roles import scale_of
from model.topology import (
    after_backups_settled,
    after_backups_switch,
    after_cold_activation,
    after_failover,
    after_reprotect,
    after_restore,
    after_retirement,
    after_stand_down,
    foreign_names,
)

from .conftest import SAMIA

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
PAPERS = {
    "name": "papers", "kind": "documents", "version": "7.0", "tier": 2, "replication": {"mode": "none"},
    "backups": {"pitr_retention": "7d", "archive_interval": "5m"},
}  # fmt: skip


def plan_with(change: Callable[[dict[str, Any]], None]) -> Plan:
    document = copy.deepcopy(yaml.safe_load(SAMIA))
    change(document)
    return parse_plan(document, "x.yaml")


def _three_stores(document: dict[str, Any]) -> None:
    document["stores"] += [document["stores"][0] | {"name": "ledger"}, PAPERS]


def _no_store(document: dict[str, Any]) -> None:
    document["stores"] = []
    for service in document["services"]:
        service["uses"] = []


PLAN, STATELESS = plan_with(_three_stores), plan_with(_no_store)
SITES, STORES = [site.name for site in PLAN.sites], ["core", "ledger", "papers"]
INITIAL = Topology.initial(PLAN)
BACKUPS = {"core": "backup-of-core", "ledger": "backup-of-ledger"}


def test_the_first_topology_holds_every_store_in_every_populated_site() -> None:
    assert INITIAL.to_config() == {
        "activeSite": "primary",
        "epoch": 1,
        "stores": {
            "primary": {"core": {"number": 1}, "ledger": {"number": 1}, "papers": {"number": 1}},
            "secondary": {
                "core": {"number": 1, "source": "primary", "sourceNumber": 1},
                "ledger": {"number": 1, "source": "primary", "sourceNumber": 1},
                "papers": {"number": 1},
            },
        },
        "backupsOf": {"primary": {"core": 1, "ledger": 1, "papers": 1}},
    }
    assert INITIAL.inventory("secondary") == "core 1, ledger 1, papers 1"
    assert INITIAL.inventory("tertiary") == "no store"


def test_one_store_is_restored_and_re_protected_alone() -> None:
    restored = after_restore(INITIAL, PLAN, {"ledger": "x@2026-01-31T12:00:00Z"}, NOON)
    assert restored.incarnations("primary") == {"core": 1, "ledger": 2, "papers": 1}
    assert set(restored.tainted) == {"samia-primary-ledger-1", "samia-secondary-ledger-1"}
    assert (restored.epoch, role_of(PLAN, restored, "secondary")) == (2, "fenced")
    assert scale_of(PLAN, restored, "secondary") == "warm"
    assert restored.not_following(PLAN, "secondary") == ("ledger",)
    whole = after_reprotect(restored, PLAN, "secondary", restored.not_following(PLAN, "secondary"))
    assert whole.incarnations("secondary") == {"core": 1, "ledger": 3, "papers": 1}
    assert role_of(PLAN, whole, "secondary") == "warm"
    for store in ("core", "papers"):
        assert whole.held("secondary", store) == INITIAL.held("secondary", store)
    retired = after_retirement(whole, PLAN, "secondary", ["ledger"])
    assert retired.held("secondary", "ledger") == Incarnation(number=3, source="primary", source_number=2)
    assert retired.held("primary", "ledger") == whole.held("primary", "ledger")


def test_the_backups_of_one_store_are_switched_alone() -> None:
    restored = after_restore(INITIAL, PLAN, {"ledger": "x"}, NOON)
    assert after_backups_switch(restored, PLAN, ["core"]) == restored
    with pytest.raises(TopologyError, match="incarnation 1 of ledger: retire it first"):
        after_backups_switch(restored, PLAN)
    retired = after_retirement(restored, PLAN, "primary")
    assert retired.backups_of == {"primary": {"core": 1, "papers": 1}}
    assert after_backups_settled(retired, PLAN).backups_of == {"primary": {"core": 1, "ledger": 2, "papers": 1}}


def test_a_store_that_nothing_follows_begins_empty_and_is_in_nobodys_way() -> None:
    moved = after_failover(INITIAL, PLAN, "secondary")
    assert moved.held("secondary", "papers") == Incarnation(number=1)
    assert moved.held("secondary", "core") == Incarnation(number=1, promoted=True)
    cold = after_cold_activation(INITIAL, PLAN, "tertiary", BACKUPS)
    assert {name: held.origin for name, held in cold.stores["tertiary"].items()} == {
        "core": "restored", "ledger": "restored", "papers": "new",
    }  # fmt: skip
    home = after_reprotect(cold, PLAN, "primary")
    assert home.held("primary", "papers") == Incarnation(number=3, retiring=(1,))
    assert role_of(PLAN, home, "primary") == "warm"


def test_a_store_that_the_plan_has_come_to_hold_is_new_where_the_service_runs() -> None:
    one = plan_with(lambda document: None)
    topology = after_failover(Topology.initial(one), one, "secondary")
    grown = topology.with_new_stores(PLAN)
    assert grown.held("secondary", "ledger") == Incarnation(number=2)
    assert grown.held("primary", "ledger") == Incarnation(number=2, source="secondary", source_number=2)
    assert grown.held("secondary", "core") == topology.held("secondary", "core")
    assert grown.with_new_stores(PLAN) is grown
    assert "tertiary" not in grown.stores
    with pytest.raises(TopologyError, match=r'dr:stores\.secondary: "ledger" is no store of the plan samia'):
        foreign_names(grown, one, {})


def test_a_system_without_stores_moves_all_the_same() -> None:
    topology = Topology.initial(STATELESS)
    assert Topology.from_config(topology.to_config()) == topology
    roles = [role_of(STATELESS, topology, site) for site in SITES]
    assert roles == ["active", "warm", "cold"]
    there = after_failover(topology, STATELESS, "secondary")
    assert [role_of(STATELESS, there, site) for site in SITES] == ["warm", "active", "cold"]
    cold = after_cold_activation(there, STATELESS, "tertiary", {})
    assert [role_of(STATELESS, cold, site) for site in SITES] == ["warm", "warm", "active"]
    back = after_failover(cold, STATELESS, "primary")
    assert role_of(STATELESS, back, "tertiary") == "fenced", "its pods run until it stands down"
    assert scale_of(STATELESS, back, "tertiary") == "active"
    assert role_of(STATELESS, after_stand_down(back, STATELESS, "tertiary"), "tertiary") == "cold"


@pytest.mark.parametrize(
    ("move", "says"),
    [
        (lambda: after_failover(INITIAL, PLAN, "tertiary"), "site tertiary holds nothing that could take over"),
        (lambda: after_failover(INITIAL, PLAN, "moon"), "no site 'moon' in the plan; there is primary, secondary or"),
        (lambda: after_restore(INITIAL, PLAN, {"cor": "x"}, NOON), "no store 'cor' with incarnations in the plan"),
        (lambda: after_reprotect(INITIAL, PLAN, "secondary", ["media"]), "no store 'media' with incarnations in the"),
        (lambda: after_retirement(INITIAL, PLAN, "moon"), "no site 'moon'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(move: Callable[[], Topology], says: str) -> None:
    with pytest.raises(TopologyError, match=says):
        move()


Move = tuple[str, str, tuple[str, ...]]
some_stores = st.lists(st.sampled_from(STORES), min_size=1, max_size=3, unique=True).map(tuple)
MOVES = st.one_of(
    st.tuples(st.just("failover"), st.sampled_from(SITES), st.just(())),
    st.tuples(st.just("activate"), st.just("tertiary"), st.just(())),
    st.tuples(st.sampled_from(["restore", "reprotect", "retire", "switch"]), st.sampled_from(SITES), some_stores),
    st.tuples(st.just("stand down"), st.just("tertiary"), st.just(())),
)


def moved(topology: Topology, move: Move) -> Topology:
    what, site, stores = move
    if what == "failover":
        return after_failover(topology, PLAN, site)
    if what == "activate":
        return after_cold_activation(topology, PLAN, site, BACKUPS)
    if what == "restore":
        return after_restore(topology, PLAN, dict.fromkeys(stores, "x"), NOON)
    if what == "reprotect":
        return after_reprotect(topology, PLAN, site, stores)
    if what == "retire":
        return after_retirement(topology, PLAN, site, stores)
    if what == "switch":
        return after_backups_switch(topology, PLAN, stores)
    return after_stand_down(topology, PLAN, site)


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(MOVES, max_size=14))
@example(
    [
        ("activate", "tertiary", ()),
        ("failover", "primary", ()),
        ("stand down", "tertiary", ()),
        ("reprotect", "tertiary", ("core", "ledger")),
    ]
)
def test_no_identifier_is_used_twice_and_only_what_is_named_changes(moves: list[Move]) -> None:
    topology = INITIAL
    seen = {(site, name, number) for site in SITES for name, number in topology.incarnations(site).items()}
    for move in moves:
        try:
            new = moved(topology, move)
        except TopologyError:
            continue
        assert Topology.from_config(new.to_config()) == new
        assert new.epoch - topology.epoch in (0, 1)
        for site in SITES:
            for name in STORES:
                old, now = topology.held(site, name), new.held(site, name)
                if move[0] in {"restore", "reprotect", "retire"} and name not in move[2]:
                    assert old == now, f"{move} changed {name} in {site}"
                if now is None or now.number is None or (old is not None and old.number == now.number):
                    continue
                assert (site, name, now.number) not in seen, f"{site}-{name}-{now.number} is used twice"
                seen.add((site, name, now.number))
                assert old is None or set(old.numbers) <= {now.number, *now.retiring}, "something was forgotten"
        roles = [role_of(PLAN, new, site) for site in SITES]
        assert roles.count("active") == 1
        for site in SITES:
            if role_of(PLAN, new, site) == "warm":
                after_failover(new, PLAN, site)
        topology = new
