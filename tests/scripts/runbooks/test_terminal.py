"""What is printed of a run that has ended."""

from __future__ import annotations

from typing import Literal

import pytest

from scripts.core.errors import DrError, EngineFailed, LossTooGreat
from scripts.people.output import Form
from scripts.runbooks.terminal import finish
from scripts.runs.runbook import RunOutcome

MEASURES = {
    "parts": {"detection": 1.5},
    "objectives": [
        {"name": "RTO, region lost", "target": 900.0, "measured": 2.0, "at_most": False, "met": True},
        {"name": "RPO, region lost", "target": 300.0, "measured": 0.0, "at_most": True, "met": True},
    ],
    "objectives_met": True,
}


def test_a_run_that_is_done_is_held_against_its_objectives(capsys: pytest.CaptureFixture[str]) -> None:
    assert finish([RunOutcome("failover-1", "done", {}, measures=MEASURES)], Form.TABLE) == 0
    shown = capsys.readouterr().out
    assert "RTO, region lost" in shown
    assert shown.count("met") == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("failed", LossTooGreat("60 s are at stake", "accept it")),
        ("failed", EngineFailed("the update failed", "repeat it")),
        ("interrupted", EngineFailed("stopped", "`dr resume` goes on")),
        ("unknown", EngineFailed("no answer", "look")),
    ],
    ids=["refused", "failed", "interrupted", "unknown"],
)
def test_a_run_that_is_not_done_has_met_nothing(
    capsys: pytest.CaptureFixture[str], status: Literal["failed", "interrupted", "unknown"], error: DrError
) -> None:
    with pytest.raises(type(error)):
        finish([RunOutcome("failover-1", status, {}, error, MEASURES)], Form.TABLE)
    shown = capsys.readouterr()
    assert status in shown.out
    assert "1.50 s" in shown.out
    assert "met" not in shown.out
    assert "`dr report failover-1`" in shown.err
