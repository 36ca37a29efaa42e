"""`dr resume [RUN]`: go on with a run that was cut off, stopped or failed. Rows that are done stay done."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scripts.core.errors import BadInput
from scripts.people.options import ApprovedBy, Format, Yes
from scripts.people.output import Form, err, out, progress, show_error, write_json
from scripts.runs import run_records, shared
from scripts.runs.journal import path_of, read


def resume(
    run: Annotated[str | None, typer.Argument(help="the run (default: the newest that is not done)")] = None,
    *,
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    form: Format = Form.TABLE,
) -> int:
    """
    Go on with a run where it stopped. It is not asked again, but who agreed must still be of the plan; --approved-by
    names those who agree now.
    """
    del yes  # every program that moves something takes it, so that machines need not know which one asks
    shared.pull()
    record = run_records.load(run) if run else _newest_open()
    if not record.open:
        if form is Form.JSON:
            write_json({"run": record.run, "status": record.status})
        else:
            out().print(f"{record.run} is {record.status}: nothing to go on with", markup=False)
        return 0
    from model import load_plan  # noqa: PLC0415
    from scripts.runbooks.run import resume as go_on  # noqa: PLC0415
    from scripts.runbooks.tables import table  # noqa: PLC0415

    plan = load_plan(record.plan)
    runbook = table(record.runbook, plan, record.options_given())
    err().print(f"Going on with {record.run} ({record.runbook} of {record.system})", markup=False)
    with progress(runbook, quiet=form is Form.JSON, earlier=_done_before(record.run)) as observer:
        outcome = go_on(record.run, plan=plan, observer=observer, approved_by=tuple(approved_by or ()))
    if form is Form.JSON:
        error = None if outcome.error is None else outcome.error.lines()
        write_json({"run": outcome.run, "status": outcome.status, "error": error, "measures": outcome.measures})
    else:
        out().print(f"{record.run}: {outcome.status}", markup=False)
        out().print(f"report: dr report {record.run}", markup=False)
    if outcome.error is not None:
        show_error(outcome.error)
    return outcome.exit_code


def _done_before(run: str) -> dict[str, str]:
    """What each row found that is not executed again: to be shown only, so a journal that cannot be read is none."""
    try:
        entries = [entry for entry in read(path_of(run), live=True) if entry.kind == "step"]
    except BadInput:
        return {}
    return {entry.name: entry.sentence for entry in entries if entry.status != "failed"}


def _newest_open() -> run_records.RunRecord:
    for record in run_records.everything():
        if record.open and record.environment == run_records.environment():
            return record
    raise BadInput("no run is unfinished here", "`dr journal list` shows all runs")


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["resume", *sys.argv[1:]]))
