"""
What a person sees: results on standard output, progress and errors on standard error, colour only on a terminal.

Works with a closed standard output, a reader that went away, and a terminal that knows no UTF-8.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from scripts.core.errors import DrError, is_bad_plan
from scripts.core.moments import now
from scripts.core.redaction import printable, redact
from scripts.runs.plain import plain

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType
    from rich.live import Live

    from scripts.runs.measure import Measures
    from scripts.runs.rows import Observer, RowEvent
    from scripts.runs.runbook import Runbook


class Form(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"


class _Quiet(Console):
    """A reader that went away ends nothing: what the command does matters more than what it prints."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is drawn here styles text; the text itself, whoever wrote it, drives no terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        silence(sys.stdout)


def silence(stream: TextIO | None) -> None:
    """Send what is still written to `stream` nowhere."""
    if stream is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def prepare_streams() -> None:
    """Call once, first: gives a closed stream somewhere to go, and makes every character printable in some form."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  (for the process's life)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def out() -> Console:
    """For results."""
    return _console(sys.stdout)


def err() -> Console:
    """For progress, questions and errors."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    """A file or a pipe has no width of its own; tables need more than the 80 columns that would be taken for it."""
    terminal = stream.isatty()
    width = None if terminal or "COLUMNS" in os.environ else 120
    return _Quiet(file=stream, highlight=False, soft_wrap=not terminal, width=width)


def write(text: str) -> None:
    """A result as it is."""
    try:
        text = printable(text)
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)


def write_json(data: Any) -> None:
    """A result as JSON: times in ISO 8601, durations in seconds, what looks like a secret masked."""
    write(json.dumps(plain(data), indent=2, ensure_ascii=True))


def show_error(error: BaseException, *, debug: bool = False) -> None:
    """Two lines to standard error; with `debug` also where it happened."""
    if debug:
        text = "".join(traceback.format_exception(error))
        notes = "\n".join(getattr(error, "__notes__", ()))
        _to_stderr(redact(text if notes in text else f"{notes}\n{text}"))
    if isinstance(error, DrError):
        message, hint = error.lines()
    else:
        hint = f"hint: {getattr(error, 'hint', '') or DrError.default_hint}"
        told = hasattr(error, "hint") or is_bad_plan(error)
        message = redact(str(error) if told else f"{type(error).__name__}: {error}")
    _to_stderr(f"error: {message}\n{hint}\n")


def _to_stderr(text: str) -> None:
    try:
        sys.stderr.write(printable(text))
        sys.stderr.flush()
    except BrokenPipeError:
        silence(sys.stderr)


def seconds(value: float | None) -> str:
    """`0.42 s`, `12.3 s`, `4 m 05 s`, `2 h 03 m`; `-` for None."""
    if value is None:
        return "-"
    if value < 10:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} m"


def measured(value: float | None, *, at_most: bool = False) -> str:
    """`12.3 s`, or `at most 12.3 s` for what nobody counted."""
    return f"at most {seconds(value)}" if at_most and value else seconds(value)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A plain table; cells may carry rich markup only when they are `rich` objects."""
    made = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(escape(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def verdict(met: bool | None) -> str:
    return {True: "met", False: "MISSED", None: "not measured"}[met]


def objectives_table(measures: Measures) -> Table:
    """Objective by objective: promised, measured, met or not."""
    rows = [
        (it.name, seconds(it.target), measured(it.measured, at_most=it.at_most), verdict(it.met))
        for it in measures.objectives
    ]
    return table("Objectives", ("objective", "target", "measured", "verdict"), rows)


def runbook_table(runbook: Runbook) -> Table:
    """For --dry-run: what would be done, in which order, and how it is taken back."""
    rows = []
    for number, row in enumerate(runbook.rows, start=1):
        mark = " (no way back)" if row.point_of_no_return else ""
        rows.append((str(number), row.phase, row.sentence + mark, row.undo or f"none: {row.why_no_undo}"))
    return table(f"Runbook {runbook.name}", ("#", "phase", "step", "undo"), rows)


MARKS = {"begun": "..", "done": "ok", "already": "ok", "skipped": "--", "failed": "FAILED", "": "  "}
STYLES = {"begun": "yellow", "done": "green", "already": "green", "skipped": "dim", "failed": "bold red"}


class _Progress:
    """The rows of a run with their state: a live table on a terminal, else one line for each row that ends."""

    def __init__(self, runbook: Runbook, objective: float | None, earlier: Mapping[str, str]) -> None:
        self.runbook, self.objective, self.earlier = runbook, objective, earlier
        self.started = now()
        self.events: dict[str, RowEvent] = {}
        self.live: Live | None = None
        self._guard = threading.Lock()

    def observe(self, event: RowEvent) -> None:
        with self._guard:
            self.events[event.row.name] = event
        if self.live is None and event.what != "begun":
            took = seconds(event.seconds)
            said = event.said if event.what != "already" else f"already so: {event.said}"
            err().print(f"{self._clock():>9}  {MARKS[event.what]:6} {event.row.phase:9} {escape(said)} ({took})")

    def _clock(self) -> str:
        return seconds((now() - self.started).total_seconds())

    def __rich__(self) -> Table:
        target = f" of {seconds(self.objective)}" if self.objective else ""
        made = Table(title=f"{self.runbook.name}   {self._clock()}{target}", title_justify="left")
        for column in ("", "phase", "step", "took"):
            made.add_column(column, overflow="fold")
        with self._guard:
            events = dict(self.events)
        for row in self.runbook.rows:
            event = events.get(row.name)
            what = event.what if event else ""
            said = (event.said if event and event.said else row.sentence) if what != "begun" else row.sentence
            if event is None and row.name in self.earlier:
                what, said = "already", self.earlier[row.name]
            took = None if event is None else event.seconds
            if event is not None and what == "begun":
                took = (now() - event.at).total_seconds()
            style = STYLES.get(what, "dim")
            made.add_row(MARKS[what], row.phase, escape(said), "" if took is None else seconds(took), style=style)
        return made


@contextmanager
def progress(
    runbook: Runbook,
    objective_seconds: float | None = None,
    *,
    quiet: bool = False,
    earlier: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Observer]:
    """
    Shows a run while it goes on: `with progress(runbook, rto) as observer: run_durably(runbook, context, observer)`.

    `objective_seconds` is the RTO that the elapsed time is shown against. `earlier`: rows that were done before a run
    was taken up again, and what was found; they are not executed again, so no event tells of them.
    """
    shown = _Progress(runbook, objective_seconds, earlier)
    if quiet:
        yield lambda _event: None
    elif err().is_terminal:
        from rich.live import Live  # noqa: PLC0415

        with Live(shown, console=err(), refresh_per_second=8, transient=False) as live:
            shown.live = live
            yield shown.observe
    else:
        yield shown.observe


def facts(pairs: Mapping[str, Any]) -> Table:
    """Names and values, one a line."""
    made = Table.grid(padding=(0, 2))
    for name, value in pairs.items():
        made.add_row(escape(name), escape(value) if isinstance(value, str) else value)
    return made
