"""A file that `dr policy check` looks at is read as it comes, and one that holds nothing to look at is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.core.errors import BadInput
from scripts.packs.state_resources import read_state, resources_of

DATABASE: dict[str, Any] = {
    "urn": "urn:pulumi:prod::shop::aws:rds/instance:Instance::core",
    "custom": True,
    "type": "aws:rds/instance:Instance",
    "inputs": {"backupRetentionPeriod": 30},
}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"manifest": {"time": "2026-01-01T00:00:00Z"}, "resources": list(resources)}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_state_is_read_in_each_encoding(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state(DATABASE)), encoding=encoding)
    assert [resource.name for resource in read_state(file)] == ["core"]


def test_what_is_only_read_is_nobodys_to_mend() -> None:
    foreign = {**DATABASE, "urn": DATABASE["urn"] + "-foreign", "external": True}
    left = {**DATABASE, "delete": True}
    assert [resource.name for resource in resources_of(state(DATABASE, foreign, left), "x")] == ["core"]


@pytest.mark.parametrize(
    "body",
    [
        {"version": 3},
        {"version": 3, "deployment": None},
        {"version": 3, "deployment": {}},
        {"version": 3, "deployment": {"resources": None}},
        {"version": 3, "deployment": {"manifest": {"time": "x"}}},
        {"version": 3, "services": {}},
        {"version": 3, "checkpoint": {"Latest": {"resources": [DATABASE]}}},
        {"version": 3, "checkpoint": {"stack": "prod"}},
        {"version": True, "deployment": {"resources": [DATABASE]}},
        {"steps": []},
        [],
    ],
)
def test_what_is_no_state_or_holds_nothing_is_refused(body: Any, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps(body))
    with pytest.raises(BadInput):
        read_state(file)


def test_a_stack_that_was_never_updated_has_no_resources() -> None:
    assert resources_of({"version": 3, "deployment": {}}, "stack prod") == []
    assert resources_of({"version": 3, "deployment": {"manifest": {"time": "x"}}}, "stack prod") == []
