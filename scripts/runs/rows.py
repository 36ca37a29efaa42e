"""Executes one row of a runbook: attempts, the journal, and errors that can be stored."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_any,
    stop_when_event_set,
    wait_exponential,
)

from scripts.clouds.registry import LIBRARIES
from scripts.core.errors import ApprovalMissing, BadInput, CloudFailed, DatabaseFailed, DrError, Refused, is_bad_plan
from scripts.core.moments import now
from scripts.core.redaction import redact
from scripts.runs.runbook import Context, Does, Result, Row

# Another try cannot help: the operator has to do something first.
_FINAL = (BadInput, Refused, ApprovalMissing)


@dataclass(frozen=True)
class RowEvent:
    """For whoever watches: a row began, ended, failed or was left out. `at` is the moment."""

    row: Row
    what: Literal["begun", "done", "already", "skipped", "failed"]
    at: datetime
    said: str = ""
    seconds: float | None = None


Observer = Callable[[RowEvent], None]


def execute(row: Row, context: Context, stop: threading.Event, observer: Observer | None = None) -> Result:
    """
    Act, and journal what came of it. The result's evidence is plain JSON, as it will be after a restart.

    Raises DrError, whatever the step raised. Between two attempts `stop` ends the row early.
    """
    started = now()
    _tell(observer, RowEvent(row, "begun", started))
    attempts = Retrying(
        stop=stop_any(stop_after_attempt(row.attempts), stop_when_event_set(stop)),
        wait=wait_exponential(multiplier=row.backoff.total_seconds(), min=row.backoff.total_seconds(), max=30),
        sleep=sleep_using_event(stop),
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and not isinstance(error, _FINAL)),
        before_sleep=lambda state: context.journal.note(
            "retry",
            f"{row.sentence}: attempt {state.attempt_number} of {row.attempts} failed, again",
            row=row.name,
            error=str(storable(state.outcome.exception() if state.outcome else None)),
        ),
        reraise=True,
    )
    try:
        result = attempts(row.step, context)
    except Exception as error:
        failure = storable(error)
        ended = now()
        evidence = {"error": failure.message, "hint": failure.hint, "kind": type(failure).__name__}
        if row.does is Does.MEASURE:
            return _unknown(row, context, evidence, started=started, observer=observer)
        _journal(row, context, failure.message, "failed", started=started, ended=ended, evidence=evidence)
        _tell(observer, RowEvent(row, "failed", ended, failure.message, (ended - started).total_seconds()))
        raise failure from error
    ended = now()
    result = result.stored()
    _journal(row, context, result.said, result.status, started=started, ended=ended, evidence=result.evidence)
    _tell(observer, RowEvent(row, result.status, ended, result.said, (ended - started).total_seconds()))
    return result


def _unknown(
    row: Row, context: Context, evidence: dict[str, str], *, started: datetime, observer: Observer | None
) -> Result:  # fmt: skip
    """A measure that could not be taken. The service is back: that ends no run which still has to tidy up."""
    ended = now()
    result = Result("skipped", f"unknown: {evidence['error']}", {"unknown": evidence}).stored()
    _journal(row, context, result.said, result.status, started=started, ended=ended, evidence=result.evidence)
    _tell(observer, RowEvent(row, "skipped", ended, result.said, (ended - started).total_seconds()))
    return result


def _journal(
    row: Row, context: Context, said: str, status: str, *, started: datetime, ended: datetime, evidence: object
) -> None:
    context.journal.write(
        "step",
        row.name,
        said,
        phase=row.phase,
        status=status,
        started=started,
        ended=ended,
        evidence={
            "row": row.sentence,
            "does": row.does,
            "subject": row.subject,
            "point_of_no_return": row.point_of_no_return,
            "undo": row.undo or f"none: {row.why_no_undo}",
            "found": evidence,
        },
    )


def _tell(observer: Observer | None, event: RowEvent) -> None:
    if observer is not None:
        observer(event)


def storable(error: BaseException | None) -> DrError:
    """`error` as one of ours, so that it can be stored, shown in two lines, and mapped to an exit code."""
    if isinstance(error, DrError):
        return error
    origin = type(error).__module__.partition(".")[0]
    text = str(error).strip().partition("\n")[0]
    kind: type[DrError] = DrError
    if is_bad_plan(error):
        kind = BadInput
    elif origin in ("psycopg", "psycopg_pool"):
        kind = DatabaseFailed
    elif origin in LIBRARIES:
        kind = CloudFailed
    message = text if kind is BadInput else f"{type(error).__name__}: {text}" if text else type(error).__name__
    found = kind(message, getattr(error, "hint", "") or "")
    found.add_note(redact("".join(traceback.format_exception(error))))
    return found
