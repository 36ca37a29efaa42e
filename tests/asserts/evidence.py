"""What a step saw."""

from typing import Any

from scripts.runs.runbook import RunOutcome


def evidence_of(outcome: RunOutcome, row: str) -> Any:
    """The evidence of a row of a run, of which each caller knows the shape."""
    return outcome.results[row].evidence
