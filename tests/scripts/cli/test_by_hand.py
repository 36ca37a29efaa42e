"""A system made, looked at, broken and mended by hand, with nothing but `dr`."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from model import load_plan
from scripts.runs.journal import path_of as journal_of
from scripts.runs.journal import read, runs, verify
from tests.asserts.waiting import MULTIPLIER, wait_until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900 * MULTIPLIER)]
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Shell:
    """A person's shell: what `eval "$(dr sandbox env)"` exports stays for the commands after it."""

    env: dict[str, str]

    def dr(self, line: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scripts.dr", *shlex.split(line)]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def json(self, line: str, *codes: int) -> Any:
        done = self.dr(f"{line} --format json")
        assert done.returncode in (codes or (0,)), done.stderr
        return json.loads(done.stdout)

    def enter(self) -> None:
        """What a shell has after `eval`: read by a real one."""
        exported = self.dr("sandbox env")
        assert exported.returncode == 0, exported.stderr
        command = ["sh", "-c", f"{exported.stdout}\nenv -0"]
        shown = subprocess.run(command, env=self.env, capture_output=True, text=True, check=True)
        self.env = dict(each.split("=", 1) for each in shown.stdout.split("\0") if each)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell({**os.environ, "DR_PLAN": "minimal", "DR_ENGINE": "embedded"})
    started = made.dr(f"sandbox up --home {shlex.quote(str(tmp_path / 'a world'))} --owner {os.getpid()}")
    assert started.returncode == 0, started.stderr
    assert "already" not in started.stdout
    made.env["DR_SANDBOX"] = str(tmp_path / "a world")
    yield made
    made.dr("sandbox down")


def site(found: Any, name: str) -> Any:
    return next(each for each in found["sites"] if each["name"] == name)


def test_up_status_break_heal_down(shell: Shell) -> None:
    plan = load_plan("minimal")
    primary = plan.primary
    ours = {path: path.read_bytes() for path in ROOT.glob("Pulumi*.yaml")}

    empty = shell.json("status", 1)
    assert empty["writers"] == []

    early = shell.dr("up --all --dry-run")
    assert early.returncode == 3, early.stderr
    assert "no settings file yet" in early.stderr
    assert "hint: `dr up` writes it" in early.stderr

    made = shell.dr("up --all --yes")  # DR_SANDBOX is all that the shell has: `dr` finds the rest
    assert made.returncode == 0, made.stderr
    assert "open for writes" in made.stderr
    assert {path: path.read_bytes() for path in ROOT.glob("Pulumi*.yaml")} == ours
    assert list((Path(shell.env["DR_SANDBOX"]) / "project").glob("Pulumi.minimal-*.yaml"))
    shell.enter()
    again = shell.json("up --all --yes")
    assert [each for stack in again.values() for each in stack["steps"]] == [], "made once, there is nothing to do"

    def is_whole() -> Any:
        found = shell.json("status", 0, 1)
        tiers = found["tiers"].values()
        quiet = not any(each["said"] for each in found["sites"])
        served = found["writers"] == [primary.name] and site(found, primary.name)["traffic"]
        return found if tiers and quiet and served and all(tier["good"] == tier["of"] for tier in tiers) else None

    found: Any = wait_until(is_whole, timeout=120, what="every service to be at full strength and reached", every=1)
    assert found["writers"] == [primary.name]
    assert (found["active_site"], found["epoch"], found["environment"]) == (primary.name, 1, "sandbox")
    assert (found["lease"]["site"], found["lease"]["epoch"]) == (primary.name, 1)
    assert site(found, primary.name)["traffic"] is True
    for other in plan.sites[1:]:
        seen = site(found, other.name)
        assert seen["traffic"] is False
        for database in seen["databases"]:
            assert database["writes"] == "refused"
            assert database["lag_seconds"] is not None

    assert shell.dr(f"sandbox break region {primary.region}").returncode == 0
    lost = shell.json("status", 1)
    assert lost["writers"] == []
    assert [each["writes"] for each in site(lost, primary.name)["databases"]] == ["silent"] * len(
        plan.incarnated_stores
    )
    assert site(lost, primary.name)["said"]

    assert shell.dr("sandbox heal").stdout == "Mended 1\n"
    wait_until(lambda: shell.dr("status").returncode == 0, timeout=60, what="the primary to take writes again", every=1)

    assert all(verify(journal_of(run)).complete for run in runs())
    assert any(entry.name == "open_service" for run in runs() for entry in read(journal_of(run)))

    row = rf"{primary.name}\s.*active\s.*here\s.*accepted"
    wait_until(lambda: re.search(row, shell.dr("status").stdout), timeout=60, what="clients to be led there", every=1)
    assert shell.dr("sandbox down").stdout == "The world has ended\n"
    assert shell.dr("sandbox down").stdout == "No world was up\n"
    assert shell.dr("sandbox status").returncode == 3
