"""A Pulumi program with every type, on an engine: made, unchanged, refreshed, changed in place, destroyed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.providers.aws import RESOURCES
from sandbox.providers.kubernetes.objects import ROWS

PROGRAM = Path(__file__).parent / "program"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def pulumi(world: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """pulumi("up", ...) on the embedded engine, in a copy of the program."""
    folder = tmp_path_factory.mktemp("program")
    for file in PROGRAM.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    state = tmp_path_factory.mktemp("state")
    environment = {
        **os.environ,
        **world.planes.env("eu-north-1"),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "for this test",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "sandbox.engine", "--non-interactive", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    run("stack", "init", "dev")
    return run


def changes(output: str) -> dict[str, int]:
    return {op: count for op, count in json.loads(output)["changeSummary"].items() if op != "same"}


@pytest.mark.engine
def test_every_type_is_made_unchanged_refreshed_changed_and_destroyed(pulumi: Run, world: SimpleNamespace) -> None:
    pulumi("up", "--yes", "--skip-preview", "--stack", "dev")
    exported: Any = json.loads(pulumi("stack", "export", "--stack", "dev"))
    made = {resource["type"] for resource in exported["deployment"]["resources"] if resource["custom"]}
    wanted = {kind.type_name for kind in RESOURCES} | {row.token for row in ROWS} | {"kubernetes:velero.io/v1:Schedule"}
    assert wanted <= made
    assert "very-quiet-password" not in json.dumps(exported)
    assert changes(pulumi("preview", "--json", "--stack", "dev")) == {}
    pulumi("refresh", "--yes", "--skip-preview", "--stack", "dev")
    assert changes(pulumi("preview", "--json", "--stack", "dev")) == {}
    pulumi("config", "set", "promoted", "true", "--stack", "dev")
    assert changes(pulumi("preview", "--json", "--stack", "dev")) == {"update": 2}
    pulumi("up", "--yes", "--skip-preview", "--stack", "dev")
    assert world.fabric.databases.states["eu-west-1", "every-type-2"].role == "primary"
    assert world.fabric.compute.specs["eu-north-1", "every-type", "auth"].replicas == 3
    assert changes(pulumi("preview", "--json", "--stack", "dev")) == {}
    pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev")
    assert world.fabric.databases.states == {}
    assert world.fabric.compute.specs == {}
    assert world.fabric.front_doors.doors == {}
    assert world.names.zones == {}
