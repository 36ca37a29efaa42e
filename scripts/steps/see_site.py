"""See that the cloud of a site answers before anything is declared for it: a run that cannot go on is not begun."""

from __future__ import annotations

from scripts.runs.runbook import Context, Result
from scripts.runs.targets import held_stores, target


def see_site(context: Context) -> Result:
    """Raises CloudFailed or OutcomeUnknown while it does not answer."""
    found = {each.identifier: each.state() for each in held_stores(context, target(context))}
    said = ", ".join(f"{name} is {state.phase if state else 'gone'}" for name, state in found.items())
    return Result("done", f"{target(context)} answers: {said or 'it holds no store'}")
