"""Bounded waits for what a step has set in motion."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from scripts.core.errors import BadInput, DrError, OutcomeUnknown, Refused

T = TypeVar("T")


def wait_until(
    look: Callable[[], T | None],
    *,
    seconds: float,
    what: str,
    every: float = 0.05,
    error: type[DrError] = OutcomeUnknown,
) -> T:
    """
    Look until the answer is truthy and give it back; after `seconds` raise `error`, which names `what`.

    An error of ours while looking counts as "not yet": what was started may be between two states. BadInput and
    Refused do not: they ask for somebody to do something.
    """
    deadline = time.monotonic() + seconds
    last = ""
    while True:
        try:
            answer = look()
            if answer:
                return answer
            last = ""
        except (BadInput, Refused):
            raise  # waiting does not help
        except DrError as failed:
            last = f" ({failed})"
        if time.monotonic() >= deadline:
            raise error(f"waited {seconds:g} s for {what}{last}")
        time.sleep(every)
