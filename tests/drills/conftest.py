from collections.abc import Iterator

import pytest

from scripts.drills.small_world import small_world
from scripts.drills.stage import Stage


@pytest.fixture(scope="package")  # not longer: the world is in the environment
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One world for all drills; each test leaves it as it says."""
    with small_world(tmp_path_factory.mktemp("drills")) as stage:
        yield stage
