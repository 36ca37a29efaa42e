"""Previews that `dr preview` runs itself: what it asks of the CLI, and what it makes of the answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.dr import main
from tests.previews import samples
from tests.previews.worlds import changed, events, find, put

# Stands where the real CLI would: says a version, notes how it was called, and leaves an event log as the CLI does.
CLI = """#!/bin/sh
''''exec "{python}" "$0" "$@" #'''
import json, os, pathlib, shutil, sys
here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
if "version" in arguments:
    print("v3.260.0")
    sys.exit(0)
seen = ("PULUMI_DEBUG_COMMANDS", "PULUMI_BACKEND_URL")
with open(here / "calls.jsonl", "a") as calls:
    calls.write(json.dumps([arguments, os.getcwd(), {{name: os.environ.get(name) for name in seen}}]) + "\\n")
stack = arguments[arguments.index("--stack") + 1]
answer = here / (stack + ".log")
if answer.exists():
    shutil.copy(answer, arguments[arguments.index("--event-log") + 1])
else:
    print("error: no stack named '" + stack + "' found", file=sys.stderr)
    sys.exit(255)
sys.exit(1 if (here / (stack + ".fails")).exists() else 0)
"""

Answer = Callable[..., None]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "pulumi"
    program.write_text(CLI.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("DR_ENGINE", "cli")
    monkeypatch.delenv("DR_SANDBOX", raising=False)
    world = samples.aws()
    after = changed(world, lambda w: put(find(w, "prod", "core"), "backupRetentionPeriod", 2))
    for stack in world:
        stream = events(stack, world[stack], after[stack])
        (folder / f"{stack}.log").write_text("".join(json.dumps(event) + "\n" for event in stream))
    return folder


def test_all_stacks_of_the_plan_are_previewed(cli: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = tmp_path / "logs"
    assert main(["preview", "--plan", "samia", "--policy-pack", "policies", "--logs", str(logs)]) == 0
    assert "backup retention 14 days → 2 days" in capsys.readouterr().out
    stacks = {"prod", "dr", "cold", "traffic"}
    assert {path.name for path in logs.glob("*.events.json")} == {f"{stack}.events.json" for stack in stacks}
    roles = {
        stack: json.loads((logs / f"{stack}.policies.json").read_text())["DR-PLN-001"]["siteRole"] for stack in stacks
    }
    assert roles == {"prod": "active", "dr": "warm", "cold": "cold", "traffic": "traffic"}
    calls = [json.loads(line) for line in (cli / "calls.jsonl").read_text().splitlines()]
    assert len(calls) == 4
    for arguments, folder, env in calls:
        assert arguments[:2] == ["--non-interactive", "preview"]
        assert arguments[arguments.index("--policy-pack") + 1] == str(Path("policies").resolve())
        assert Path(folder) == Path.cwd()
        # Without it the CLI does not know --event-log; and each stack has the backend that the plan names.
        assert env["PULUMI_DEBUG_COMMANDS"] == "true"
        assert env["PULUMI_BACKEND_URL"].startswith("s3://samia-state-")


def test_without_a_word_the_projects_own_plan_is_previewed(cli: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview"]) == 0
    assert "backup retention 14 days → 2 days" in capsys.readouterr().out
    assert len((cli / "calls.jsonl").read_text().splitlines()) == 4


def test_one_stack_by_its_name(cli: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "dr", "--plan", "samia"]) == 0
    shown = capsys.readouterr().out
    assert "No forecast: there is no preview of the stacks prod, cold" in shown
    assert len((cli / "calls.jsonl").read_text().splitlines()) == 1


def test_a_preview_that_fails_is_said_to_have_failed(cli: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = [json.loads(line) for line in (cli / "dr.log").read_text().splitlines()]
    error = {"diagnosticEvent": {"message": "the region is away\n", "severity": "error", "color": "never"}}
    stream.insert(-2, error)
    stream[-2]["summaryEvent"]["result"] = "failed"
    (cli / "dr.log").write_text("".join(json.dumps(event) + "\n" for event in stream))
    (cli / "dr.fails").touch()
    assert main(["preview", "dr", "--plan", "samia"]) == 0
    assert (
        "The preview of dr failed, and this report covers only what it reached: the region is away"
        in capsys.readouterr().out
    )
    assert main(["preview", "dr", "--plan", "samia", "--fail-on", "weaker"]) == 3


def test_a_stack_that_was_never_made_ends_with_6(cli: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (cli / "cold.log").unlink()
    assert main(["preview", "--plan", "samia"]) == 6
    error = capsys.readouterr().err
    assert "no stack named 'cold' found" in error
    assert "make it with `dr up`" in error
