"""The workflows: valid, pinned, least permissions, no secret within reach of a fork, and only commands there are."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from scripts.dr import PROGRAMS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PIN = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
# What a pull request brings along may only be used as data: never inside a script.
TAINTED = re.compile(r"\$\{\{[^}]*(?:github\.event\.|github\.head_ref|inputs\.|steps\.[^}]*outputs)")


@cache
def load(path: Path) -> dict[Any, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def triggers(workflow: dict[Any, Any]) -> dict[str, Any]:
    on = workflow[True]  # YAML reads a bare `on` as true
    assert isinstance(on, dict)
    return on


def jobs() -> list[Any]:
    return [pytest.param(path, name, id=f"{path.stem}-{name}") for path in FILES for name in load(path)["jobs"]]


def steps(path: Path, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load(path)["jobs"][job]["steps"]
    return found


def scripts(path: Path) -> list[str]:
    return [step["run"] for job in load(path)["jobs"] for step in steps(path, job) if "run" in step]


def test_all_of_them_are_there() -> None:
    assert {path.stem for path in FILES} >= {"checks", "preview", "drill", "restore-test", "verify-backups"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_granted_to_the_whole_workflow(path: Path) -> None:
    assert load(path)["permissions"] == {}
    assert "pull_request_target" not in triggers(load(path))


@pytest.mark.parametrize(("path", "job"), jobs())
def test_a_job_says_its_permissions_and_its_longest_time(path: Path, job: str) -> None:
    body = load(path)["jobs"][job]
    assert isinstance(body["permissions"], dict)
    assert set(body["permissions"].values()) <= {"read", "write"}
    assert body["timeout-minutes"] <= 180
    machines = [body["runs-on"]]
    if machines == ["${{ matrix.machine }}"]:
        machines = [each["machine"] for each in body["strategy"]["matrix"]["include"]]
    assert machines
    assert all(re.fullmatch(r"ubuntu-\d\d\.\d\d", machine) for machine in machines)


@pytest.mark.parametrize(("path", "job"), jobs())
def test_actions_are_pinned_by_hash_and_say_their_version(path: Path, job: str) -> None:
    text = path.read_text(encoding="utf-8")
    for step in steps(path, job):
        if "uses" in step:
            assert PIN.fullmatch(step["uses"]), step["uses"]
            assert re.search(re.escape(step["uses"]) + r" # v\d+\.\d+\.\d+\n", text), step["uses"]


@pytest.mark.parametrize(("path", "job"), jobs())
def test_no_secret_within_reach_of_a_fork(path: Path, job: str) -> None:
    body = load(path)["jobs"][job]
    if "pull_request" not in triggers(load(path)):
        return
    text = yaml.safe_dump(body)
    assert "secrets." not in text
    may_write = "write" in body["permissions"].values()
    if may_write or "github.token" in text:
        # Only for branches of the repository itself, and with the code of the base branch alone.
        assert body["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
        refs = [step["with"]["ref"] for step in steps(path, job) if "checkout@" in step.get("uses", "")]
        assert refs == ["${{ github.event.pull_request.base.sha }}"]
    else:
        assert "environment" not in body
        assert set(body["permissions"]) == {"contents"}


@pytest.mark.parametrize(("path", "job"), jobs())
def test_a_checkout_leaves_no_credentials_behind(path: Path, job: str) -> None:
    for step in steps(path, job):
        if "checkout@" in step.get("uses", ""):
            assert step.get("with", {}).get("persist-credentials") is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_of_a_stranger_stands_in_a_script(path: Path) -> None:
    for script in scripts(path):
        assert not TAINTED.search(script)
        assert "${{" not in script, "hand it over as an environment variable"


def lines(path: Path) -> list[str]:
    return [line for script in scripts(path) for line in script.replace("\\\n", " ").splitlines()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_commands_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in lines(path):
        for target in re.findall(r"\bmake (?:-C \w+ )?([a-z]+)", line):
            assert target in targets
        for module in re.findall(r"python -m ([\w.]+)", line):
            assert importlib.util.find_spec(module) is not None
        if line.strip().startswith(".ci/"):
            assert os.access(ROOT / line.strip(), os.X_OK)
        for command, rest in re.findall(r"(?:^|[ (])\.venv/bin/dr ([\w-]+)([^)|;]*)", line):
            assert command in PROGRAMS, command
            check_options(command, rest)


def check_options(command: str, rest: str) -> None:
    """Each option that a line gives is one that the command has."""
    module = importlib.import_module(PROGRAMS[command][0])
    app = getattr(module, "app", None)
    if not isinstance(app, typer.Typer) or command in {"up", "destroy"}:
        app = typer.Typer()
        app.command(command)(getattr(module, command.replace("-", "_")))
    parsed: Any = typer.main.get_command(app)
    words = shlex.split(rest)
    while words and words[0] in getattr(parsed, "commands", {}):
        parsed = parsed.commands[words.pop(0)]
    known = {option for parameter in parsed.params for option in parameter.opts}
    given = {word for word in words if word.startswith("--") and word != "--"}
    assert given <= known, (command, given - known)


@pytest.mark.parametrize(
    ("stem", "crons"),
    [
        ("drill", ["17 5 1 1,4,7,10 *"]),
        ("restore-test", ["43 4 3 * *"]),
        ("verify-backups", ["11 3 * * 1"]),
    ],
)
def test_they_run_as_often_as_they_say(stem: str, crons: list[str]) -> None:
    schedule = triggers(load(FOLDER / f"{stem}.yml"))["schedule"]
    assert [entry["cron"] for entry in schedule] == crons


def test_a_change_is_judged_without_running_any_of_it() -> None:
    jobs = load(FOLDER / "preview.yml")["jobs"]
    assert jobs["judge"]["needs"] == "run"
    assert jobs["comment"]["needs"] == "judge"
    for job in ("judge", "comment"):
        for step in jobs[job]["steps"]:
            assert step.get("working-directory", "base") == "base"
            for line in step.get("run", "").replace("\\\n", " ").splitlines():
                # Data alone: the names of what changed, and the plan.
                used = line.replace('git -C "$GITHUB_WORKSPACE/head" diff --name-only', "")
                used = used.replace('--plan "$GITHUB_WORKSPACE/head/plans/', "")
                assert not re.search(r"WORKSPACE/head|-C head|cd head|\.\./head", used), line


def test_the_logs_are_away_before_more_of_a_change_runs_than_its_program() -> None:
    steps = load(FOLDER / "preview.yml")["jobs"]["run"]["steps"]
    kept = next(at for at, step in enumerate(steps) if step.get("with", {}).get("name") == "logs")
    for step in steps[:kept]:
        assert step.get("working-directory", "base") == "base", step
        assert "-C head" not in step.get("run", ""), step
        assert "--policy-pack policies" in (script := step.get("run", "")) or "dr preview" not in script
    linked = re.findall(r"for part in ([^;]+); do", "\n".join(step.get("run", "") for step in steps[:kept]))
    assert linked == ["__main__.py components model plans"]  # the program; not the policies
