"""The pack under an engine: what a program may not do is refused before it is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandError

from sandbox.engine import EmbeddedPulumi
from scripts.policy import configuration
from tests.engine.workbench import Bench, bench

from . import plans
from .conftest import PACK

pytestmark = pytest.mark.engine
PROGRAM = """
import pulumi
from sim import Thing
pulumi.export("endpoint", Thing("a").endpoint)
"""
EXPIRED = {"rule": "DR-RET-001", "reason": "a toy", "owner": "sre", "expires": "2001-01-01"}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        found.program(PROGRAM)
        yield found


def config(work: Bench, given: dict[str, Any]) -> str:
    path = work.folder / "policy.json"
    path.write_text(json.dumps(given))
    return str(path)


def test_a_pack_without_facts_warns_and_lets_the_update_go_on(work: Bench) -> None:
    stack = work.stack(EmbeddedPulumi())
    seen: list[Any] = []
    stack.up(policy_packs=[str(PACK)], on_event=seen.append)
    found = [event.policy_event for event in seen if event.policy_event]
    assert {(event.policy_name, event.enforcement_level) for event in found} == {("DR-PLN-001", "advisory")}
    assert stack.outputs()["endpoint"].value


def test_the_configuration_of_a_plan_is_accepted(work: Bench) -> None:
    given = configuration("prod", plans.facts("samia", "prod"))
    stack = work.stack(EmbeddedPulumi())
    seen: list[Any] = []
    stack.preview(policy_packs=[str(PACK)], policy_pack_configs=[config(work, given)], on_event=seen.append)
    assert not [event.policy_event.message for event in seen if event.policy_event]


def test_an_expired_waiver_stops_the_update_before_anything_is_made(work: Bench) -> None:
    stack = work.stack(EmbeddedPulumi())
    given = config(work, {"DR-PLN-001": {"waivers": [EXPIRED]}})
    with pytest.raises(CommandError, match="DR-PLN-002"):
        stack.up(policy_packs=[str(PACK)], policy_pack_configs=[given])
    assert not [call for call in work.calls() if call["method"] == "Create"]


@pytest.mark.parametrize("environment", ["prod", "staging", "dev"])
def test_the_configurations_of_the_pack_fit_its_schemas(work: Bench, environment: str) -> None:
    work.stack(EmbeddedPulumi()).preview(
        policy_packs=[str(PACK)], policy_pack_configs=[str(PACK / f"config.{environment}.json")]
    )
