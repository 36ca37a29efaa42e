"""The step of the workflow that judges, run as it is written, on a pull request that weakens its plan and its judge."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.previews import samples
from tests.previews.test_command import weaker
from tests.previews.worlds import write_events

ROOT = Path(__file__).parents[2]
EVIL = "import pathlib, os\npathlib.Path(os.environ['GITHUB_WORKSPACE'], 'RAN').touch()\n"
# What a pull request would change so that nobody sees what it does.
CHANGED = {
    "previews/analysis.py": EVIL,
    "policies/rules/stores/backed_up.py": EVIL,
    "scripts/dr.py": EVIL,
    "sitecustomize.py": EVIL,
    "conftest.py": EVIL,
    "pyproject.toml": "[project]\nname = 'other'\n",
    "requirements.lock": "",
    "Makefile": "setup:\n\ttouch ${GITHUB_WORKSPACE}/RAN\n",
    "prices/example.yaml": "nothing: 0\n",
    ".github/workflows/preview.yml": "on: push\n",
    "policies/a\nnew line.py": EVIL,
    "policies/\u0430.py": EVIL,
}


def script() -> str:
    text = (ROOT / ".github" / "workflows" / "preview.yml").read_text(encoding="utf-8")
    (found,) = [step["run"] for step in yaml.safe_load(text)["jobs"]["judge"]["steps"]
                if step.get("name") == "Say what the change does to recovery"]  # fmt: skip
    return str(found)


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *names, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(head: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (head / name).parent.mkdir(parents=True, exist_ok=True)
        (head / name).write_text(text, encoding="utf-8")
    git(head, "add", "-A")
    git(head, "commit", "-qm", "x", "--allow-empty")
    return git(head, "rev-parse", "HEAD")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """What the job has when the step begins: the base branch with its `.venv`, the pull request, and the logs."""
    base = tmp_path / "base"
    (base / ".venv" / "bin").mkdir(parents=True)
    for path in ROOT.iterdir():
        if path.name not in {".venv", ".git"}:
            (base / path.name).symlink_to(path)
    program = base / ".venv" / "bin" / "dr"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m scripts.dr "$@"\n')
    program.chmod(0o755)
    for stage in ("base", "head"):
        (tmp_path / "found" / "logs" / stage).mkdir(parents=True)
    (tmp_path / "head").mkdir()
    git(tmp_path / "head", "init", "-q")
    return tmp_path


def judged(workspace: Path, before: str, after: str) -> tuple[str, str]:
    """The comment and the HTML report."""
    environ = os.environ | {
        "GITHUB_WORKSPACE": str(workspace), "GITHUB_STEP_SUMMARY": str(workspace / "summary.md"),
        "DR_PLAN": "samia", "BASE": before, "HEAD": after,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-c", script()], cwd=workspace / "base", env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (workspace / "RAN").exists(), "something of the change was run"
    comment = (workspace / "report" / "comment.md").read_text(encoding="utf-8")
    assert (workspace / "summary.md").read_text(encoding="utf-8") == comment
    return comment, (workspace / "report" / "report.html").read_text(encoding="utf-8")


def logs_of(workspace: Path) -> None:
    world = samples.aws()
    write_events(workspace / "found" / "logs" / "base", world, world)
    write_events(workspace / "found" / "logs" / "head", world, weaker(world))


def test_a_weakened_plan_and_a_judge_that_was_bent(workspace: Path) -> None:
    plan = (ROOT / "plans" / "samia.yaml").read_text(encoding="utf-8")
    bent = plan.replace("rpo: 15m, rto: 60m", "rpo: 45m, rto: 60m")
    assert bent != plan
    before = commit(workspace / "head", {"plans/samia.yaml": plan})
    after = commit(workspace / "head", {"plans/samia.yaml": bent, **CHANGED})
    logs_of(workspace)
    for shown in judged(workspace, before, after):
        assert "Changes what judges changes" in shown
        assert "14 days" in shown
        assert "2 days" in shown
        assert "45 min" in shown
        assert "No recovery-relevant change" not in shown
        at = shown.index("Changes what judges changes")
        assert at < shown.index("2 days"), "it is said first"
    changed = (workspace / "changed.txt").read_text(encoding="utf-8")
    assert all(name in changed for name in CHANGED if name.isascii() and "\n" not in name)


def test_an_honest_change_is_not_blamed(workspace: Path) -> None:
    plan = (ROOT / "plans" / "samia.yaml").read_text(encoding="utf-8")
    before = commit(workspace / "head", {"plans/samia.yaml": plan})
    after = commit(workspace / "head", {"README.md": "more\n"})
    logs_of(workspace)
    comment, _ = judged(workspace, before, after)
    assert "Changes what judges changes" not in comment
    assert "2 days" in comment


@pytest.mark.parametrize(
    ("name", "how"),
    [("policies/a\nnew line.py", "added"), ("policies/\u0430.py", "removed"), ("pyproject.toml", "removed")],
)
def test_each_way_to_touch_a_rule_is_said(workspace: Path, name: str, how: str) -> None:
    plan = {"plans/samia.yaml": (ROOT / "plans" / "samia.yaml").read_text(encoding="utf-8")}
    first, second = ({}, {name: "x\n"}) if how == "added" else ({name: "x\n"}, {})
    before = commit(workspace / "head", {**plan, **first})
    if how == "removed":
        (workspace / "head" / name).unlink()
    after = commit(workspace / "head", second)
    logs_of(workspace)
    assert "Changes what judges changes" in judged(workspace, before, after)[0]
