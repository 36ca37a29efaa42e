"""Compare two copies of a store for a run, and keep what differs where a person can look at it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from scripts.core.errors import DrError
from scripts.engines.comparison import Comparison, Keep, Unknown, keep_nothing
from scripts.runs import divergences
from scripts.runs.findings import CopiesCompared, NotCounted
from scripts.runs.plain import plain
from scripts.runs.runbook import Context

PERSONS = "look into both copies by hand"


def compared(context: Context, store: str, compare: Callable[[Keep], Comparison]) -> CopiesCompared:
    """What `compare` finds; it is given where to leave its rows. What cannot be looked at or kept raises nothing."""
    unkept: list[Unknown] = []
    with ExitStack() as held:
        keep: Keep = keep_nothing
        try:
            keep = held.enter_context(divergences.keeping(context.run, store))
        except (OSError, DrError) as error:
            unkept.append(Unknown("rows of tables", f"they could not be kept here: {error}", "set DR_HOME"))
        try:
            comparison = compare(keep)
        except DrError as error:
            comparison = Comparison(unknown=(Unknown(store, f"the copies cannot be compared: {error}", error.hint),))
    return _kept(context, store, Comparison(comparison.differences, (*comparison.unknown, *unkept)))


def nothing_compared(context: Context, store: str, reason: str, hint: str = "heal it first") -> CopiesCompared:
    """For a copy that cannot be asked."""
    return _kept(context, store, Comparison(unknown=(Unknown(store, reason, hint),)))


def _kept(context: Context, store: str, comparison: Comparison) -> CopiesCompared:
    found = CopiesCompared(
        store=store,
        rows=comparison.rows,
        differences=comparison.count,
        said=comparison.said,
        tables=plain(comparison.differences),
        unknown=[NotCounted(name=each.name, reason=each.reason, hint=each.hint) for each in comparison.unknown],
    )
    try:
        divergences.remember(context.run, store, found.model_dump(mode="json"))
    except OSError as error:
        context.journal.note("divergence", f"what differs could not be kept on this machine: {error.strerror}")
    return found
