"""Text for people: durations, tables that take any text, and errors of two lines."""

from __future__ import annotations

import pytest

from scripts.core import output
from scripts.core.errors import BadInput, Locked
from scripts.core.journal import find


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0.00 s"),
        (0.4249, "0.42 s"),
        (12.34, "12.3 s"),
        (59.96, "60.0 s"),
        (245, "4 m 05 s"),
        (3599.7, "1 h 00 m"),
        (7380, "2 h 03 m"),
    ],
)
def test_durations(value: float | None, text: str) -> None:
    assert output.seconds(value) == text


def test_text_with_brackets_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.out().print(output.table("T", ("a",), [["services[2].tier [bold]x[/bold]"]]))
    assert "services[2].tier [bold]x[/bold]" in capsys.readouterr().out


def test_an_error_is_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_error(Locked("somebody\nholds it", "wait"))
    assert capsys.readouterr().err == "error: somebody holds it\nhint: wait\n"


def test_an_unexpected_error_names_its_kind_and_hides_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_error(ValueError("no such thing, password=hunter2"))
    err = capsys.readouterr().err
    assert err.startswith("error: ValueError: no such thing, password=***\nhint: ")
    assert "Traceback" not in err


def test_debug_shows_where_it_happened(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInput) as caught:
        find("../x")
    output.show_error(caught.value, debug=True)
    err = capsys.readouterr().err
    assert "in path_of" in err
    assert err.endswith("error: '../x' is not the name of a run\nhint: `dr journal` lists the runs\n")
