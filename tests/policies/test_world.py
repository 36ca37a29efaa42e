"""`dr policy check` on what stands in a world: its stacks through the engine, and their states where no engine is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from model import load_plan
from sandbox.client import World
from scripts.dr import main
from scripts.stacks.provision import provision
from scripts.stacks.stacks import Stacks

PLAN = load_plan("minimal")
ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The stacks of the minimal plan in a world of their own; the cold site is not made yet."""
    home = Path(tempfile.mkdtemp(prefix="dr-"))  # the path of a socket in it must be short
    world = World.up(home / "world", PLAN.system, owner=os.getpid())
    try:
        with pytest.MonkeyPatch.context() as patch:
            given = {"DR_HOME": str(home / "dr"), "DR_ENGINE": "embedded", "DR_PLAN": PLAN.system}
            for name, value in {**world.env(PLAN.stacks[0]), **given}.items():
                patch.setenv(name, value)
            yield world
    finally:
        world.down()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def stacks(world: World) -> Stacks:
    found = Stacks(PLAN)
    provision(found)
    return found


def each(names: list[str], option: str) -> list[str]:
    return [word for name in names for word in (option, name)]


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["policy", "check", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("world")
def test_a_stack_that_was_never_made_is_not_called_good(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is provisioned; there is nothing that a rule could find broken."""
    assert main(["policy", "check", "--stack", "minimal-dr"]) == 3
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "error: stack minimal-dr was never made: there is nothing to check",
        "hint: make it with `dr up`",
    ]


@pytest.mark.usefixtures("stacks")
def test_what_stands_breaks_no_rule(capsys: pytest.CaptureFixture[str]) -> None:
    counted = 0
    for name in PLAN.stacks:
        found = checked(capsys, "--stack", name)
        counted += found["resources"]
        assert {finding["kind"] for finding in found["findings"]} <= {"waived"}, found["findings"]
    whole = checked(capsys, *each(PLAN.stacks, "--stack"))
    assert whole["resources"] == counted > 100
    assert checked(capsys) == whole, "no stack named: all of the plan"
    assert whole["findings"] == []


def test_what_breaks_a_rule_is_refused_without_its_waiver(stacks: Stacks, tmp_path: Path) -> None:
    """Somebody had the front door forward plain HTTP."""
    state = tmp_path / "state.json"
    state.write_text(json.dumps(stacks.export("minimal-prod")).replace('"type": "redirect"', '"type": "forward"'))
    document = yaml.safe_load((ROOT / "plans" / "minimal.yaml").read_text(encoding="utf-8"))
    waiver = {"rule": "DR-TLS-001", "resource": "*", "reason": "until the move", "owner": "sre"}
    plan = tmp_path / "minimal.yaml"
    for expires, code in (("2001-01-01", 2), ("2999-01-01", 0), (None, 3)):
        waivers = [{**waiver, "expires": expires}] if expires else []
        plan.write_text(yaml.safe_dump(document | {"waivers": waivers}))
        assert main(["policy", "check", "--file", str(state), "--plan", str(plan)]) == code


def test_a_state_is_checked_where_there_is_no_program_and_no_engine(
    stacks: Stacks, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = checked(capsys, *each(PLAN.stacks, "--stack"))
    files = []
    for name in PLAN.stacks:
        files.append(f"{name}.json")
        (tmp_path / files[-1]).write_text(json.dumps(stacks.export(name)))
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "scripts.dr", "policy", "check", *each(files, "--file"), "--format", "json"]
    plan = ["--plan", str(ROOT / "plans" / "minimal.yaml")]
    done = subprocess.run(
        [*command, *plan],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected
    password = Path(world.env("minimal-prod")["DR_DATABASE_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    assert len(password) > 8
    assert password not in done.stdout + done.stderr + (tmp_path / files[0]).read_text()


@pytest.mark.usefixtures("stacks")
def test_the_file_of_a_backend_is_read_as_it_is_and_a_part_of_it_is_refused(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(world.env("minimal-prod")["PULUMI_BACKEND_URL"].removeprefix("file://"))
    (checkpoint,) = folder.rglob("minimal-prod.json")
    assert checked(capsys, "--file", str(checkpoint))["resources"] > 30
    text = checkpoint.read_text(encoding="utf-8")
    cut = tmp_path / "cut.json"
    cut.write_text(text[: len(text) // 2])
    assert main(["policy", "check", "--file", str(cut)]) == 2
    assert f"{cut}: is not JSON" in capsys.readouterr().err


@pytest.mark.usefixtures("stacks")
def test_a_world_that_is_gone_is_said_to_be_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DR_SANDBOX", str(tmp_path / "nowhere"))
    assert main(["policy", "check", "--stack", "minimal-prod"]) == 3
    assert "hint: " in capsys.readouterr().err
