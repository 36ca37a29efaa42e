"""
What a runbook is made of: rows of data that `durable.run_durably` executes.

A table reads like the paper it replaces:

    FAILOVER = Runbook("failover", (
        Row("fence", fence_old_writer, "Stop the old site's writes", why_no_undo="a lease only runs out"),
        Row("promote", promote_database, "Promote the replica", why_no_undo="...", point_of_no_return=True),
        *(Row("compute", start_service, f"Start {name}", subject=name, wave=f"tier {tier}", undo="scale back") ...),
    ))

Order: rows run from top to bottom. Neighbours with the same `wave` run side by side; inside a wave a row waits for the
rows that its `after` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from scripts.core.errors import BadInput, DrError
from scripts.core.redaction import redact
from scripts.runs.findings import F, Finding, family
from scripts.runs.plain import plain

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.clouds.access import Clouds
    from scripts.runs.journal import Journal
    from scripts.stacks.stacks import Stacks

Status = Literal["done", "already", "skipped"]


class Does(StrEnum):
    """What a row is for, where anything depends on it."""

    CHECK = "check"
    """Looks whether the run may go on; a dry run does it too."""
    DECLARE = "declare"
    """Says what the run is about, and starts the clock."""
    STOP_WRITES = "stop_writes"
    """Stops a writer that lives: the outage of a planned switch begins with it."""
    OPEN = "open"
    """Lets a site write: from here on it may hold rows that no other one has."""
    START_SERVICE = "start_service"
    """Brings the service that `subject` names to full strength."""
    SEE_SERVICE = "see_service"
    """Sees that the service is back: the outage is over."""
    SEE_TIERS = "see_tiers"
    """Sees that every service is back: the recovery is over."""
    LOOK = "look"
    """Only looks."""
    MEASURE = "measure"
    """Only counts, after the service is back: what goes wrong is noted as unknown, and the run goes on."""
    ACT = "act"


CHANGES_NOTHING = frozenset({Does.CHECK, Does.DECLARE, Does.SEE_SERVICE, Does.SEE_TIERS, Does.LOOK, Does.MEASURE})


@dataclass(frozen=True)
class Result:
    """
    What a step saw after it acted. `said` is one sentence for the log. `evidence` holds no secret: a finding where
    somebody goes by it, else plain data. Stored, it is plain JSON, and `kind` names the finding's class.
    """

    status: Status
    said: str
    evidence: Mapping[str, Any] | Finding = field(default_factory=dict)
    kind: str = ""

    def found(self, kind: type[F]) -> F | None:
        """The evidence as a finding of this class; None where it is another one."""
        if isinstance(self.evidence, Finding):
            return self.evidence if isinstance(self.evidence, kind) else None
        known = {each.__name__: each for each in family(kind)}
        return known[self.kind].model_validate(self.evidence) if self.kind in known else None

    def stored(self) -> Result:
        """The result as it is kept and journalled: plain JSON."""
        evidence = self.evidence
        kind = type(evidence).__name__ if isinstance(evidence, Finding) else self.kind
        return Result(self.status, redact(self.said), plain(evidence), kind)

    def to_json(self) -> dict[str, Any]:
        it = self.stored()
        return {"status": it.status, "said": it.said, "evidence": it.evidence, "kind": it.kind}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        return cls(data["status"], data["said"], data["evidence"], data["kind"])


def found_in(results: Mapping[str, Result], kind: type[F]) -> list[F]:
    """Every finding of a class, in the order of the rows."""
    return [found for result in results.values() if (found := result.found(kind)) is not None]


Step = Callable[["Context"], Result]


@dataclass(frozen=True)
class Row:
    """
    One row of a runbook.

    `undo` says how a person takes it back, `why_no_undo` why nobody can: exactly one of them. `attempts` is how often
    the step is tried in all when it raises (each step is idempotent, so a repeat is safe), `backoff` the first pause,
    doubled each time.
    `subject` tells rows with the same step apart (a service, a database); the step finds it as `context.subject`.
    """

    phase: str
    step: Step
    sentence: str
    undo: str | None = None
    why_no_undo: str | None = None
    after: tuple[str, ...] = ()
    point_of_no_return: bool = False
    does: Does = Does.ACT
    wave: str | None = None
    subject: str = ""
    attempts: int = 1
    backoff: timedelta = timedelta(milliseconds=200)

    def __post_init__(self) -> None:
        if bool(self.undo) == bool(self.why_no_undo):
            raise BadInput(f"row {self.name} needs an undo or the reason why there is none, and not both")

    @property
    def name(self) -> str:
        """Unique in its runbook: the step's name, and the subject where there is one (`start_service:payments`)."""
        return f"{self.step_name}:{self.subject}" if self.subject else self.step_name

    @property
    def step_name(self) -> str:
        """The key under which durations are recorded."""
        return str(getattr(self.step, "__name__", type(self.step).__name__))


