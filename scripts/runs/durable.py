"""
Runs a runbook so that it can be killed at any moment and finished later. The only importer of DBOS.

A run is a DBOS workflow named by the run's id, each row a step of it: what a row found is stored when it ends, and a
program that is started again takes up at the rows that have no stored result. A row that was cut off in the middle is
executed again: steps are idempotent. A run that ended without being done (a row failed, Ctrl-C) is taken up as a
further attempt, a workflow of its own that is given what the earlier ones found.

The store is a SQLite file in DR_HOME, or the PostgreSQL that DR_DATABASE_URL names.
"""

from __future__ import annotations

import contextvars
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import sqlalchemy

# Set before DBOS is imported: it would look for its cloud, and log to the terminal.
os.environ.setdefault("DBOS__CLOUD", "false")
from dbos import DBOS, DBOSConfig, SetWorkflowID

from scripts.core.errors import DrError, Interrupted, OutcomeUnknown
from scripts.core.home import folder
from scripts.core.redaction import redact
from scripts.runs import run_records
from scripts.runs.rows import Observer, execute, storable
from scripts.runs.runbook import Context, Result, Row, Runbook, RunOutcome
from scripts.runs.stored import Ended, JsonStore, NotReached

# Part of what DBOS takes for the version of the application. It goes up when stored results can no longer be read.
STORE_VERSION = "2"


# From Python 3.12 on DBOS takes for granted that SQLite knows unixepoch('subsec'), which came with its version 3.42.
if sqlite3.sqlite_version_info < (3, 42):  # Python may be newer than its SQLite, as on Debian 12

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
    def _complete(connection: Any, _record: Any) -> None:
        if hasattr(connection, "create_function"):
            connection.create_function("unixepoch", 1, lambda _modifier: int(time.time()))


@dataclass
class _Live:
    """What a workflow of this process needs and cannot store."""

    runbook: Runbook
    context: Context
    observer: Observer | None
    stop: threading.Event = field(default_factory=threading.Event)


_LIVE: dict[str, _Live] = {}


@DBOS.workflow(name="dr.run", max_recovery_attempts=10_000)
def _workflow(run: str, earlier: dict[str, Result]) -> Ended:
    live = _LIVE[run]
    results = dict(earlier)
    for wave in live.runbook.waves():
        rows = [row for row in wave if row.name not in results]
        error = _run_wave(live, rows, results)
        if error is not None:
            return Ended(results, error)
    return Ended(results, None)


def _run_wave(live: _Live, rows: list[Row], results: dict[str, Result]) -> DrError | None:
    """Execute the rows side by side, each after those that it waits for. Returns the first error; fills `results`."""
    # Step ids are drawn here, in the table's order: which thread comes first must not matter after a restart.
    reserved = [(row, DBOS.reserve_step()) for row in rows]
    ended: dict[str, Future[Result]] = {row.name: Future() for row in rows}

    def act(row: Row) -> Result:
        for name in row.after:
            if name in ended and ended[name].exception() is not None:
                raise NotReached(f"not reached: {name} failed")
        if live.stop.is_set():
            raise NotReached("stopped by the operator")
        return execute(row, live.context.for_row(row, {**results, **_done(ended)}), live.stop, live.observer)

    def run(row: Row, step: Any) -> None:
        try:
            ended[row.name].set_result(step.run({"name": row.name}, act, row))
        except BaseException as error:  # noqa: BLE001  (it is raised again where the future is read)
            ended[row.name].set_exception(error)

    if len(reserved) == 1:
        run(*reserved[0])
    elif reserved:
        with ThreadPoolExecutor(len(reserved), thread_name_prefix="row") as pool:
            for row, step in reserved:
                pool.submit(contextvars.copy_context().run, run, row, step)
    errors = []
    for row, _ in reserved:
        error = ended[row.name].exception()
        if error is None:
            results[row.name] = ended[row.name].result()
        else:
            errors.append(storable(error))
    # What went wrong matters more than what was therefore not reached.
    return next((error for error in errors if not isinstance(error, NotReached)), errors[0] if errors else None)


def _done(ended: Mapping[str, Future[Result]]) -> dict[str, Result]:
    return {name: it.result() for name, it in ended.items() if it.done() and it.exception() is None}


def run_durably(runbook: Runbook, context: Context, observer: Observer | None = None) -> RunOutcome:
    """
    Execute `runbook` as the run `context.run`, or go on with it where it stopped. The caller holds the plan's lock.

    Never raises what a row raised: it is in the outcome. A run that is done already gives its outcome and acts no more.
    Ctrl-C once ends the run at the next row's boundary (outcome `interrupted`); twice ends the program at once.
    """
    known = run_records.exists(context.run)
    record = run_records.load(context.run) if known else run_records.of_context(context, runbook.name)
    if not known:
        run_records.save(record)
    live = _LIVE[context.run] = _Live(runbook, context, observer)
    try:
        with _launched(context.run), _ctrl_c(live.stop):
            attempt, earlier = _where_it_stands(record)
            record = run_records.update(record.run, attempt=attempt, status="running", said="")
            _begin_entry(context, runbook, record, again=known)
            ended = _attempt(record, earlier)
    finally:
        del _LIVE[context.run]
    outcome = _outcome(context.run, ended)
    said = outcome.error.message if outcome.error else ""
    run_records.update(context.run, status=outcome.status, said=said)
    sentence = "Done" if outcome.error is None else f"Ended: {said}"
    context.journal.write(
        "end", runbook.name, sentence, status=outcome.status, evidence={"exit_code": outcome.exit_code}
    )
    return outcome


