"""
Drills share a world, because making one takes longer than most drills. One that fails leaves nothing to the next: its
world is given up with everything in it, and the next drill gets a new one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from scripts.core.errors import DrError
from scripts.drills.small_world import PLAN, settle, small_world
from scripts.drills.stage import Stage
from scripts.failback import parts
from scripts.runs import run_records

FAILED = pytest.StashKey[bool]()
"""Has any part of this test failed? Kept by the suite's own conftest."""


class SharedWorld:
    """A world for one drill after another, made when it is first wanted, and anew after it was given up."""

    def __init__(self, folders: Path, plan: str = PLAN) -> None:
        self._folders, self._plan, self._open, self.made = folders, plan, ExitStack(), 0
        self._stage: Stage | None = None

    @classmethod
    def shared(cls, folders: pytest.TempPathFactory, name: str, plan: str = PLAN) -> Iterator[Self]:
        """As the body of the fixture that gives one to many tests."""
        world = cls(folders.mktemp(name), plan)
        yield world
        world.give_up()

    def stage(self) -> Stage:
        if self._stage is None:
            self.made += 1
            self._stage = self._open.enter_context(small_world(self._folders / str(self.made), self._plan))
        return self._stage

    def at_home(self) -> Stage:
        """
        Nothing broken, the primary active, and everything follows it. A world whose service has moved is not brought
        back for it: that costs more than twice the processor time of a new one.
        """
        if self._stage is not None and not self._is_at_home(self._stage):
            self.give_up()
        try:
            settle(self.stage())
        except DrError:
            self.give_up()
            raise
        return self.stage()

    @staticmethod
    def _is_at_home(made: Stage) -> bool:
        """No run has to be finished, and none to be begun."""
        return run_records.unfinished(made.plan.system) is None and not parts(
            made.plan, made.topology, made.plan.primary.name
        )

    def lend(self, item: pytest.Item, *, as_left: bool = False) -> Iterator[Stage]:
        """For one test, as the body of its fixture: at home, or as the test before left it."""
        yield self.stage() if as_left else self.at_home()
        if item.stash.get(FAILED, False):
            self.give_up()

    def give_up(self) -> None:
        self._stage = None
        self._open.close()
        self._open = ExitStack()
