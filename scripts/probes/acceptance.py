"""Asks what the user of a plan wants to see true, and says of each check whether it is."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import jmespath
from jmespath.exceptions import JMESPathError

from model.acceptance import CommandCheck, HttpCheck, SqlCheck
from model.durations import format_duration
from scripts.clouds.protocol import ServiceFeature, need
from scripts.core.commands import run_bounded
from scripts.core.errors import DrError
from scripts.core.home import project_dir
from scripts.core.redaction import redact
from scripts.engines.protocol import QueryRefused
from scripts.probes.web import door_of, get

if TYPE_CHECKING:
    from model import Plan
    from model.acceptance import Check
    from scripts.clouds.access import Clouds
    from scripts.engines.protocol import Engine
    from scripts.engines.seen import Answer

PASSED_ON = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR")
SYNTAX_ERROR = "42601"
AHEAD = timedelta(minutes=1)
"""How far in the future a time may lie: clocks differ. One further ahead would never be too old."""


@dataclass(frozen=True)
class Place:
    """
    What is asked: a site with these incarnations of its stores. `is_served`: the record leads there, so that requests
    go the way of the clients; else they go to the site's own front door.
    """

    site: str
    incarnations: Mapping[str, int]
    is_served: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of one check."""

    name: str
    kind: str
    passed: bool
    said: str
    seconds: float
    may_stop: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.said}"


def ask_all(plan: Plan, clouds: Clouds, checks: Iterable[Check], place: Place) -> list[Outcome]:
    """Each of them, one after the other; one that cannot be asked has failed, and says why. Raises nothing of ours."""
    return [_outcome(check, partial(_ask, plan, clouds, check, place)) for check in checks]


def ask_sql(engine: Engine, check: SqlCheck) -> Outcome:
    """The same of one store, whichever it is."""
    return _outcome(check, partial(_sql, engine, check))


def _outcome(check: Check, ask: Callable[[], tuple[bool, str]]) -> Outcome:
    began = time.monotonic()
    try:
        wrong, said = ask()
    except DrError as error:
        wrong, said = True, str(error)
    spent = time.monotonic() - began
    return Outcome(check.name, check.kind, not wrong, redact(said), spent, check.may_stop)


def _ask(plan: Plan, clouds: Clouds, check: Check, place: Place) -> tuple[bool, str]:
    """Whether something is wrong, and what was seen."""
    match check:
        case SqlCheck():
            return _sql(clouds.engine(place.site, check.store, place.incarnations[check.store]), check)
        case HttpCheck():
            return _http(plan, clouds, check, place)
        case CommandCheck():
            return _command(plan, clouds, check, place)


# sql


def _sql(engine: Engine, check: SqlCheck) -> tuple[bool, str]:
    try:
        reply = engine.ask(check.query, seconds=check.timeout.total_seconds())
    except QueryRefused as refused:
        hint = ": a check is one SELECT" if refused.sqlstate == SYNTAX_ERROR else ""
        return True, f"refused in its read-only transaction{hint}: {refused}"
    return judged(check, reply)


def judged(check: SqlCheck, reply: Answer) -> tuple[bool, str]:
    """Whether an answer is not what the check expects, and what was seen."""
    if check.rows is not None:
        return not check.rows.holds(reply.rows), f"{reply.rows} rows, expected {check.rows}"
    if check.count is not None:
        number = reply.value
        if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
            return True, f"its answer is {_kind(number)}, expected a number {check.count}"
        return not check.count.holds(float(number)), f"{number}, expected {check.count}"
    return _age(check, reply)


def _age(check: SqlCheck, reply: Answer) -> tuple[bool, str]:
    """A time without a zone is taken for one in UTC; an interval is an age already."""
    allowed, found = check.age or timedelta(0), reply.value
    if isinstance(found, datetime):
        age = reply.clock - (found if found.tzinfo else found.replace(tzinfo=UTC))
    elif isinstance(found, timedelta):
        age = found
    else:
        return True, f"its answer is {_kind(found)}, expected a time"
    if age < -AHEAD:
        return True, f"its time lies {-age.total_seconds():.0f} s in the future"
    seen = max(age.total_seconds(), 0.0)
    return age > allowed, f"{seen:.1f} s old, expected at most {format_duration(allowed)}"


def _kind(value: object) -> str:
    """What it is, not what it holds: that may be personal."""
    return "nothing" if value is None else f"of type {type(value).__name__}"


# http


def _http(plan: Plan, clouds: Clouds, check: HttpCheck, place: Place) -> tuple[bool, str]:
    door = door_of(plan, "" if place.is_served else clouds.at(place.site).front_door())
    began = time.monotonic()
    answer = get(door, check.path, seconds=check.timeout.total_seconds())
    took = time.monotonic() - began
    wrong = []
    if answer.status != check.status:
        wrong.append(f"status {answer.status}, expected {check.status}")
    for expression, expected in check.body.items():
        if reason := why_not_in(answer.body, expression, expected):
            wrong.append(reason)
    if check.latency is not None and took > check.latency.total_seconds():
        wrong.append(f"{took * 1000:.0f} ms, expected at most {format_duration(check.latency)}")
    return bool(wrong), "; ".join(wrong) or f"status {answer.status} in {took * 1000:.0f} ms"


def why_not_in(body: Any, expression: str, expected: object) -> str | None:
    """Why an answer does not hold at this JMESPath expression what is expected there; None when it does."""
    if body is None:
        return f"{expression}: the answer is no JSON"
    try:
        found = jmespath.search(expression, body)
    except JMESPathError as error:
        return f"{expression}: {str(error).partition(chr(10))[0]}"
    if found == expected and isinstance(found, bool) == isinstance(expected, bool):
        return None
    shown = found if isinstance(found, str | int | float | None) else type(found).__name__
    return f"{expression} is {str(shown)[:80]}, expected {expected}"


# command


def _command(plan: Plan, clouds: Clouds, check: CommandCheck, place: Place) -> tuple[bool, str]:
    seconds = check.timeout.total_seconds()
    if check.service is None:
        told = environment(plan, check, place, os.environ)
        ran = run_bounded(check.command, seconds=seconds, environment=told, folder=project_dir())
    else:
        service = clouds.at(place.site).service(check.service)
        need(check.service, "run a command once", able=ServiceFeature.RUN_ONCE in service.features)
        ran = service.run_once(f"dr-check-{secrets.token_hex(6)}", check.command, seconds)
    reason = ran.why_not_done(seconds)
    return reason is not None, reason or "it ended with 0"


def environment(plan: Plan, check: CommandCheck, place: Place, ours: Mapping[str, str]) -> dict[str, str]:
    """What a command is told; no credential of ours is passed on unless the plan names its variable."""
    told = {name: ours[name] for name in (*PASSED_ON, *check.environment) if name in ours}
    return {**told, "DR_SYSTEM": plan.system, "DR_SITE": place.site, "DR_URL": door_of(plan).url("")}
