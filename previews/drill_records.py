"""
Filing drills where the next preview and an auditor look for them: docs/dr-tests/YYYY-Qn-<scenario>.md, one for each.

    python -m previews.drill_records out/samia.json --into docs/dr-tests
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from previews import sources
from previews.drills import read_drill, system_of
from previews.report import Measured
from scripts.core.errors import DrError, exit_code_of
from scripts.people.output import measured, seconds, verdict

OUTCOMES = {True: "met", False: "missed", None: "not judged"}
SANDBOX = (
    "Rehearsed in the sandbox: real databases and processes on one machine, stand-ins for the clouds' control planes. "
    "The clouds' own waits ran {pace:g} times faster; nothing else is scaled."
)


def file_name(scenario: str, finished: date) -> str:
    """`regional_outage` in November 2026 is `2026-Q4-regional-outage.md`."""
    slug = re.sub(r"[^a-z0-9]+", "-", scenario.lower()).strip("-") or "drill"
    return f"{finished.year}-Q{(finished.month - 1) // 3 + 1}-{slug}.md"


def file_records(path: Path, folder: Path, finished: date, run: str = "") -> list[Path]:
    """
    Write the record of each drill in a JSON file into `folder`; returns the files. `finished` is for drills that do not
    say themselves when they ended, `run` the address of the whole report. Raises BadInput.

    A second drill of the quarter takes the place of the first, but not of another system's.
    """
    drills = read_drill(path)
    body = sources.decoder().decode(sources.read_text(path))
    reported: list[Any] = body["scenarios"] if isinstance(body, dict) and "scenarios" in body else []
    whole = _mapping(body.get("run")) if reported else {}
    ended = _day(whole.get("ended")) or finished
    checks = _checks_by_scenario(whole) if reported else {}
    system = str(whole.get("system") or "")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, drill in enumerate(drills):
        target = folder / file_name(drill.scenario, ended)
        if target.exists() and system_of(target) not in {"", system}:
            target = folder / file_name(f"{system}-{drill.scenario}", ended)
        lines = _head(drill, ended, system)
        if reported:
            lines += _details(reported[number], whole, checks.get(str(reported[number]["name"]), []))
        else:
            lines += _table(("RTO measured", "RPO measured", "Objectives"), [_summary(drill)])
        if run:
            lines += [f"Report and journal: <{run}>", ""]
        target.write_text("\n".join(lines), encoding="utf-8")
        written.append(target)
    return written


def _head(drill: Measured, ended: date, system: str) -> list[str]:
    """What a machine reads again (`previews.drills.past_drills`), and a title for people."""
    title = re.sub(r"[^A-Za-z0-9 -]", "", drill.scenario.replace("_", " ")).capitalize()
    lines = [f"# Drill: {title}", "", f"finished: {ended.isoformat()}  ", f"scenario: {_cell(drill.scenario)}  "]
    lines += [f"system: {_cell(system)}  "] if system else []
    return [*lines, f"objectives: {OUTCOMES[drill.met]}", ""]


def _details(scenario: Mapping[str, Any], whole: Mapping[str, Any], checks: list[Mapping[str, Any]]) -> list[str]:
    measures, runs = _mapping(scenario.get("measures")), [_mapping(each) for each in _list(scenario.get("runs"))]
    lines = [f"{_cell(scenario.get('title'))}.", ""]
    if (pace := _pace(whole)) is not None:
        lines += [SANDBOX.format(pace=pace), ""]
    objectives = [
        (
            _cell(it.get("name")),
            seconds(_number(it, "target")),
            measured(_number(it, "measured"), at_most=bool(it.get("at_most"))),
            verdict(it.get("met")),
        )
        for it in map(_mapping, _list(measures.get("objectives")))
        if it.get("measured") is not None
    ]
    lines += _table(("Objective", "Target", "Measured", "Verdict"), objectives)
    lines += _losses(measures)
    lines += _table(("Looked at besides", "Result"), [(_check(it), _cell(it.get("status"))) for it in checks])
    steps = [
        (_cell(step.get("said")), seconds(_number(step, "seconds")))
        for run in runs
        for step in map(_mapping, _list(run.get("steps")))
    ]
    lines += _table(("What was done", "Took"), steps)
    journals = [(_cell(it.get("run")), _mapping(it.get("journal"))) for it in (whole, *runs)]
    proven = [(f"`{name}`", str(it.get("entries")), f"`{_cell(it.get('hash'))}`") for name, it in journals if it]
    return lines + _table(("Journal", "Entries", "Hash of its last entry"), proven)


def _losses(measures: Mapping[str, Any]) -> list[str]:
    said = []
    parts = {name: _number(_mapping(measures.get("parts")), name) for name in _mapping(measures.get("parts"))}
    if known := [f"{name} {seconds(value)}" for name, value in parts.items() if value is not None]:
        said.append(f"The RTO was made of {', '.join(known)}.")
    if loss := _mapping(measures.get("loss")):
        said.append(f"Lost: {loss.get('lost')} of {loss.get('acknowledged')} acknowledged writes.")
    if (outage := _number(measures, "outage_seconds")) is not None:
        said.append(f"Writers had no answer for {seconds(outage)}.")
    return [" ".join(said), ""] if said else []


def _checks_by_scenario(whole: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """A drill's journal holds the checks of a scenario before the entry that ends it."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    open_: list[Mapping[str, Any]] = []
    for note in map(_mapping, _list(whole.get("notes"))):
        if note.get("phase") == "check":
            open_.append(note)
        elif note.get("name") == "scenario":
            found[str(_mapping(note.get("evidence")).get("scenario"))] = open_
            open_ = []
    return found


def _check(check: Mapping[str, Any]) -> str:
    negative = _mapping(check.get("evidence")).get("negative_control") is True
    return _cell(check.get("said")) + (" (negative control)" if negative else "")


def _pace(whole: Mapping[str, Any]) -> float | None:
    worlds = (_mapping(note.get("evidence")) for note in map(_mapping, _list(whole.get("notes"))))
    return next((pace for world in worlds if (pace := _number(world, "pace")) is not None), None)


def _summary(drill: Measured) -> tuple[str, str, str]:
    rto, rpo = ("not measured" if s is None else seconds(s) for s in (drill.rto_seconds, drill.rpo_seconds))
    return rto, rpo, OUTCOMES[drill.met]


def _table(head: tuple[str, ...], rows: list[Any]) -> list[str]:
    return [*_rows(head, rows), ""] if rows else []


def _rows(head: tuple[str, ...], rows: list[Any]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _cell(value: Any) -> str:
    """One line of a table that no text of a journal can break."""
    return re.sub(r"([|<>`\\])", r"\\\1", " ".join(str("" if value is None else value).split()))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(of: Mapping[str, Any], key: str) -> float | None:
    value = of.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _day(value: Any) -> date | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC).date()
    except (TypeError, ValueError):
        return None


def command(
    drill: Annotated[Path, typer.Argument(help="what `dr drill --format json` wrote")],
    *,
    into: Annotated[Path, typer.Option(help="the folder of the records")] = Path("docs/dr-tests"),
    run: Annotated[str, typer.Option(help="address of the run with the whole report")] = "",
) -> None:
    """File the record of a drill."""
    try:
        for path in file_records(drill, into, datetime.now(UTC).date(), run):
            typer.echo(str(path))
    except DrError as error:
        for line in error.lines():
            typer.echo(line, err=True)
        raise typer.Exit(exit_code_of(error)) from None


if __name__ == "__main__":
    typer.run(command)
