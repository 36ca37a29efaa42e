"""
Filing drills where the next one looks for them: docs/dr-tests/YYYY-Qn-<scenario>.md, one file for each scenario.

    python -m scripts.previews.drill_records out/samia.json --into docs/dr-tests
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from scripts.core.errors import DrError, exit_code_of
from scripts.previews import times
from scripts.previews.drills import read_drill
from scripts.previews.report import Measured

OUTCOMES = {True: "met", False: "missed", None: "not judged"}


def file_name(scenario: str, finished: date) -> str:
    """`regional_outage` in November 2026 is `2026-Q4-regional-outage.md`."""
    slug = re.sub(r"[^a-z0-9]+", "-", scenario.lower()).strip("-") or "drill"
    return f"{finished.year}-Q{(finished.month - 1) // 3 + 1}-{slug}.md"


def record(drill: Measured, finished: date, run: str = "") -> str:
    """The text of a record. `finished: DATE` in it is what `dr preview` reads again; `run` says where the whole is."""
    title = re.sub(r"[^A-Za-z0-9 -]", "", drill.scenario.replace("_", " ")).capitalize()
    rto, rpo = ("not measured" if s is None else times.show(s) for s in (drill.rto_seconds, drill.rpo_seconds))
    lines = [
        f"# Drill: {title}",
        "",
        f"finished: {finished.isoformat()}",
        "",
        "| RTO measured | RPO measured | Objectives |",
        "| --- | --- | --- |",
        f"| {rto} | {rpo} | {OUTCOMES[drill.met]} |",
        "",
    ]
    if run:
        lines += [f"Report and journal: <{run}>", ""]
    return "\n".join(lines)


def file_records(path: Path, folder: Path, finished: date, run: str = "") -> list[Path]:
    """Write the record of each drill in a JSON file into `folder`; returns the files. Raises BadInput."""
    drills = read_drill(path)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for drill in drills:
        target = folder / file_name(drill.scenario, finished)
        target.write_text(record(drill, finished, run), encoding="utf-8")
        written.append(target)
    return written


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