@dataclass(frozen=True)
class Runbook:
    """An ordered table. Raises BadInput for a name used twice or an `after` that names no row of the same wave."""

    name: str
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        for name in names:
            if names.count(name) > 1:
                raise BadInput(f"runbook {self.name}: two rows are named {name}", "give each of them a `subject`")
        for group in self.waves():
            before: set[str] = set()
            for row in group:
                for earlier in row.after:
                    if earlier not in before:
                        raise BadInput(
                            f"runbook {self.name}: {row.name} is after {earlier}, which is not above it in its wave"
                        )
                before.add(row.name)

    def waves(self) -> list[tuple[Row, ...]]:
        """The rows in groups that run one group after the other; a group of several runs side by side."""
        groups: list[list[Row]] = []
        for row in self.rows:
            if groups and row.wave is not None and groups[-1][0].wave == row.wave:
                groups[-1].append(row)
            else:
                groups.append([row])
        return [tuple(group) for group in groups]

    def row(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise BadInput(f"runbook {self.name} has no row {name}")


@dataclass(frozen=True)
class Options:
    """What the operator asked for. Everything is plain data, so that a run can be continued by another process."""

    to: str = ""
    accept_data_loss: timedelta | None = None
    overrides: frozenset[str] = frozenset()
    approved_by: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "to": self.to,
            "accept_data_loss_seconds": None
            if self.accept_data_loss is None
            else self.accept_data_loss.total_seconds(),
            "overrides": sorted(self.overrides),
            "approved_by": list(self.approved_by),
            "more": dict(self.more),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Options:
        loss = data.get("accept_data_loss_seconds")
        return cls(
            to=data.get("to", ""),
            accept_data_loss=None if loss is None else timedelta(seconds=loss),
            overrides=frozenset(data.get("overrides", ())),
            approved_by=tuple(data.get("approved_by", ())),
            more=data.get("more", {}),
        )


@dataclass(frozen=True)
class Context:
    """
    What every step is given. `topology` is as it was when the run began, also after a restart of the program: a step
    that changes it writes the new one through `stacks` and never assumes that the file still holds the old one.
    `results` holds the results of the rows done so far: ask `found` and `need` for what they found. `clouds` is what
    the run reaches sites through.
    """

    run: str
    plan: Plan
    topology: Topology
    stacks: Stacks
    journal: Journal
    clouds: Clouds
    plan_path: str = ""
    options: Options = field(default_factory=Options)
    results: Mapping[str, Result] = field(default_factory=dict)
    subject: str = ""

    def found(self, kind: type[F]) -> F | None:
        """What an earlier row found: the newest finding of this class, or None."""
        found = found_in(self.results, kind)
        return found[-1] if found else None

    def need(self, kind: type[F]) -> F:
        """The same where the table promises one. Raises BadInput: without it the table is wrong."""
        found = self.found(kind)
        if found is None:
            raise BadInput(f"no row before this one has found {kind.__name__}", "this is a defect in the runbook")
        return found

    def for_row(self, row: Row, results: Mapping[str, Result]) -> Context:
        return replace(self, subject=row.subject, results=results)


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. `error` is set unless it is done; a run that is done may still have missed an objective."""

    run: str
    status: Literal["done", "failed", "interrupted", "unknown"]
    results: Mapping[str, Result]
    error: DrError | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)

    def found(self, kind: type[F]) -> list[F]:
        """What its rows found of this class, in their order."""
        return found_in(self.results, kind)

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        return 9 if self.measures.get("objectives_met") is False else 0
