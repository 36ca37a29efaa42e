"""Stacks through the Automation API: on the embedded engine, and on the CLI where one is on PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from model import Topology, load_plan
from model.topology import after_failover
from scripts.core.errors import BadInput, EngineFailed, Refused
from scripts.runs.journal import Journal, read
from scripts.stacks import stacks as module
from scripts.stacks.changes import Change, Changes
from scripts.stacks.stacks import Cli, Stacks, choose_engine

PROGRAM = """\
import os
import pulumi

config = pulumi.Config("dr")


class Site(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("dr:test:Site", name)
        self.register_outputs({})


Site(config.require("activeSite"))
if os.environ.get("PROGRAM_FAILS"):
    raise ValueError("cannot log in with password=hunter2")
pulumi.export("record", {"key": "arn:of:" + pulumi.get_stack()})
pulumi.export("epoch", config.require_int("epoch"))
pulumi.export("token", pulumi.Output.secret("hunter2"))
"""
PROJECT = """\
name: dr
runtime:
  name: python
  options:
    virtualenv: {virtualenv}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in a folder with a space, its state in a folder beside it."""
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT.format(virtualenv=Path(sys.prefix)))
    (folder / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "state").as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    return folder


@pytest.fixture(params=["embedded", "cli"])
def stacks(request: pytest.FixtureRequest, project: Path, monkeypatch: pytest.MonkeyPatch) -> Stacks:
    if request.param == "cli" and not shutil.which("pulumi"):
        pytest.skip("there is no pulumi on PATH")
    monkeypatch.setenv("DR_ENGINE", request.param)
    if request.param == "embedded":
        # The engine alone is what is wanted of the sandbox: no world runs.
        monkeypatch.setattr(module, "stack_env", lambda _plan, _stack: {})
        monkeypatch.setenv("DR_SANDBOX", str(project.parent))
    else:
        monkeypatch.setattr(module, "stack_env", lambda _plan, _stack: {})
    plan = load_plan("samia")
    made = Stacks(plan, project, Journal(project.parent / "r.jsonl", "r"))
    made.write_topology(Topology.initial(plan))
    return made


def calls(stacks: Stacks) -> list[tuple[str, str, str]]:
    assert stacks.journal is not None
    entries = [entry for entry in read(stacks.journal.path) if entry.name == "engine"]
    return [(entry.evidence["stack"], entry.evidence["operation"], entry.status) for entry in entries]


def steps(changes: Changes) -> list[tuple[str, str]]:
    return [(step.op, step.type) for step in changes.steps if step.type == "dr:test:Site"]


@pytest.mark.engine
def test_a_stack_from_its_first_preview_to_its_end(stacks: Stacks) -> None:
    assert steps(stacks.preview("prod")) == [("create", "dr:test:Site")]
    assert steps(stacks.up("prod")) == [("create", "dr:test:Site")]
    again = stacks.preview("prod")
    assert again.real == ()
    assert again.counts == {"same": 2}
    assert stacks.outputs("prod") == {"record": {"key": "arn:of:prod"}, "epoch": 1}, "the secret one is left out"

    stacks.write_topology(after_failover(stacks.read_topology(), stacks.plan, "secondary"))
    moved = stacks.preview("prod")
    assert sorted(steps(moved)) == [("create", "dr:test:Site"), ("delete", "dr:test:Site")]
    assert [step.name for step in moved.destructive] == ["primary"]
    assert stacks.read_topology().epoch == 2

    held = stacks.export("prod")
    assert held["version"] == 3
    assert "hunter2" not in str(held)
    assert steps(stacks.destroy("prod")) == [("delete", "dr:test:Site")]
    assert {stack for stack, _, _ in calls(stacks)} == {"prod"}, "no other stack was touched"
    assert ("prod", "up", "begun") in calls(stacks)
    assert ("prod", "up", "done") in calls(stacks)


@pytest.mark.engine
def test_records_reach_every_file_and_touch_no_other_stack(stacks: Stacks) -> None:
    stacks.up("dr")
    assert len(stacks.write_record("dr")) == len(stacks.plan.stacks)
    for stack in stacks.plan.stacks:
        assert "arn:of:dr" in (stacks.project / f"Pulumi.{stack}.yaml").read_text()
    assert stacks.write_record("dr") == []
    assert {stack for stack, _, _ in calls(stacks)} == {"dr"}


@pytest.mark.engine
def test_a_program_that_fails_gives_its_own_words_without_the_secret(
    stacks: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROGRAM_FAILS", "1")
    with pytest.raises(EngineFailed) as caught:
        stacks.up("prod")
    assert "pulumi up of stack prod" in str(caught.value)
    assert "cannot log in with" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code == 6
    assert stacks.journal is not None
    assert "hunter2" not in stacks.journal.path.read_text()
    assert calls(stacks)[-1] == ("prod", "up", "failed")


@pytest.mark.engine
def test_a_lock_that_a_dead_engine_left_is_taken_away(stacks: Stacks, project: Path) -> None:
    """The lock of a process on this host that is gone; one of another host is left alone."""
    stacks.up("prod")
    folder = project.parent / "state" / ".pulumi" / "locks" / "organization" / "dr" / "prod"
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / "11111111-2222-3333-4444-555555555555.json"
    text = '{"pid": %d, "username": "root", "hostname": "%s", "timestamp": "2026-01-02T03:04:05Z"}'
    lock.write_text(text % (999_999_999, os.uname().nodename))
    assert stacks.up("prod").real == ()
    assert not lock.exists()
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(text % (1, "another-host"))
    with pytest.raises(EngineFailed, match="locked") as caught:
        stacks.up("prod")
    assert "pulumi cancel -s prod" in caught.value.hint
    assert lock.exists()


def test_only_stacks_of_the_plan(project: Path) -> None:
    with pytest.raises(BadInput, match="'mars' is not a stack of samia"):
        Stacks(load_plan("samia"), project).preview("mars")


def test_a_project_without_its_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Pulumi\.yaml: not there"):
        Stacks(load_plan("samia"), tmp_path).preview("prod")


@pytest.mark.parametrize(
    ("environ", "kind", "says"),
    [
        ({"PATH": "/nowhere"}, Refused, "a real cloud needs the Pulumi CLI"),
        ({"PATH": "/nowhere", "DR_ENGINE": "embedded"}, Refused, "a real cloud needs the Pulumi CLI"),
        ({"PATH": "/nowhere", "DR_ENGINE": "cli"}, Refused, "there is no pulumi on PATH"),
        ({"PATH": "/nowhere", "DR_ENGINE": "other"}, BadInput, "'other' is neither cli nor embedded"),
    ],
)
def test_which_engine(environ: dict[str, str], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        choose_engine(environ)


def test_a_pulumi_that_does_not_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "pulumi"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="the pulumi on PATH does not run"):
        choose_engine(os.environ)
    broken.write_text("#!/bin/sh\necho v3.1.0\n")
    with pytest.raises(Refused, match="cannot be used"):
        choose_engine({**os.environ, "PATH": f"{tmp_path}:/bin:/usr/bin"})


@pytest.mark.engine
def test_a_secret_is_sealed_in_the_settings_and_told_nowhere(stacks: Stacks) -> None:
    stacks.preview("prod")
    stacks.set_secret("prod", "dr:databasePassword", "c0rrect h0rse")
    stacks.set_secret("prod", "dr:databasePassword", "-battery staple")
    text = (stacks.project / "Pulumi.prod.yaml").read_text()
    assert "secure:" in text
    assert "staple" not in text
    assert stacks.journal is not None
    assert "staple" not in stacks.journal.path.read_text()
    held = stacks._raw(stacks._stack("prod"), "config", "get", "dr:databasePassword", "--stack", "prod")
    assert held.stdout == "-battery staple"
    assert stacks.read_topology() == Topology.initial(stacks.plan)


def test_the_cli_is_given_a_secret_by_its_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program `pulumi` was called with, and what it was given to read."""
    program = tmp_path / "pulumi"
    said = tmp_path / "said"
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo v3.250.0 && exit\necho "$*" >{said}\ncat >{said}.in\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    Cli().set_secret("prod", "dr:databasePassword", "c0rrect h0rse", str(tmp_path), {})
    assert said.read_text() == "--non-interactive config set --secret dr:databasePassword --stack prod\n"
    assert (tmp_path / "said.in").read_text() == "c0rrect h0rse"


def test_what_counts_as_destructive() -> None:
    ops = ("same", "create", "update", "delete", "replace", "create-replacement", "delete-replaced", "read", "refresh")
    changes = Changes("prod", tuple(Change(op, f"urn:pulumi:prod::dr::t::{op}", "t") for op in ops))
    assert {step.op for step in changes.destructive} == {"delete", "replace", "create-replacement", "delete-replaced"}
    assert {step.op for step in changes.real} == set(ops) - {"same", "read", "refresh"}
