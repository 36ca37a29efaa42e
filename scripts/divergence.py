"""
`dr divergence`: what only an old copy holds, as a re-protection or a restore found it.

`dr divergence show` counts it by table and shows rows; `dr divergence export --to DIR` writes them as CSV, a file for
each table, so that what is needed can be brought over before the old copy is given up.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core.errors import BadInput
from scripts.people.options import Format
from scripts.people.output import Form, out, table, write_json
from scripts.runs import divergences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scripts.runs.divergences import Kept

NULL = r"\N"
"""NULL in a CSV, as COPY writes and reads it: an empty text is another thing."""
LONGEST = 60  # characters of a value in a terminal, and of a table in the name of a file
SHOWN = 10

Run = Annotated[str | None, typer.Argument(help="a run (default: the newest that compared two copies)")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.command("show")
def show(
    run: Run = None,
    *,
    rows: Annotated[int, typer.Option(min=0, help="how many rows of each table to show")] = SHOWN,
    form: Format = Form.TABLE,
) -> None:
    """Say what only the old copy holds, what of it is unknown and why, and show rows."""
    found = _found(run)
    if form is Form.JSON:
        write_json([{"run": each.run, **each.summary, "kept": list(islice(each.each(), rows))} for each in found])
        return
    for each in found:
        _show(each, rows)


@app.command("export")
def export(
    run: Run = None, *, to: Annotated[Path, typer.Option(help="a folder, made where it is missing")]
) -> None:  # fmt: skip
    """Write every row that was kept as CSV, a file for each table that nobody else may read."""
    found = _found(run)
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = [name for each in found for name in _export(each, to)]
    except OSError as error:
        raise BadInput(f"{to}: cannot be written ({error.strerror})", "name a folder that can") from error
    for name in written:
        out().print(str(to / name), markup=False)
    if not written:
        out().print("no row was kept: nothing differs, or nothing could be looked at", markup=False)


def _found(run: str | None) -> list[Kept]:
    """Raises BadInput where nothing was compared."""
    run = run or divergences.newest()
    found = divergences.kept(run)
    if not found:
        raise BadInput(
            f"{run}: no copies were compared, or not on this machine",
            "name a re-protection or a restore: `dr journal list` shows the runs",
        )
    return found


def _show(found: Kept, rows: int) -> None:
    summary = found.summary
    title = f"{found.run}: only the old copy of {found.store} holds {summary['said'] or 'nothing that was counted'}"
    columns = ("what", "name", "missing", "changed", "deleted", "from", "to", "said")
    shown = [
        (it["kind"], it["name"], *(str(it[key]) for key in ("missing", "changed", "deleted")),
         it["first"] or "", it["last"] or "", it["said"])
        for it in summary["tables"]
    ]  # fmt: skip
    out().print(table(title, columns, shown))
    if summary["unknown"]:
        unknown = [(it["name"], it["reason"], it["hint"]) for it in summary["unknown"]]
        out().print(table("Unknown", ("what", "why", "what helps"), unknown))
    for name, some in _by_table(found.each(), rows).items():
        lines = [(row["which"], *(_short(value) for value in row["values"])) for row in some]
        out().print(table(name, ("which", *some[0]["columns"]), lines))


def _by_table(rows: Iterator[dict[str, Any]], at_most: int) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows if at_most else ():
        if len(found[row["table"]]) < at_most:
            found[row["table"]].append(row)
    return found


def _short(value: str | None) -> str:
    if value is None:
        return NULL
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}..."


def _export(found: Kept, to: Path) -> list[str]:
    """The names of the files of one store, in the order of its tables."""
    writers: dict[tuple[str, ...], tuple[str, Any]] = {}
    with ExitStack() as files:
        for row in found.each():
            key = (row["table"], *row["columns"])
            if key not in writers:
                name = _file_name(found, row["table"], len(writers) + 1)
                file = files.enter_context(divergences.private(to / name))
                writers[key] = name, csv.writer(file)
                writers[key][1].writerow(["which", *row["columns"]])
            writers[key][1].writerow([row["which"], *_values(row["values"])])
    return [name for name, _ in writers.values()]


def _values(values: Sequence[str | None]) -> list[str]:
    return [NULL if value is None else value for value in values]


def _file_name(found: Kept, table_name: str, number: int) -> str:
    """Any name of a table makes a name of a file; the number tells two apart that look alike without their signs."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", table_name).strip("._")[:LONGEST]
    return f"{found.run}.{found.store}.{number:03}-{plain}.csv"


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["divergence", *sys.argv[1:]]))
