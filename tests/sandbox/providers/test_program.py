"""A Pulumi program with every type, on an engine: made, unchanged, refreshed, changed in place, destroyed."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.providers.aws import RESOURCES
from sandbox.providers.kubernetes.objects import ROWS
from tests.sandbox.providers.programs import Run, changes, runner


@pytest.fixture(scope="module")
def pulumi(world: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return runner(Path(__file__).parent / "program", world.planes.env("eu-north-1"), tmp_path_factory)


@pytest.mark.engine
def test_every_type_is_made_unchanged_refreshed_changed_and_destroyed(pulumi: Run, world: SimpleNamespace) -> None:
    pulumi("up", "--yes", "--skip-preview")
    exported: Any = json.loads(pulumi("stack", "export"))
    made = {resource["type"] for resource in exported["deployment"]["resources"] if resource["custom"]}
    wanted = {kind.type_name for kind in RESOURCES} | {row.token for row in ROWS} | {"kubernetes:velero.io/v1:Schedule"}
    assert wanted <= made
    assert "very-quiet-password" not in json.dumps(exported)
    assert changes(pulumi("preview", "--json")) == {}
    pulumi("refresh", "--yes", "--skip-preview")
    assert changes(pulumi("preview", "--json")) == {}
    pulumi("config", "set", "promoted", "true")
    assert changes(pulumi("preview", "--json")) == {"update": 2}
    pulumi("up", "--yes", "--skip-preview")
    assert world.fabric.databases.states["eu-west-1", "every-type-2"].role == "primary"
    assert world.fabric.compute.specs["eu-north-1", "every-type", "auth"].replicas == 3
    assert changes(pulumi("preview", "--json")) == {}
    pulumi("destroy", "--yes", "--skip-preview")
    assert world.fabric.databases.states == {}
    assert world.fabric.compute.specs == {}
    assert world.fabric.front_doors.doors == {}
    assert world.names.zones == {}
