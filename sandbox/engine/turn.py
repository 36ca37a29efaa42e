"""A lock that is given in the order of asking."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType


class Turn:
    """
    Held by one thread at a time. Whoever asks first has it first: a plain lock wakes any of those who wait, and what a
    run does would then depend on how busy the machine is.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def __enter__(self) -> "Turn":
        self._take(self._waiting.append)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Have it after whoever holds it now, ahead of all who wait."""
        self._take(self._waiting.appendleft)
        try:
            yield
        finally:
            self.__exit__(None, None, None)

    def _take(self, wait: Callable[[threading.Lock], None]) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            wait(mine)
        mine.acquire()
