"""
The point of closing of a planned switch: the old writer is told to stop, is seen refusing, and everything that it ever
acknowledged is seen at the target, all of it within the time that the plan allows. Else the old site is opened again.

Order matters. Whoever writes gets a while to end by itself. Then the lease goes to nobody (the old sentinel cannot
renew from then on), the old database is closed and flushed, a real write is refused, and its last position is awaited
at the target. Traffic has not moved, and nothing has been promoted.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from scripts.acts.arrivals import arrival
from scripts.acts.leases import give_back, take_from_living
from scripts.core.errors import DrError, HandedBack, NotFenced, OutcomeUnknown, Refused
from scripts.core.waiting import wait_until
from scripts.engines.protocol import END_SECONDS
from scripts.fencing.lease import BETWEEN
from scripts.runs.findings import HandedOver
from scripts.runs.rows import storable
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import epoch_to_be, target

if TYPE_CHECKING:
    from scripts.engines.protocol import Engine
    from scripts.engines.seen import Transaction

PATIENCE_SECONDS = 0.5  # after which readers that hold up the target's replay are ended


def hand_over(context: Context) -> Result:
    """
    Evidence: the refusal's SQLSTATE, and the last log position of each database, which has arrived. Raises HandedBack
    when the old site serves as before, also where it was never closed.
    """
    old, ended = context.topology.active_site, list[str]()
    if not _is_closed(context):
        for each in context.plan.incarnated_stores:
            writer = _engine(context, old, each.name)
            try:
                arrival(context, each.name, writer)
            except DrError as error:
                raise HandedBack(f"{error.message}: nothing was closed", error.hint) from error
            ended += _drained(context, writer)
    try:
        return _closed(context, ended)
    except Exception as error:
        raise _way_back(context, storable(error)) from error


def _is_closed(context: Context) -> bool:
    """An earlier try was cut off after the point of closing."""
    seen = context.clouds.witness().read()
    return seen is not None and (seen.lease.site, seen.lease.epoch) == (BETWEEN, epoch_to_be(context))


def _drained(context: Context, writer: Engine) -> list[str]:
    """Wait for the transactions that write now; those that go on nevertheless."""

    def left() -> list[Transaction]:
        return [each for each in writer.hand_over.transactions() if (each.pid, each.since) in begun]

    begun = {(each.pid, each.since) for each in writer.hand_over.transactions() if each.writes}
    try:
        bound = context.plan.switchover.drain.total_seconds()
        wait_until(lambda: not left(), seconds=bound, every=0.02, what="transactions to end")
    except OutcomeUnknown:
        return [str(each) for each in left()]
    return []


def _closed(context: Context, ended: list[str]) -> Result:
    old, site, epoch = context.topology.active_site, target(context), epoch_to_be(context)
    until = time.monotonic() + context.plan.switchover.hand_over.total_seconds()
    context.journal.mark("stopped", f"{old} is told to stop")
    take_from_living(context, BETWEEN)
    last, refusals = dict[str, str](), set[str]()
    for each in context.plan.incarnated_stores:
        writer = _engine(context, old, each.name)
        if not writer.guard.revoke(BETWEEN, epoch):
            raise NotFenced(f"{old}'s {each.name} already belongs to a younger epoch", "look at `dr status`")
        attempt = writer.try_write(old, context.topology.epoch, name="fence")
        if not attempt.closed:
            raise NotFenced(f"{old}'s {each.name} should refuse writes: {attempt.said}", "look at `dr status`")
        refusals.add(attempt.sqlstate)
        _nobody_writes(writer, old)
        last[each.name] = writer.position().lsn
    for name, lsn in last.items():
        ended += _arrived(context, name, lsn, until)
    refused = ", ".join(sorted(refusals))
    said = f"{old} refuses writes (SQLSTATE {refused}), and {site} has everything up to {', '.join(last.values())}"
    found = HandedOver(sqlstate=refused, last_lsn=last, ended=ended, data_at_stake_seconds=0.0)
    return Result("done", said, found)


def _nobody_writes(writer: Engine, old: str) -> None:
    """Whoever writes still could not be ended by us: the triggers hold its rows, and nothing holds the rest."""
    try:
        wait_until(lambda: not _writing(writer), seconds=END_SECONDS, every=0.02, what="sessions to end")
    except OutcomeUnknown:
        for session in _writing(writer):
            raise NotFenced(f"{session} in {old} could not be ended", f"end it: {session.how_to_end}") from None


def _writing(writer: Engine) -> list[Transaction]:
    return [each for each in writer.hand_over.transactions() if each.writes]


def _arrived(context: Context, store: str, lsn: str, until: float) -> list[str]:
    """Wait until the target has a position; the readers that were ended for it."""
    site, ended = target(context), list[str]()
    copy = _engine(context, site, store).hand_over
    patient_until = time.monotonic() + PATIENCE_SECONDS

    def look() -> bool:
        found = copy.copy(lsn)
        if not found.in_recovery:
            raise Refused(f"{site}'s {store} follows nobody any more", f"`dr reprotect --site {site}`")
        if found.bytes_behind > 0 and found.bytes_missing <= 0 and time.monotonic() > patient_until:
            ended.extend(f"{each} in {site}" for each in copy.end_readers())
        return found.bytes_behind <= 0

    what = f"{site}'s {store} to replay {lsn}"
    wait_until(look, seconds=max(until - time.monotonic(), 0.0), every=0.01, what=what, error=DrError)
    return ended


def _way_back(context: Context, why: DrError) -> DrError:
    """Open the old site again; what to raise then."""
    old = context.topology.active_site
    why = DrError(why.message, "" if why.hint == why.default_hint else why.hint)
    context.journal.note("way_back", f"The hand-over is not sure ({why.message}): {old} is opened again")
    try:
        wait_until(partial(give_back, context), seconds=10, every=0.5, what=f"{old} to be opened again")
    except DrError as error:
        return DrError(
            f"{why.message}; and {old} could not be opened again: {error.message}",
            f"nobody takes writes: `dr failover --to {old}` opens {old}, which holds every row",
        )
    hint = why.hint if why.hint != why.default_hint else f"`dr status` shows how {target(context)} stands"
    return HandedBack(
        f"{why.message}: {old} takes writes again, and nothing has moved",
        f"{hint}; then begin again: `dr failover --to {target(context)} --planned`",
    )


def _engine(context: Context, site: str, store: str) -> Engine:
    return context.clouds.engine(site, store, context.topology.incarnation(site, store))
