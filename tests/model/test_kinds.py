"""Stores and services are of a kind: what a plan may say of each, and what is said of one that nobody knows."""

from typing import Any

import pytest

from model import PlanError, load_plan, parse_plan
from model.checks import not_built, notes
from model.stores import KINDS, Backups, IncarnatedStore, Objects, Postgres, Redis

from .test_mistakes import mistakes, put

SNAPSHOTS = {"snapshots": {"every": "6h", "keep": "30d", "copies_to": ["secondary"]}}
LOG = {"pitr_retention": "7d", "archive_interval": "5m", "copies_to": ["secondary"]}
OTHERS: list[dict[str, Any]] = [
    {"name": "cache", "kind": "redis", "version": "7", "tier": 2, "memory_gb": 6, "backups": SNAPSHOTS},
    {
        "name": "papers", "kind": "documents", "version": "7.0", "tier": 1, "backups": LOG,
        "replication": {"max_lag": "5m"},
    },
    {"name": "images", "kind": "registry", "replicate_to": ["secondary"], "untagged_keep": "30d"},
    {"name": "secrets", "kind": "vault", "soft_delete_keep": "90d", "backup_every": "1d", "copies_to": ["secondary"]},
]  # fmt: skip


def test_every_kind_can_stand_in_a_plan(document: dict[str, Any]) -> None:
    document["stores"] += OTHERS
    for kind in ("web_app", "static_site", "vm_group"):
        document["services"].append({"name": kind.replace("_", "-"), "kind": kind, "tier": 3})
    plan = parse_plan(document, "x.yaml")
    assert {type(store) for store in plan.stores} == set(KINDS)
    assert [store.name for store in plan.incarnated_stores] == ["core", "papers"]
    assert [store.name for store in plan.refilled_stores] == ["cache"]
    assert [store.name for store in plan.guarded_stores] == ["core"]
    assert [store.name for store in plan.stores_of(Postgres)] == ["core"]
    assert [store.name for store in plan.stores_of(Objects)] == ["media"]
    assert plan.stores_of(IncarnatedStore) == plan.incarnated_stores
    with pytest.raises(KeyError, match="no store 'pay' in the plan; there is core, media, cache, papers, images or"):
        plan.store("pay")


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("stores.0.kind", "mysql", "stores[0].kind: \"mysql\" is not 'postgres', 'redis'"),
        ("stores.0.kind", ..., "stores[0].kind: is required"),
        (
            "services.0.kind",
            "lambda",
            "services[0].kind: \"lambda\" is not 'pods', 'web_app'",
        ),
        ("services.0.kind", ..., "services[0].kind: is required"),
        ("stores.0.size", "db.r6g.large", 'stores[0].size: "db.r6g.large" is not a mapping'),
        (
            "stores.0.size",
            {"gcp": "n1"},
            'stores[0].size.gcp: "gcp" is no cloud that is known here; there is aws or azure',
        ),
        ("stores.0.replicate_to", ["secondary"], "stores[0].replicate_to: is not a known key"),
        ("stores.2", {"name": "cache", "kind": "redis", "version": "7", "tier": 2}, "stores[2].backups: is required"),
        ("stores.2", OTHERS[3] | {"copies_to": ["moon"]}, 'stores[2].copies_to[0]: "moon" is no site of this plan'),
        ("stores.2", OTHERS[2] | {"replicate_to": ["moon"]}, 'stores[2].replicate_to[0]: "moon" is no site of this'),
    ],
)
def test_what_a_kind_does_not_say_is_named(document: dict[str, Any], place: str, value: Any, says: str) -> None:
    put(document, place, value)
    assert any(line.startswith(f"plans/x.yaml: {says}") for line in mistakes(document)), mistakes(document)


def test_each_kind_says_what_it_can_lose() -> None:
    redis = Redis.model_validate(OTHERS[0] | {"replication": {"mode": "asynchronous", "max_lag": "1m"}})
    log = Backups.model_validate(LOG)
    assert redis.lost_in_promotion() is not None
    assert redis.lost_in_promotion()[0].total_seconds() == 60  # type: ignore[index]
    assert redis.lost_in_restore(None)[0].total_seconds() == 6 * 3600  # type: ignore[index]
    assert (redis.backups.retention.days, log.retention.days) == (30, 7)


def test_the_kinds_are_told_apart_before_anything_else(document: dict[str, Any]) -> None:
    """A store without a kind is not judged by the keys of some other kind."""
    del document["stores"][0]["kind"]
    with pytest.raises(PlanError) as caught:
        parse_plan(document, "x.yaml")
    assert [mistake.path for mistake in caught.value.mistakes] == ["stores[0].kind"]


def test_a_plan_that_runs_nothing_beside_which_the_agent_can_run_is_refused() -> None:
    muejam = load_plan("muejam")
    alone = muejam.model_copy(update={"services": (muejam.service("servers"),)})
    assert list(not_built(muejam)) == []
    assert [str(mistake) for mistake in not_built(alone)] == [
        "services: none is of kind pods, and on aws the agent that guards the stores runs beside those"
    ]


def test_a_cold_site_that_keeps_its_roles_is_said() -> None:
    (said,) = [each for each in notes(load_plan("muejam")) if "keeps its roles" in each]
    assert said == (
        "backup keeps its roles, and an empty cluster where it will run pods, from the start: aws makes roles in "
        "us-east-1 alone, which is lost with primary"
    )
    assert not [each for each in notes(load_plan("samia")) if "keeps its roles" in each]
