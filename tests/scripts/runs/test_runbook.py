"""Tables that make no sense are refused before anything runs."""

from __future__ import annotations

import pytest

from scripts.core.errors import BadInput
from scripts.runs.runbook import Context, Result, Row, Runbook


def act(_context: Context) -> Result:
    return Result("done", "acted")


def row(subject: str, *, wave: str | None = None, after: tuple[str, ...] = ()) -> Row:
    return Row("phase", act, "Act", undo="act again", subject=subject, wave=wave, after=after)


def test_a_row_says_how_it_is_undone_or_why_not() -> None:
    with pytest.raises(BadInput, match="act needs an undo or the reason why there is none"):
        Row("phase", act, "Act")
    with pytest.raises(BadInput, match="and not both"):
        Row("phase", act, "Act", undo="x", why_no_undo="y")


def test_names_are_unique() -> None:
    with pytest.raises(BadInput, match="two rows are named act:a"):
        Runbook("test", (row("a"), row("b"), row("a")))


@pytest.mark.parametrize("after", ["act:zero", "act:c", "act:b"])
def test_a_row_waits_only_for_rows_above_it_in_its_wave(after: str) -> None:
    rows = (row("zero"), row("a", wave="w"), row("b", wave="w", after=(after,)), row("c", wave="w"))
    with pytest.raises(BadInput, match=f"act:b is after {after}, which is not above it in its wave"):
        Runbook("test", rows)


def test_neighbours_of_one_wave_form_a_group() -> None:
    rows = (row("a"), row("b", wave="w"), row("c", wave="w"), row("d", wave="x"), row("e"), row("f"))
    groups = [[each.subject for each in group] for group in Runbook("test", rows).waves()]
    assert groups == [["a"], ["b", "c"], ["d"], ["e"], ["f"]]
