"""Good stacks break no rule, and each way to weaken one is noticed by the rule that is there for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.packs.analyzer import PackProcess, PolicyFinding
from scripts.policy import configuration

from . import plans
from .scenes import Scene, resources_of, weakened

pytestmark = pytest.mark.thorough

STACKS = Path(__file__).parent / "stacks"
AZURE: dict[str, Any] = yaml.safe_load((STACKS / "azure.yaml").read_text(encoding="utf-8"))
MUTATIONS: dict[str, list[dict[str, Any]]] = yaml.safe_load((STACKS / "mutations.yaml").read_text(encoding="utf-8"))


def good(system: str) -> tuple[Scene, dict[str, Any]]:
    return (AZURE["resources"], AZURE["facts"]) if system == "azure" else (plans.scene(system), plans.facts(system))


def findings(pack: PackProcess, scene: Scene, facts: Mapping[str, Any]) -> list[PolicyFinding]:
    pack.configure(configuration("prod", facts))
    return pack.analyze(resources_of(scene))


def described(found: list[PolicyFinding]) -> list[str]:
    return [f"{finding.rule} {finding.kind} {finding.urn.rpartition('::')[2]}: {finding.text}" for finding in found]


each_stack = pytest.mark.parametrize(
    ("plan", "stack"), [(plan, stack) for plan in plans.NAMES for stack in plans.plan(plan).stacks]
)


# Its stacks are judged one by one below: the tests' monitor gives a plan of backups the same id in both of them, so
# that in one scene the selection of the one would be taken for that of the other.
ALIKE = {"muejam"}


@pytest.mark.parametrize("system", ["azure", *(name for name in plans.NAMES if name not in ALIKE)])
def test_a_good_system_breaks_no_rule(pack: PackProcess, system: str) -> None:
    scene, facts = good(system)
    assert not described([it for it in findings(pack, scene, facts) if it.kind not in {"unknown", "waived"}])


@each_stack
def test_a_good_stack_breaks_no_rule_by_itself(pack: PackProcess, plan: str, stack: str) -> None:
    found = findings(pack, plans.scene(plan, stack), plans.facts(plan, stack))
    assert not described([it for it in found if it.kind != "waived"])


@each_stack
def test_the_first_preview_of_a_stack_breaks_no_rule(pack: PackProcess, plan: str, stack: str) -> None:
    """Before anything is made most references are not known. That is no reason to stop, and none to be silent."""
    found = findings(pack, plans.first_preview(plan, stack), plans.facts(plan, stack))
    assert not described([finding for finding in found if finding.kind not in {"unknown", "waived"}])
    assert len(found) < 20, described(found)


def test_a_replica_missing_from_its_own_stack_is_noticed(pack: PackProcess) -> None:
    scene = [item for item in plans.scene("samia", "dr") if item["type"] != "aws:rds/instance:Instance"]
    found = findings(pack, scene, plans.facts("samia", "dr"))
    assert {finding.rule for finding in found if finding.stops} == {"DR-REP-004"}


def each_mutation() -> Iterator[Any]:
    for system, mutations in MUTATIONS.items():
        for mutation in mutations:
            yield pytest.param(system, mutation, id=f"{system}-{mutation['what'].replace(' ', '-')}")


@pytest.mark.parametrize(("system", "mutation"), each_mutation())
def test_a_weakened_system_is_noticed_by_the_right_rule(
    pack: PackProcess, system: str, mutation: dict[str, Any]
) -> None:
    scene, facts = good(system)
    found = findings(pack, weakened(scene, mutation), facts)
    broken = [finding for finding in found if finding.kind == "broken"]
    assert mutation["rule"] in {finding.rule for finding in broken}, described(found)
    # Others may notice as well; most of the pack must not, or nobody could tell what is wrong.
    assert len({finding.rule for finding in broken}) <= 4, described(broken)