def _where_it_stands(record: run_records.RunRecord) -> tuple[int, dict[str, Result]]:
    """The attempt to work on, and what earlier ones found. An attempt that was cut off, or is done, is that attempt."""
    for attempt in range(record.attempt, 0, -1):
        workflow = DBOS.get_workflow_status(_id(record.run, attempt))
        if workflow is None:
            continue
        if workflow.status in {"PENDING", "ENQUEUED"}:
            return attempt, {}
        ended: Ended = DBOS.retrieve_workflow(_id(record.run, attempt)).get_result(polling_interval_sec=0.02)
        return (attempt, {}) if ended.error is None else (attempt + 1, dict(ended.results))
    return 1, {}


def _attempt(record: run_records.RunRecord, earlier: dict[str, Result]) -> Ended:
    workflow_id = _id(record.run, record.attempt)
    handle: Any
    if DBOS.get_workflow_status(workflow_id) is None:
        with SetWorkflowID(workflow_id):
            handle = DBOS.start_workflow(_workflow, record.run, earlier)
    else:
        # Launching DBOS has already taken up what was cut off.
        handle = DBOS.retrieve_workflow(workflow_id)
    ended: Ended = handle.get_result(polling_interval_sec=0.02)
    return ended


def _id(run: str, attempt: int) -> str:
    return run if attempt == 1 else f"{run}.{attempt}"


def _begin_entry(context: Context, runbook: Runbook, record: run_records.RunRecord, *, again: bool) -> None:
    context.journal.write(
        "run",
        runbook.name,
        f"{'Go on with' if again else 'Begin'} the {runbook.name} of {record.system}",
        status="resumed" if again else "begun",
        evidence={
            "system": record.system,
            "options": record.options,
            "plan": record.plan,
            "by": list(context.options.approved_by),
            "topology": record.topology,
            "environment": run_records.kind_of_environment(record.environment),
            "attempt": record.attempt,
            "python": sys.version.split()[0],
            "rows": [{"phase": row.phase, "name": row.name, "sentence": row.sentence} for row in runbook.rows],
        },
    )


def _outcome(run: str, ended: Ended) -> RunOutcome:
    error = ended.error
    if error is None:
        return RunOutcome(run, "done", ended.results)
    if isinstance(error, Interrupted):
        return RunOutcome(
            run,
            "interrupted",
            ended.results,
            Interrupted("stopped before it was done", f"go on with `dr resume {run}`"),
        )
    return RunOutcome(run, "unknown" if isinstance(error, OutcomeUnknown) else "failed", ended.results, error)


@contextmanager
def _launched(run: str) -> Iterator[None]:
    """
    DBOS for one run. Its executor and version hold the id of the run, so that neither another process nor a later run
    takes up a workflow whose runbook it does not have.
    """
    url = os.environ.get("DR_DATABASE_URL") or f"sqlite:///{folder('.')}/runs.sqlite"
    config: DBOSConfig = {
        "name": "dr-runs",
        "system_database_url": url,
        "executor_id": run,
        "application_version": f"{STORE_VERSION}.{run}",
        "serializer": JsonStore(),
        "enable_otlp": False,
        "log_level": "CRITICAL",
        "console_log_level": "CRITICAL",
        "notification_listener_polling_interval_sec": 0.1,  # shutting down waits for one such interval
    }
    try:
        DBOS(config=config)
        DBOS.launch()
    except Exception as error:
        DBOS.destroy()
        kind = "DR_DATABASE_URL" if os.environ.get("DR_DATABASE_URL") else url.removeprefix("sqlite:///")
        reason = redact(str(error)).partition("\n")[0]
        raise DrError(
            f"{kind}: the store of runs cannot be used: {reason}", "free some room, or set DR_HOME"
        ) from error
    try:
        yield
    finally:
        DBOS.destroy()


@contextmanager
def _ctrl_c(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C asks to stop at the next boundary, the second one means it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            # Not an exception: it would wait for the row that is at work, as any orderly end does.
            os.write(2, f"error: stopped in the middle of a row\nhint: {OutcomeUnknown.default_hint}\n".encode())
            os._exit(OutcomeUnknown.exit_code)
        stop.set()
        _say_above("stopping after the present row; Ctrl-C again stops at once\n")

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_above(text: str) -> None:
    """Through `sys.stderr`: a live table stands in for it there, and would write over what is sent past it."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, RuntimeError):  # the signal came in the middle of a write to the same stream
        with suppress(OSError):
            os.write(2, text.encode())
