"""A home of its own for each test, and no sandbox, database or engine from outside."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home of runs"
    monkeypatch.setenv("DR_HOME", str(place))
    for name in ("DR_SANDBOX", "DR_PROJECT", "DR_DATABASE_URL", "DR_ENGINE", "DR_PLAN", "DR_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return place
