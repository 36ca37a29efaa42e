"""Runs a Pulumi program of a test on the embedded engine, over the control planes of a test."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
Run = Callable[..., str]


def runner(program: Path, environment: Mapping[str, str], factory: pytest.TempPathFactory) -> Run:
    """run("up", ...) in a copy of the program, whose stack is `dev`: what the engine wrote; it has to end well."""
    folder, state = factory.mktemp("program"), factory.mktemp("state")
    for file in program.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    env = {
        **os.environ,
        **environment,
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "for this test",
        "PYTHONPATH": str(ROOT),
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "sandbox.engine", "--non-interactive", *arguments],
            cwd=folder, env=env, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    run("stack", "init", "dev")
    return run


def changes(output: str) -> dict[str, int]:
    """What a preview says that it would do, by operation."""
    return {op: count for op, count in json.loads(output)["changeSummary"].items() if op != "same"}
