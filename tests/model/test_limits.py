"""What a cloud does not allow of a kind is a mistake of the plan, and what old runbooks say of it is told."""

import copy
from typing import Any

import pytest
import yaml

from model import PlanError, load_plan, parse_plan
from model.checks import notes
from model.clouds import CLOUDS, pair_of
from model.loading import PLANS
from tests.model.test_mistakes import put

COMET = yaml.safe_load((PLANS / "comet.yaml").read_text(encoding="utf-8"))


def mistakes(changes: dict[str, Any]) -> list[str]:
    document = copy.deepcopy(COMET)
    for path, value in changes.items():
        put(document, path, value)
    try:
        parse_plan(document, "x")
    except PlanError as error:
        return [line.removeprefix("x: ") for line in str(error).splitlines()]
    return []


def test_the_unchanged_plan_is_sound() -> None:
    assert mistakes({}) == []


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("stores.0.size.azure", "Standard_D4ds_v5", '"Standard_D4ds_v5" is not a tier and a size such as'),
        ("stores.0.size.azure", "B_Standard_B2s", '"B_Standard_B2s" cannot have a standby or a copy that follows'),
        ("stores.0.backups.pitr_retention", "6d", "6d is not between 7d and 35d, the limits of azure"),
        ("stores.0.backups.pitr_retention", "36d", "36d is not between 7d and 35d, the limits of azure"),
        ("stores.3.soft_delete_keep", "6d", "6d is not between 7d and 90d, the limits of azure"),
        ("stores.3.soft_delete_keep", "91d", "91d is not between 7d and 90d, the limits of azure"),
        ("stores.2.untagged_keep", "366d", "366d is not between 0s and 365d, the limits of azure"),
        ("stores.0.backups.copies_to.0", "secondary", "backups of postgres in eastus are restored in westus alone"),
        (
            "stores.0.backups.snapshots.copies_to.0", "secondary",
            '"secondary" is in westus2, and backups of postgres in eastus are restored in westus alone, its pair',
        ),
        ("services.0.slot", "production", '"production" is what azure calls the app itself'),
        ("services.0.size", {"azure": "m5.large"}, '"m5.large" is not a size of an App Service plan such as P1v3'),
    ],
)  # fmt: skip
def test_what_the_cloud_does_not_allow_is_named(path: str, value: Any, says: str) -> None:
    found = mistakes({path: value})
    assert any(says in each for each in found), found


def test_a_small_size_runs_few_and_has_no_slots() -> None:
    found = mistakes({"services.0.size": {"azure": "B1"}, "services.0.replicas.active": 4})
    assert any(each.startswith("services[0].replicas.active: is more than 3") for each in found), found
    assert any(each.startswith("services[0].slot: B1 has no deployment slots") for each in found), found


def test_one_service_of_a_site_is_behind_its_door() -> None:
    second = {"name": "admin", "kind": "web_app", "tier": 0}
    document = copy.deepcopy(COMET)
    document["services"].append(second)
    with pytest.raises(PlanError, match=r"services\[1\]\.front_door: is true for browser as well"):
        parse_plan(document, "x")
    document["services"][-1] = second | {"front_door": False}
    assert parse_plan(document, "x").service("admin").front_door is False


def test_a_region_without_a_pair_is_said_to_have_none() -> None:
    document = copy.deepcopy(COMET)
    document["sites"][0]["region"] = "polandcentral"
    document["residency"]["allowed_regions"].append("polandcentral")
    with pytest.raises(PlanError, match=r"in polandcentral are restored nowhere else: it has no pair"):
        parse_plan(document, "x")
    assert pair_of("azure", "polandcentral") is None


def test_pairs_are_mutual_but_for_those_that_are_known_not_to_be() -> None:
    regions = CLOUDS["azure"].regions
    one_way = {region for region, pair in regions.items() if pair and regions[pair] != region}
    assert one_way == {"brazilsouth", "westindia", "westus3", "brazilsoutheast"}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("celora", {"postgres", "vault"}), ("comet", {"postgres", "vault", "redis"}), ("amicis", {"documents", "redis"})],
)
def test_what_old_runbooks_say_is_told_to_plans_that_have_the_kind(name: str, kinds: set[str]) -> None:
    told = [each for each in notes(load_plan(name)) if each.startswith("azure: old runbooks say")]
    wanted = [gone for gone in CLOUDS["azure"].gone if gone.kind in {"", *kinds}]
    assert {f"azure: {gone}" for gone in wanted} <= set(told)
    assert any("31 March 2027" in each and "`az front-door`" in each for each in told)
    assert any("`az postgres server`" in each for each in told) == ("postgres" in kinds)


def test_nothing_of_it_is_told_to_a_plan_elsewhere() -> None:
    assert [each for each in notes(load_plan("samia")) if "old runbooks" in each] == []
