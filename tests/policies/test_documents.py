"""What stands beside the rules: pages, configurations, standards."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from policies.docs import FAMILIES, FOLDER, pages
from policies.rules.kernel.registry import all_rules

from .conftest import PACK

RULES = all_rules()
KINDS: dict[str, Any] = {"number": (int, float), "array": list, "string": str, "object": dict}


def test_pages_are_up_to_date() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert there == pages(RULES), "run `python policies/docs.py`"


@pytest.mark.parametrize("environment", ["prod", "staging", "dev"])
def test_configurations_hold_every_threshold(environment: str) -> None:
    config = json.loads((PACK / f"config.{environment}.json").read_text(encoding="utf-8"))
    rules = {rule.id: rule for rule in RULES}
    assert set(config) <= set(rules)
    for rule in RULES:
        given = dict(config.get(rule.id, {}))
        assert given.pop("enforcementLevel", "advisory") in ("mandatory", "advisory", "disabled")
        if rule.id == "DR-PLN-001":
            continue
        assert set(given) == {threshold.name for threshold in rule.thresholds}, rule.id
        for threshold in rule.thresholds:
            assert isinstance(given[threshold.name], KINDS[threshold.schema["type"]]), rule.id


def test_production_is_the_strictest() -> None:
    configs = {
        name: json.loads((PACK / f"config.{name}.json").read_text(encoding="utf-8"))
        for name in ("prod", "staging", "dev")
    }
    for rule in RULES:
        for threshold in rule.thresholds:
            if threshold.schema["type"] != "number" or rule.id == "DR-PLN-001":
                continue
            prod, staging, dev = (configs[name][rule.id][threshold.name] for name in ("prod", "staging", "dev"))
            assert prod == threshold.default, rule.id
            ordered = prod >= staging >= dev if threshold.stricter == "higher" else prod <= staging <= dev
            assert ordered or threshold.name == "shareOfRto", rule.id


def test_rules_say_what_they_must() -> None:
    assert len(RULES) >= 60
    for rule in RULES:
        assert re.fullmatch(r"DR-[A-Z0-9]{3}-\d{3}", rule.id)
        assert rule.family in FAMILIES
        assert rule.checks
        assert rule.title
        assert not rule.title.endswith(".")
        assert rule.why.endswith((".", ":"))
        assert rule.remedy.endswith(".")
        assert rule.serves, rule.id
        names = {threshold.name for threshold in rule.thresholds}
        wanted = {value[1:] for value in rule.fix.values() if isinstance(value, str) and value.startswith("$")}
        assert wanted <= names, rule.id
        # A fix changes inputs, which a look over the whole stack comes too late for.
        assert not rule.fix or rule.scope == "resource"


def test_numbers_have_no_gaps() -> None:
    for family in FAMILIES:
        numbers = [int(rule.id[-3:]) for rule in RULES if rule.family == family]
        assert numbers == list(range(1, len(numbers) + 1)), family
