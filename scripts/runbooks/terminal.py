"""
What the programs that run a table share at the terminal: the question before, the table while, the measures after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scripts.core.errors import DrError, Refused
from scripts.people.output import (
    Form,
    err,
    facts,
    measured,
    out,
    progress,
    runbook_table,
    seconds,
    table,
    verdict,
    write_json,
)
from scripts.runbooks.run import look, preview_rows
from scripts.runbooks.tables import table as table_of
from scripts.runs.runbook import Options, RunOutcome

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.rows import Observer


def show_rows(
    name: str, plan: Plan, options: Options, topology: Topology, form: Form, *, looks: bool = True
) -> None:  # fmt: skip
    """
    What --dry-run shows. With `looks` also what the preflight finds now; raises Refused where the run would be.
    """
    refusal: DrError | None = None
    try:
        found = look(name, plan, options) if looks else []
    except DrError as error:
        found, refusal = [error.message], error
    if form is Form.JSON:
        rows = preview_rows(name, plan, options)
        shown = {"runbook": name, "to": options.to, "topology": topology.to_config(), "preflight": found, "rows": rows}
        write_json(shown)
    else:
        seen = {"preflight": "; ".join(found)} if found else {}
        active = f"{topology.active_site}, epoch {topology.epoch}"
        out().print(facts({"active now": active, "target": options.to, **seen}))
        out().print(runbook_table(table_of(name, plan, options)))
    if isinstance(refusal, Refused):
        raise refusal


def watched(
    name: str, plan: Plan, options: Options, act: Callable[[Observer], RunOutcome], *, quiet: bool
) -> RunOutcome:
    """Run with a table that shows each row against the RTO."""
    disaster = options.more.get("disaster")
    goal = next((each.rto for each in plan.objectives if each.disaster == disaster and not each.component), None)
    with progress(table_of(name, plan, options), goal.total_seconds() if goal else None, quiet=quiet) as observer:
        return act(observer)


def finish(outcomes: Sequence[RunOutcome], form: Form) -> int:
    """Print what came of it; the exit code. Raises the error of a run that is not done."""
    if form is Form.JSON:
        write_json({"runs": [_plain(outcome) for outcome in outcomes]})
    else:
        for outcome in outcomes:
            _print(outcome)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return max((outcome.exit_code for outcome in outcomes), default=0)


def _plain(outcome: RunOutcome) -> dict[str, Any]:
    results = {
        name: {"status": it.status, "said": it.said, "evidence": it.evidence} for name, it in outcome.results.items()
    }
    error = None if outcome.error is None else {"message": outcome.error.message, "hint": outcome.error.hint}
    return {
        "run": outcome.run, "status": outcome.status, "exit_code": outcome.exit_code, "results": results,
        "measures": outcome.measures, "error": error,
    }  # fmt: skip


def _print(outcome: RunOutcome) -> None:
    if not outcome.run:
        for result in outcome.results.values():
            out().print(f"done already: {result.said}")
        return
    measures = outcome.measures
    parts = measures.get("parts") or {}
    shown = {"run": outcome.run, "status": outcome.status}
    shown |= {name: seconds(value) for name, value in parts.items() if value is not None}
    out().print(facts(shown))
    rows = [
        (
            each["name"], seconds(each["target"]),
            measured(each["measured"], at_most=bool(each["at_most"])), verdict(each["met"]),
        )
        for each in measures.get("objectives") or [] if each["measured"] is not None
    ]  # fmt: skip
    if rows and outcome.status == "done":  # what a run that broke off has measured so far meets no objective
        out().print(table("Objectives", ("objective", "target", "measured", "verdict"), rows))
    err().print(f"`dr report {outcome.run}` writes the report, `dr journal {outcome.run}` shows the record")
