"""The pack under an engine: what a program may not do is refused before it is done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandError

from sandbox.engine import EmbeddedPulumi
from scripts.dr import main
from scripts.policy import configuration
from tests.engine.workbench import Bench, bench

from . import plans
from .conftest import PACK
from .test_check import SELECTION, entry, state, table

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


def config(folder: Path, given: dict[str, Any]) -> str:
    path = folder / "policy.json"
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
    stack.preview(policy_packs=[str(PACK)], policy_pack_configs=[config(work.folder, given)], on_event=seen.append)
    assert not [event.policy_event.message for event in seen if event.policy_event]


def test_an_expired_waiver_stops_the_update_before_anything_is_made(work: Bench) -> None:
    stack = work.stack(EmbeddedPulumi())
    given = config(work.folder, {"DR-PLN-001": {"waivers": [EXPIRED]}})
    with pytest.raises(CommandError, match="DR-PLN-002"):
        stack.up(policy_packs=[str(PACK)], policy_pack_configs=[given])
    assert not [call for call in work.calls() if call["method"] == "Create"]


@pytest.mark.parametrize("environment", ["prod", "staging", "dev"])
def test_the_configurations_of_the_pack_fit_its_schemas(work: Bench, environment: str) -> None:
    work.stack(EmbeddedPulumi()).preview(
        policy_packs=[str(PACK)], policy_pack_configs=[str(PACK / f"config.{environment}.json")]
    )


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no pulumi on PATH")
def test_the_cli_says_the_same_of_a_state_without_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weak = table(deletionProtectionEnabled=False, pointInTimeRecovery={"enabled": False})
    made = [{**each, "outputs": each["inputs"]} for each in (weak, SELECTION)]
    file = state(tmp_path, entry("pulumi:pulumi:Stack", "shop-prod"), *made)
    given = {**configuration("prod"), "DR-PLN-001": {"waivers": [{**EXPIRED, "rule": "DR-PRO-002"}]}}
    arguments = ["--policy-pack", str(PACK), "--policy-pack-config", config(tmp_path, given), "--file", file, "--json"]
    done = subprocess.run(
        ["pulumi", "policy", "analyze", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    events = [json.loads(line).get("policyEvent") for line in done.stdout.splitlines()]
    said = {(it["policyName"], it["enforcementLevel"], it["severity"], it["resourceUrn"]) for it in events if it}
    assert main(["policy", "check", "--file", file, "--config", config(tmp_path, given), "--format", "json"]) == 3
    ours = json.loads(capsys.readouterr().out)["findings"]
    assert said == {(it["rule"], it["level"], it["severity"], it["urn"]) for it in ours}
    assert {"DR-PRO-002", "DR-RET-005", "DR-PLN-002"} <= {rule for rule, *_ in said}
