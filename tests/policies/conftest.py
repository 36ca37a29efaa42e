"""One pack for the whole session, started the way Pulumi starts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.packs.analyzer import PackProcess

PACK = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="session")
def pack() -> Iterator[PackProcess]:
    with PackProcess(PACK) as process:
        yield process
