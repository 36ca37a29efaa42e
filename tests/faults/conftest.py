"""All schedules share a world; each begins with the primary active and the warm site following."""

from collections.abc import Iterator

import pytest

from scripts.drills.stage import Stage
from tests.shared_world import SharedWorld


@pytest.fixture(scope="package")  # not longer: the world is in the environment
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedWorld]:
    yield from SharedWorld.shared(tmp_path_factory, "faults")


@pytest.fixture
def made(shared: SharedWorld, request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield from shared.lend(request.node)
