"""A Pulumi program with every type, on an engine: made, unchanged, refreshed, changed in place, destroyed."""

import json
from pathlib import Path

import pytest

from sandbox.providers.azure.types import TYPES
from tests.sandbox.clouds.azure.conftest import NORTH, Azure
from tests.sandbox.providers.programs import Run, changes, runner

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def pulumi(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return runner(Path(__file__).parent / "program", azure.planes.env(NORTH), tmp_path_factory)


def existing(azure: Azure) -> set[str]:
    """Besides what the program makes: the vault with the certificate that people bring."""
    return {each.id.text for each in azure.world.store.all()}


def test_every_type_is_made_unchanged_refreshed_changed_and_destroyed(pulumi: Run, azure: Azure) -> None:
    before = existing(azure)
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
    assert existing(azure) == before
    assert azure.fabric.databases.states == {}
