"""Bounded waits: a test waits for what it names, no longer than it says, and never sleeps for luck."""

import os
import time
from collections.abc import Callable

MULTIPLIER = float(os.environ.get("DR_TEST_TIMEOUT_MULTIPLIER", "1"))


def wait_until(predicate: Callable[[], object], *, timeout: float, what: str, every: float = 0.05) -> object:
    """
    Ask `predicate` until its answer is truthy and return that answer.

    `timeout` is in seconds, scaled by DR_TEST_TIMEOUT_MULTIPLIER for slow machines.
    Raises AssertionError that names `what`.
    """
    deadline = time.monotonic() + timeout * MULTIPLIER
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            message = f"waited {timeout * MULTIPLIER:g} s for {what}; last answer: {answer!r}"
            raise AssertionError(message)
        time.sleep(every)
