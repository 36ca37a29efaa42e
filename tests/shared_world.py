"""
Drills share a world, because making one takes longer than most drills. One that fails leaves nothing to the next: its
world is given up with everything in it, and the next drill gets a new one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.drills.small_world import PLAN, small_world
from scripts.drills.stage import Stage
from scripts.runs import run_records

FAILED = pytest.StashKey[bool]()
"""Has any part of this test failed? Kept by the suite's own conftest."""


class SharedWorld:
    """A world for one drill after another, made when it is first wanted, and anew after it was given up."""

    def __init__(self, folders: Path, plan: str = PLAN) -> None:
        self._folders, self._plan, self._open, self.made = folders, plan, ExitStack(), 0
        self._stage: Stage | None = None

    def stage(self) -> Stage:
        if self._stage is None:
            self.made += 1
            self._stage = self._open.enter_context(small_world(self._folders / str(self.made), self._plan))
        return self._stage

    def why_not_usable(self) -> str | None:
        """Why the next drill must not have it, whatever the last one said of itself."""
        if self._stage is None:
            return None
        unfinished = run_records.unfinished(self._stage.plan.system)
        return f"the run {unfinished.run} is not done" if unfinished is not None else None

    def lend(self, item: pytest.Item) -> Iterator[Stage]:
        """For one test, as the body of its fixture."""
        yield self.stage()
        if item.stash.get(FAILED, False) or self.why_not_usable() is not None:
            self.give_up()

    def give_up(self) -> None:
        self._stage = None
        self._open.close()
        self._open = ExitStack()
