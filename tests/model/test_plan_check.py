"""`dr plan check` at the command line: exit codes, text, JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model import load_plan
from model.loading import PLANS

pytestmark = pytest.mark.thorough

PROJECT = PLANS.parent


def check(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.dr", "plan", "check", *map(str, arguments)]
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "160", **environment}
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_sound_plan() -> None:
    done = check("samia")
    assert (done.returncode, done.stderr) == (0, "")
    for text in (
        "regional_outage",
        "at risk",
        "Critical path of compromise",
        "build_site",
        "note: store core",
    ):
        assert text in done.stdout


def test_json() -> None:
    done = check("samia", "--format", "json")
    data = json.loads(done.stdout)
    assert data["feasible"] is True
    assert [each["disaster"] for each in data["objectives"]][1] == "regional_outage"
    assert data["objectives"][1]["rpo_seconds"] == 900
    assert data["objectives"][1]["verdict"] == "at risk"
    assert data["critical_path"][0]["step"] == "detect"


def test_malformed_plan_names_every_mistake(write: Callable[[Any], Path], document: dict[str, Any]) -> None:
    document["services"][2]["tier"] = "one"
    document["objectives"][0]["rpo"] = "5x"
    path = write(document)
    done = check(path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f'error: {path}: services[2].tier: "one" is not a whole number',
        f'{path}: objectives[0].rpo: "5x" is not a duration such as 15m',
        "hint: correct the plan and run `dr plan check` again; plans/samia.yaml is a complete example",
    ]


def test_expired_waiver_is_refused_at_the_gate_and_nowhere_else(
    write: Callable[[Any], Path], document: dict[str, Any]
) -> None:
    document["waivers"] = [{"rule": "DR-RET-001", "reason": "migration", "owner": "sre", "expires": "2020-01-01"}]
    path = write(document)
    done = check(path)
    assert done.returncode == 2
    assert f"{path}: waivers[0].expires: the waiver of DR-RET-001 expired on 2020-01-01" in done.stderr
    assert load_plan(path).waivers[0].rule == "DR-RET-001", "a failover must not wait for a renewed waiver"


def test_a_gap_is_told_and_refused_when_its_day_has_passed(
    write: Callable[[Any], Path], document: dict[str, Any]
) -> None:
    assert "note: provider_outage is not reached until" in check("samia").stdout
    document["objectives"][3]["gap"]["until"] = "2020-01-01"
    path = write(document)
    done = check(path)
    assert done.returncode == 2
    assert f"{path}: objectives[3].gap.until: the gap of provider_outage was to be closed by 2020-01-01" in done.stderr


@pytest.mark.parametrize("stores", [[], [{"name": "media", "kind": "objects"}]])
def test_a_plan_in_which_nothing_can_fence_a_writer_is_refused(
    write: Callable[[Any], Path], document: dict[str, Any], stores: list[Any]
) -> None:
    document["stores"] = stores
    for service in document["services"]:
        service["uses"] = [name for name in service["uses"] if name not in ("core", "media")]
    path = write(document)
    done = check(path)
    assert done.returncode == 2
    assert f"{path}: stores: none of them can refuse an old writer by itself" in done.stderr
    assert "what can is postgres" in done.stderr


def test_infeasible_plan_is_refused(write: Callable[[Any], Path], document: dict[str, Any]) -> None:
    document["objectives"][1]["rto"] = "2m"
    done = check(write(document))
    assert done.returncode == 3
    assert "plan samia cannot reach what it promises: objectives[1] (regional_outage).rto: 2m is asked" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("hint: ")
    assert "missed" in done.stdout


def test_unknown_plan() -> None:
    done = check("nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("error: plans/nowhere.yaml: there is no such file\nhint: ")


def test_unknown_environment() -> None:
    done = check("samia", "--environment", "moon")
    assert done.returncode == 2
    assert "plan samia has no environment 'moon'" in done.stderr


@pytest.mark.parametrize("locale", ["C", "tr_TR.UTF-8"])
def test_unusual_locale(locale: str) -> None:
    assert check("samia", LC_ALL=locale, PYTHONUTF8="0").returncode == 0


def test_measured_durations(tmp_path: Path) -> None:
    entry = {
        "kind": "step", "name": "promote_database:core", "status": "done",
        "started": "2026-01-01T00:00:00+00:00", "ended": "2026-01-01T00:00:07+00:00",
    }  # fmt: skip
    (tmp_path / "run.jsonl").write_text(json.dumps(entry) + "\n" + json.dumps({**entry, "kind": "note"}) + "\n")
    done = check("samia", "--measured", tmp_path, "--format", "json")
    assert done.returncode == 0
    path = json.loads(done.stdout)["objectives"][1]["path"]
    assert "promote_database:core" not in {step["step"] for step in path}  # 7 s are less than the health checks take


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"kind": "step"}', '{"kind": "step", "name": "x", "status": "done", "started": "x", "ended": "y"}'],
)
def test_measured_from_something_that_is_no_journal(tmp_path: Path, line: str) -> None:
    (tmp_path / "run.jsonl").write_text(line + "\n")
    done = check("samia", "--measured", tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path / 'run.jsonl'}:1: is no journal entry" in done.stderr


def test_measured_from_an_empty_folder(tmp_path: Path) -> None:
    done = check("samia", "--measured", tmp_path)
    assert done.returncode == 2
    assert "there is no journal" in done.stderr


def test_program_of_its_own() -> None:
    command = [sys.executable, "scripts/plan.py", "check", "samia"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    assert subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, check=False, timeout=60).returncode == 0
