"""Every mistake of a plan is named with file, path and what was expected, all of them at once."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from model import Plan, PlanError, load_plan, parse_plan


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """`put(d, "services.2.tier", 1)`; the value `...` removes the key."""
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    place: Any = document
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value


def mistakes(document: Any) -> list[str]:
    with pytest.raises(PlanError) as caught:
        parse_plan(document, "plans/x.yaml")
    return str(caught.value).splitlines()


CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['path']}={case.get('value', 'removed')!r:.30}")
def test_mistake_is_named(document: dict[str, Any], case: dict[str, Any]) -> None:
    put(document, case["path"], case.get("value", ...))
    found = mistakes(document)
    assert any(line.startswith(f"plans/x.yaml: {case['says']}") for line in found), found


def test_all_mistakes_at_once(document: dict[str, Any]) -> None:
    put(document, "services.2.tier", "one")
    put(document, "objectives.0.rpo", "soon")
    put(document, "traffic.ttl", ...)
    put(document, "colour", "red")
    assert {line.split(": ")[1] for line in mistakes(document)} == {
        "services[2].tier", "objectives[0].rpo", "traffic.ttl", "colour"
    }  # fmt: skip


def test_a_wrong_entry_of_a_list_of_one_is_one_mistake(document: dict[str, Any]) -> None:
    document["contacts"] = [{**document["contacts"][0], "notify": ["nobody"]}]
    assert len(mistakes(document)) == 1


def test_all_contradictions_at_once(document: dict[str, Any]) -> None:
    put(document, "services.1.uses.0", "cor")
    put(document, "fencing.witness", "moon")
    put(document, "tiers.1.max_downtime", "2m")
    assert len(mistakes(document)) == 3


@pytest.mark.parametrize("version", [2, 0, "1", 1.5, True, None, [1]])
def test_plan_of_another_version_is_not_judged_further(document: dict[str, Any], version: Any) -> None:
    document["version"] = version
    document["colour"] = "red"
    assert len(mistakes(document)) == 1
    assert "version:" in mistakes(document)[0]
    assert "the version this program reads" in mistakes(document)[0]


@pytest.mark.parametrize("content", [None, [], "samia", 3, {}])
def test_document_that_is_no_plan(content: Any) -> None:
    assert mistakes(content)


def test_path_of_an_odd_key_cannot_be_mistaken(document: dict[str, Any]) -> None:
    document["a.b\n"] = 1
    assert mistakes(document) == ['plans/x.yaml: ["a.b\\x0a"]: is not a known key']


def test_value_in_an_error_is_short_and_printable(document: dict[str, Any]) -> None:
    document["system"] = "\x1b[31m" + "x" * 10_000
    assert all(len(line) < 200 and line.isprintable() for line in mistakes(document))


def test_error_survives_pickling(document: dict[str, Any]) -> None:
    del document["sites"]
    with pytest.raises(PlanError) as caught:
        parse_plan(document, "plans/x.yaml")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.exit_code == 2


def test_long_chain_of_services_is_no_cycle(document: dict[str, Any]) -> None:
    first = {"name": "service-0", "kind": "pods", "tier": 3, "uses": ["core"]}
    chain = [
        first,
        *(
            {"name": f"service-{i}", "kind": "pods", "tier": 3, "uses": [f"service-{i - 1}"], "front_door": False}
            for i in range(1, 1500)
        ),
    ]
    document["services"] = chain
    plan = parse_plan(document, "plans/x.yaml")
    assert plan.effective_tier("core") == 1
    document["services"][0] = {**first, "uses": ["service-1499"]}
    assert "a cycle" in mistakes(document)[0]


def test_plan_of_other_kinds_of_systems(document: dict[str, Any], write: Callable[[Any], Any]) -> None:
    """Synchronous replication, Azure, objectives by environment and by component, a single site."""
    document["stores"][0]["replication"] = {"mode": "synchronous"}
    document["environments"] = {
        "staging": {
            "objectives": [{"disaster": "regional_outage", "rpo": "4h", "rto": "8h", "recover_at": "secondary"}]
        }
    }
    document["objectives"].append({"disaster": "cache_failure", "rpo": "1h", "rto": "2h", "component": "auth"})
    plan = load_plan(write(document))
    assert plan.in_environment("staging").objectives[0].rto.total_seconds() == 8 * 3600
    assert plan.in_environment("prod") is plan
    with pytest.raises(KeyError):
        plan.in_environment("dev")
    alone = document | {
        "sites": [
            {
                "name": "home",
                "kind": "primary",
                "cloud": "azure",
                "region": "westeurope",
                "stack": "home",
                "account": "6f1c9a1e-8f6b-4a51-9b4c-0d7f0a4f8b11",
            }
        ],
        "residency": {"allowed_regions": ["westeurope"]},
        "fencing": {"witness": "home", "lease": {"ttl": "3s", "renew": "500ms"}},
        "stores": [
            {
                "name": "core",
                "kind": "postgres",
                "version": "16",
                "tier": 1,
                "replication": {"mode": "none"},
                "backups": {"pitr_retention": "30d", "archive_interval": "5m"},
            }
        ],
        "services": [{"name": "web", "kind": "web_app", "tier": 0, "uses": ["core"]}],
        "objectives": [{"disaster": "database_corruption", "rpo": "1h", "rto": "4h"}],
        "environments": {},
    }
    found: Plan = parse_plan(alone, "alone.yaml")
    assert (found.warm, found.cold) == (None, None)
