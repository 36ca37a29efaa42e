"""What is found in the field: inputs of all spellings, and the one verdict that is right."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.packs.analyzer import PackProcess

from .scenes import resources_of

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "judgements.yaml").read_text(encoding="utf-8"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"].replace(" ", "-"))
def test_judgement(pack: PackProcess, case: dict[str, Any]) -> None:
    scene = [{"as": f"r{position}", **copy.deepcopy(item)} for position, item in enumerate(case["scene"])]
    known = resources_of(scene)
    for position, item in enumerate(scene):
        if elsewhere := item.get("elsewhere"):
            # Recorded as the engine records it: the URN of a resource that this scene does not show.
            other = "urn:pulumi:dev::shop::aws:ec2/vpc:Vpc::elsewhere"
            known[position] = replace(known[position], property_dependencies=dict.fromkeys(elsewhere, (other,)))
    level = {"enforcementLevel": "mandatory"}
    pack.configure(
        {"DR-PLN-001": case.get("facts", {}), **{rule: {**case.get("config", {}), **level} for rule in case["rules"]}}
    )
    found = pack.analyze(known)
    for rule in case["rules"]:
        said = [f"{finding.kind}: {finding.text}" for finding in found if finding.rule == rule]
        broken = [text for text in said if not text.startswith("unknown: ")]
        if case["verdict"] == "good":
            assert not said
        elif case["verdict"] == "unknown":
            assert said
            assert not broken
        else:
            assert broken, said
