"""`dr report`: what a run or a drill achieved, as one HTML file that needs nothing else, or as JSON."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.core.errors import BadInput
from scripts.core.home import folder
from scripts.people.output import out, write, write_json
from scripts.runs import shared


class Kind(StrEnum):
    """How the report is written."""

    HTML = "html"
    JSON = "json"


def report(
    run: Annotated[str | None, typer.Argument(help="the run or drill (default: the newest)")] = None,
    *,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="where to write; - for standard output (default: DR_HOME/reports)")
    ] = None,
    kind: Annotated[Kind, typer.Option("--format", help="how to write it")] = Kind.HTML,
) -> None:
    """Write the report of a run or a drill."""
    shared.pull()
    if kind is Kind.JSON and out_file is None:
        from scripts.reports import model, render  # noqa: PLC0415

        write_json(render.as_json(model.load(run)))
        return
    path = write_report(run, out_file, kind)
    if path is not None:
        out().print(str(path), markup=False, soft_wrap=True)


def write_report(run: str | None, path: Path | None = None, kind: Kind = Kind.HTML) -> Path | None:
    """Write the report and return where it is; None for standard output (`-`). Raises BadInput."""
    import json  # noqa: PLC0415

    from scripts.reports import model, render  # noqa: PLC0415  (jinja and the plan's models: only here)
    from scripts.runs.plain import plain  # noqa: PLC0415

    loaded = model.load(run)
    text = render.html(loaded) if kind is Kind.HTML else json.dumps(plain(render.as_json(loaded)), indent=2)
    if path is not None and str(path) == "-":
        write(text)
        return None
    path = path or folder("reports") / f"{loaded.main.run}.{kind.value}"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})", "choose another place with --out") from error
    return path


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["report", *sys.argv[1:]]))
