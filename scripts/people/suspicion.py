"""
What a watcher suspects and may not act on: people are told, and more of them the longer nobody decides.

A watcher that is started again goes on where the one before it stopped: its journal says since when, and who was told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput
from scripts.people.escalation import Escalation, told_up_to
from scripts.people.notify import Notifier
from scripts.runs import journal, run_records

if TYPE_CHECKING:
    from model import Plan

OVER = "seen_again"
ACTED = "acted"


@dataclass(frozen=True)
class Open:
    """Since when something is suspected, and how much of the plan's escalation has been told of it."""

    since: datetime
    told: timedelta


@dataclass
class Suspicion:
    """One watcher's. `still` is asked before more people are told: has nobody decided yet?"""

    plan: Plan
    journal: journal.Journal
    still: Callable[[], bool]
    reason: str = ""
    _open: Open | None = None
    _escalation: Escalation | None = None

    def raise_(self, site: str, reason: str, since: datetime, *, inherits: bool) -> bool:
        """
        Tell, once for each reason, and more people as time goes by. `inherits`: the site was never seen well by this
        watcher, so what an earlier one has told counts. False when it was told already.
        """
        new, notifier = reason != self.reason, Notifier(self.plan, self.journal)
        self.reason = reason
        facts = {"site": site, "summary": f"{reason}."}
        left = _left_open(self.plan, self.journal.run, site) if inherits and self._open is None else None
        self._open = self._open or left or Open(since, timedelta(0))
        if new:
            evidence = {"site": site, "since": self._open.since}
            self.journal.write("decision", "wait", reason, phase="detect", status="refused", evidence=evidence)
            if left is None:
                notifier.send("suspected", facts)
        if self._escalation is None:
            self._escalation = Escalation(notifier, "undecided", facts, self._open.since, self._open.told, self.still)
            self._escalation.start()
        return new

    def end(self, what: str, said: str) -> None:
        """It was seen again (`OVER`), or acted on (`ACTED`). Nothing where there was no suspicion."""
        if self.reason:
            self.journal.note(what, said)
        self.pause()
        self.reason, self._open = "", None

    def pause(self) -> None:
        """Tell nobody else for now, and leave it open: it may be raised again, also by the next watcher."""
        if self._escalation is not None and self._open is not None:
            self._escalation.end()
            self._open = Open(self._open.since, self._escalation.told)
        self._escalation = None


def _left_open(plan: Plan, ours: str, site: str) -> Open | None:
    """What the watcher before this one suspected of a site when it ended."""
    for run in journal.runs():
        if run == ours or not run.startswith("watch-"):
            continue
        try:
            entries = list(journal.read(journal.path_of(run), live=True))
        except BadInput:
            continue
        first = next((entry.evidence for entry in entries if entry.kind == "run"), {})
        if (first.get("system"), first.get("environment")) != (plan.system, run_records.environment()):
            continue
        closed = max((entry.seq for entry in entries if entry.name in {OVER, ACTED}), default=-1)
        later = [entry for entry in entries if entry.seq > closed]
        waits = [entry for entry in later if entry.name == "wait" and entry.evidence.get("site") == site]
        if not waits:
            return None
        return Open(datetime.fromisoformat(str(waits[0].evidence["since"])), told_up_to(later))
    return None
