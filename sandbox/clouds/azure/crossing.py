"""What was done in one region and is done in another a little later: copies of images, objects and whole accounts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.clouds.context import Context

LOOK_SECONDS = 0.05
Way = tuple[str, ...]


@dataclass(frozen=True)
class _Waiting:
    due: float
    way: Way
    source: str
    target: str
    act: Callable[[], object]
    sent: float = field(default_factory=time.time)


class Crossing:
    """
    Each way in its order, and nothing of it while one of its two regions is lost or cut off from the other. `lock` is
    that of what is copied, and is held while something arrives.
    """

    def __init__(self, context: Context, what: str, lock: threading.RLock) -> None:
        self._context, self._what, self._lock = context, what, lock
        self._waiting: list[_Waiting] = []
        self._is_at_work = False

    def send(self, way: Way, source: str, target: str, act: Callable[[], object], *, seconds: float) -> None:
        """Do it in `target` once `seconds` have passed, before the world's pace."""
        with self._lock:
            due = time.monotonic() + seconds / self._context.pace
            self._waiting.append(_Waiting(due, way, source, target, act))
            if not self._is_at_work:
                self._is_at_work = True
                self._context.background(self._what, self._work)

    def oldest(self, way: Way) -> float | None:
        """When what waits longest on a way was sent (seconds since 1970); None: nothing waits."""
        with self._lock:
            return next((each.sent for each in self._waiting if each.way == way), None)

    def drop(self, way: Way) -> None:
        """What has not arrived by now never does."""
        with self._lock:
            self._waiting = [each for each in self._waiting if each.way != way]

    def _work(self) -> None:
        while not self._context.stopping.wait(LOOK_SECONDS):
            with self._lock:
                self._deliver()
                if not self._waiting:
                    self._is_at_work = False
                    return

    def _deliver(self) -> None:
        """What waits behind something else on the same way goes after it."""
        held: set[Way] = set()
        left: list[_Waiting] = []
        for each in self._waiting:
            if each.way in held or each.due > time.monotonic() or not self._goes(each.source, each.target):
                held.add(each.way)
                left.append(each)
            else:
                each.act()
        self._waiting = left

    def _goes(self, source: str, target: str) -> bool:
        network = self._context.fabric.network
        return network.region_is_up(source) and network.region_is_up(target) and network.allowed(source, target)
