"""Plans that differ from Samia's in one point."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from model.loading import PLANS

SAMIA = (PLANS / "samia.yaml").read_text(encoding="utf-8")


@pytest.fixture
def document() -> dict[str, Any]:
    """Samia's plan as plain data, to be changed at will."""
    data: dict[str, Any] = copy.deepcopy(yaml.safe_load(SAMIA))
    return data


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    """Puts text, bytes or data into a file and gives its path."""

    def put(content: Any) -> Path:
        path = tmp_path / "x.yaml"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return path

    return put
