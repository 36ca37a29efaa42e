"""The drills of the plan `minimal` share a world."""

from collections.abc import Iterator

import pytest

from scripts.drills.stage import Stage
from tests.shared_world import SharedWorld


@pytest.fixture(scope="package")  # not longer: the world is in the environment
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedWorld]:
    yield from SharedWorld.shared(tmp_path_factory, "drills")


@pytest.fixture
def made(shared: SharedWorld, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The drills' world: nothing is broken, the primary is active, and the warm site follows it."""
    yield from shared.lend(request.node)


@pytest.fixture
def left(shared: SharedWorld, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The same world as the test before left it, for one that goes on from there."""
    yield from shared.lend(request.node, as_left=True)
