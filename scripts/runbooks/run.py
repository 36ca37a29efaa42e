"""From a table and what the operator asked for to a finished run: lock, journal, clients, rows, measures."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from scripts.clouds.access import Clouds
from scripts.core.errors import DrError, Refused
from scripts.people.approvals import require
from scripts.people.escalation import Escalation, told_up_to
from scripts.people.notify import Notifier, Telling
from scripts.runbooks.agreed_anew import agreed_anew
from scripts.runbooks.decided import decided
from scripts.runbooks.tables import table
from scripts.runs import run_records, shared
from scripts.runs.anchors import anchor
from scripts.runs.journal import Journal, read
from scripts.runs.lock import run_lock
from scripts.runs.measure import measure, moments
from scripts.runs.run_records import MOVES
from scripts.runs.runbook import CHANGES_NOTHING, Context, Does, Options, Result, Runbook, RunOutcome
from scripts.stacks.lazy_stacks import LazyStacks

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.rows import Observer
    from scripts.stacks.stacks import Stacks

MOMENTS = ("fault", "detected", "approved")


def run(
    name: str,
    plan: Plan,
    options: Options,
    *,
    plan_path: str = "",
    observer: Observer | None = None,
    run_id: str = "",
    prepared: Clouds | None = None,
) -> RunOutcome:
    """
    Begin a run of the table `name`. `options.more`: `lost` (names of sites that are not asked anything), and moments
    such as `fault_at` (ISO 8601) that are known from before the run.

    Raises Locked, Refused when an earlier run of this system is not finished, ApprovalMissing where the plan asks more
    people for what it decides than have agreed, BadInput. What rows raise is in the outcome.
    """
    warm_up = threading.Thread(target=_load_durable, name="warm-up")
    warm_up.start()
    with run_lock(plan.system, f"dr {name}"):
        shared.pull()
        if (open_run := run_records.unfinished(plan.system)) is not None and not options.more.get("beside_unfinished"):
            raise Refused(
                f"the run {open_run.run} ({open_run.runbook}) is not finished",
                f"go on with `dr resume {open_run.run}`{_or_reopen(open_run.runbook, open_run.topology_before())}",
            )
        topology = LazyStacks(plan).read_topology()
        require(plan, *decided(name, plan, topology, options), approved_by=options.approved_by)
        run_id = run_id or run_records.new_run_id(name)
        return _execute(
            name,
            plan,
            options,
            topology=topology,
            run_id=run_id,
            plan_path=plan_path,
            observer=observer,
            prepared=prepared,
        )


def look(name: str, plan: Plan, options: Options) -> list[str]:
    """
    What the preflight of a table finds now: can it be done, and what is at stake? Nothing is changed, nothing recorded.
    Raises what its rows raise.
    """
    clouds, stacks = Clouds(plan, frozenset(options.more.get("lost", ()))), LazyStacks(plan)
    results: dict[str, Result] = {}
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "look.jsonl", "look")
        try:
            context = Context(
                "look", plan, stacks.read_topology(), cast("Stacks", stacks), journal, clouds, options=options
            )
            for row in table(name, plan, options).rows:
                if row.does is Does.CHECK:
                    results[row.name] = row.step(context.for_row(row, results))
        finally:
            clouds.close()
            journal.close()
    return [result.said for result in results.values()]


def resume(
    run_id: str, *, plan: Plan | None = None, observer: Observer | None = None, approved_by: tuple[str, ...] = ()
) -> RunOutcome:
    """
    Go on with a run where it stopped, in this environment. Who agreed when it began is judged anew; `approved_by` are
    those who agree now.

    Raises Locked, BadInput, Refused, ApprovalMissing.
    """
    from model import load_plan  # noqa: PLC0415

    record = run_records.load(run_id)
    if record.environment != run_records.environment():
        raise Refused(
            f"the run {run_id} was begun elsewhere ({record.environment or 'a real cloud'})", "enter that first"
        )
    plan = plan or load_plan(record.plan)
    with run_lock(plan.system, f"dr resume {run_id}"):
        shared.pull()  # another machine may have gone on with it meanwhile
        record = run_records.load(run_id)
        options = agreed_anew(record, plan, approved_by)
        return _execute(
            record.runbook,
            plan,
            options,
            topology=record.topology_before(),
            run_id=run_id,
            plan_path=record.plan,
            observer=observer,
        )


def _execute(
    name: str,
    plan: Plan,
    options: Options,
    *,
    topology: Topology,
    run_id: str,
    plan_path: str,
    observer: Observer | None = None,
    prepared: Clouds | None = None,
) -> RunOutcome:
    from scripts.runs.durable import run_durably  # noqa: PLC0415 (half a second of import, loaded beside the lock)

    journal = Journal.of(run_id)
    clouds = prepared or Clouds(plan, frozenset(options.more.get("lost", ())))
    try:
        for moment in MOMENTS:
            if at := options.more.get(f"{moment}_at"):
                journal.mark(moment, at=datetime.fromisoformat(str(at)))
        stacks = cast("Stacks", LazyStacks(plan, journal))
        context = Context(
            run=run_id,
            plan=plan,
            topology=topology,
            stacks=stacks,
            journal=journal,
            clouds=clouds,
            options=options,
            plan_path=plan_path,
        )
        runbook = table(name, plan, options)
        telling = _telling(runbook, context, observer)
        try:
            outcome = run_durably(runbook, context, telling or observer)
        finally:
            if telling is not None and telling.lasting is not None:
                telling.lasting.end()
        if telling is not None:
            telling.over(name, outcome)
        if outcome.error is not None:
            if _nothing_changed(runbook, outcome):
                run_records.update(run_id, status="refused")  # not a run that has to be finished
            elif outcome.error.ends_run_as:  # the same: nothing is left to go on with
                run_records.update(run_id, status=outcome.error.ends_run_as)
            else:
                or_else = _or_reopen(name, topology) if _is_closed(runbook, outcome) else ""
                _say_how_to_go_on(outcome.error, run_id, or_else)
        measures = measure(plan, list(read(journal.path, live=True)), str(options.more.get("disaster") or ""))
        return replace(outcome, measures=measures.to_json())
    finally:
        anchor(plan, clouds, run_id, journal.last, journal.hash)
        if prepared is None:
            clouds.close()
        journal.close()


def _is_closed(runbook: Runbook, outcome: RunOutcome) -> bool:
    """The old site was stopped, and no other one opened."""
    return not any(runbook.row(name).does is Does.OPEN for name in outcome.results)


def _or_reopen(name: str, before: Topology) -> str:
    """The other way out of a move that broke off; empty where there is none."""
    old = before.active_site
    return f", or open {old} again with `dr failover --to {old}`" if name in MOVES else ""


def _say_how_to_go_on(error: DrError, run_id: str, or_else: str) -> None:
    if error.hint == error.default_hint:
        error.hint = f"look at `dr status`, then go on with `dr resume {run_id}`{or_else}"
    elif run_id not in error.hint:
        error.hint += f"; then go on with `dr resume {run_id}`{or_else}"


def _telling(runbook: Runbook, context: Context, observer: Observer | None) -> Telling | None:
    """
    People are told of everything that moves a service or brings it back; nobody is there yet when one is opened. More
    of them, the longer it is away: from the fault where it is known, else from the beginning of the run; in a planned
    switch from when the old site is stopped.
    """
    disaster, planned = str(context.options.more.get("disaster") or ""), bool(context.options.more.get("planned"))
    if not disaster and not any(row.does is Does.DECLARE for row in runbook.rows):
        return None
    facts = {
        "to": context.options.to,
        "from_site": context.topology.active_site,
        "disaster": "planned switch" if planned or not disaster else disaster,
        "run": context.run,
    }
    notifier = Notifier(context.plan, context.journal)
    entries = list(read(context.journal.path, live=True))
    at = moments(entries)
    if "service_back" in at:
        return Telling(notifier, facts, observer)
    since = at.get("stopped") if planned else at.get("fault") or at.get("detected") or at.get("declared")
    escalation = Escalation(notifier, "escalated", facts, since, told_up_to(entries))
    return Telling(notifier, facts, observer, escalation, Does.STOP_WRITES if planned and since is None else None)


def _nothing_changed(runbook: Runbook, outcome: RunOutcome) -> bool:
    """Every row that was done only looks or speaks. A row that refused did not act."""
    done = {name for name in outcome.results if runbook.row(name).does not in CHANGES_NOTHING}
    if done or isinstance(outcome.error, Refused):
        return not done
    stopped_in = next(wave for wave in runbook.waves() if any(row.name not in outcome.results for row in wave))
    return all(row.does in CHANGES_NOTHING for row in stopped_in)


def _load_durable() -> None:
    import scripts.runs.durable  # noqa: F401, PLC0415 (only to have it loaded)


def preview_rows(name: str, plan: Plan, options: Options) -> list[dict[str, Any]]:
    """What a dry run shows: the rows in order, with what undoes them."""
    return [
        {
            "phase": row.phase,
            "name": row.name,
            "sentence": row.sentence,
            "side_by_side": row.wave,
            "point_of_no_return": row.point_of_no_return,
            "undo": row.undo or f"none: {row.why_no_undo}",
        }
        for row in table(name, plan, options).rows
    ]
