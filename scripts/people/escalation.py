"""
Tells more people the longer it lasts, as the plan's `escalation` says, each level at most once.

That a level is told is journalled before it is told: a run that is cut off and goes on, in whatever process, tells
nobody twice. Nothing here ever stops a run: what goes wrong is a note in the journal, or nothing at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from model.durations import format_duration
from scripts.core.moments import now
from scripts.people.notify import Notifier, due

if TYPE_CHECKING:
    from scripts.runs.journal import Entry

TOLD = "escalated"
"""The name of the journal's notes."""


def told_up_to(entries: Iterable[Entry]) -> timedelta:
    """The latest moment of the plan's escalation that a journal says was told."""
    found = [float(entry.evidence["after_seconds"]) for entry in entries if entry.name == TOLD]
    return timedelta(seconds=max(found, default=0.0))


@dataclass
class Escalation:
    """
    One disaster, or one suspicion. `event` is the message, `facts` its words; `since` is when it began (None: when this
    is started), and `told` how much of the plan's escalation has been told already. `still` is asked before anybody is.
    """

    notifier: Notifier
    event: str
    facts: dict[str, Any]
    since: datetime | None = None
    told: timedelta = timedelta(0)
    still: Callable[[], bool] | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Tell what is due from now on, beside everything else. The second time it changes nothing."""
        if self._thread is None and not self._over.is_set() and self._next() is not None:
            self.since = self.since or now()
            self._thread = threading.Thread(target=self._run, name="escalation", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """It is over, or has been decided: nobody else is told."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(5)

    def _next(self) -> timedelta | None:
        """The next moment of the plan that is not told yet, counted from `since`."""
        return min((step.after for step in self.notifier.plan.escalation if step.after > self.told), default=None)

    def _run(self) -> None:
        while (after := self._next()) is not None:
            wait = ((self.since or now()) + after - now()).total_seconds()
            if self._over.wait(max(0.0, wait)):
                return
            with suppress(Exception):  # the journal's disk is full, say: the run finds that out by itself
                if self.still is not None and not self.still():
                    return
                self._tell(after)
            self.told = after

    def _tell(self, after: timedelta) -> None:
        roles, lasted = due(self.notifier.plan, after, self.told), format_duration(after)
        self.notifier.journal.note(
            TOLD, f"After {lasted}: {', '.join(roles)} are told", after_seconds=after.total_seconds(), roles=roles
        )
        self.notifier.send(self.event, {**self.facts, "lasted": lasted}, roles)
