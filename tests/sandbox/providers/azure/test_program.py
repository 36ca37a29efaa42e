"""A Pulumi program with every type, on an engine: made, unchanged, refreshed, changed in place, destroyed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.providers.azure.types import TYPES
from tests.sandbox.clouds.azure.conftest import NORTH, Azure

pytestmark = pytest.mark.engine
PROGRAM = Path(__file__).parent / "program"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def pulumi(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """pulumi("up", ...) on the embedded engine, in a copy of the program."""
    folder, state = tmp_path_factory.mktemp("program"), tmp_path_factory.mktemp("state")
    for file in PROGRAM.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    environment = {
        **os.environ,
        **azure.planes.env(NORTH),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "for this test",
        "PYTHONPATH": str(Path(__file__).parents[4]),
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


def test_every_type_is_made_unchanged_refreshed_changed_and_destroyed(pulumi: Run, azure: Azure) -> None:
    pulumi("up", "--yes", "--skip-preview")
    exported = json.loads(pulumi("stack", "export"))["deployment"]["resources"]
    declared = {resource["type"] for resource in exported}
    assert {kind.token for kind in TYPES} <= declared
    assert "not-Real-1" not in json.dumps(exported)
    assert changes(pulumi("preview", "--json")) == {}
    pulumi("refresh", "--yes", "--skip-preview")
    assert changes(pulumi("preview", "--json")) == {}
    pulumi("config", "set", "change", "yes")
    changed = changes(pulumi("preview", "--json"))
    assert set(changed) == {"update"}, changed
    pulumi("up", "--yes", "--skip-preview")
    pulumi("refresh", "--yes", "--skip-preview")
    assert changes(pulumi("preview", "--json")) == {}
    pulumi("destroy", "--yes", "--skip-preview")
    assert [each.id.text for each in azure.world.store.all()] == []
    assert azure.fabric.databases.states == {}
