"""Text for people: durations, tables that take any text, and errors of two lines."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from model import load_plan
from scripts.core.errors import BadInput, Locked
from scripts.people import output
from scripts.runbooks.tables import table
from scripts.runs.journal import find
from scripts.runs.runbook import Options


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


def test_a_run_that_is_taken_up_shows_what_was_done_before(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(output, "err", lambda: Console(file=screen, force_terminal=True, width=100, height=40))
    runbook = table("open", load_plan("samia"), Options())
    first = runbook.rows[0]
    with output.progress(runbook, earlier={first.name: "this was found before"}):
        pass
    shown = next(line for line in screen.getvalue().splitlines() if "this was found before" in line)
    assert "ok" in shown
    assert first.sentence not in screen.getvalue()
