"""
Drills share a world, because making one takes longer than most drills. One that fails leaves nothing to the next: its
world is given up with everything in it, and the next drill gets a new one.
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.drills.small_world import small_world
from scripts.drills.stage import Stage
from scripts.runs import run_records

FAILED = pytest.StashKey[bool]()


class SharedWorld:
    """A world for one drill after another, made when it is first wanted, and anew after it was given up."""

    def __init__(self, folders: Path) -> None:
        self._folders, self._open, self.made = folders, ExitStack(), 0
        self._stage: Stage | None = None

    def stage(self) -> Stage:
        if self._stage is None:
            self.made += 1
            self._stage = self._open.enter_context(small_world(self._folders / str(self.made)))
        return self._stage

    def why_not_usable(self) -> str | None:
        """Why the next drill must not have it, whatever the last one said of itself."""
        if self._stage is None:
            return None
        unfinished = run_records.unfinished(self._stage.plan.system)
        return f"the run {unfinished.run} is not done" if unfinished is not None else None

    def give_up(self) -> None:
        self._stage = None
        self._open.close()
        self._open = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="package")  # not longer: the world is in the environment
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedWorld]:
    world = SharedWorld(tmp_path_factory.mktemp("drills"))
    yield world
    world.give_up()


@pytest.fixture
def made(shared: SharedWorld, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The drills' world; each test leaves it as it says."""
    yield shared.stage()
    if request.node.stash.get(FAILED, False) or shared.why_not_usable() is not None:
        shared.give_up()
