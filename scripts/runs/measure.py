"""
What a run achieved against what the plan promises, reckoned from its journal alone.

RTO parts, from the marks in the journal (each the first of its name):
    detection   fault -> detected           decision    detected -> declared (or the beginning of the run)
    failover    declared -> service_back    validation  service_back -> verified
RTO is the time from the fault until the service is verified; without a known fault, from the declaration. A planned
switch has no fault: it counts from when the old site is stopped, and promises that nothing is lost.
RPO is the span of the acknowledged writes that were lost, as the workload's ledger says (measure `loss`). Where nobody
counted, it is at most what the run said to be at stake before it moved anything (`data_at_stake_seconds`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model.judgement import tier_limit
from scripts.runs.journal import Entry
from scripts.runs.runbook import Does

if TYPE_CHECKING:
    from model import Plan
    from model.objectives import Objective as Promise

PARTS = (
    ("detection", "fault", "detected"),
    ("decision", "detected", "declared"),
    ("failover", "declared", "service_back"),
    ("validation", "service_back", "verified"),
)


@dataclass(frozen=True)
class Objective:
    """
    One promise and what was measured, in seconds; `at_most`: the truth may be less. `met` is None when nothing was
    measured.
    """

    name: str
    target: float | None
    measured: float | None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.target is None or self.measured is None:
            return None
        return self.measured <= self.target


@dataclass(frozen=True)
class Measures:
    """
    What one run measured. `parts` are those of the RTO, in seconds; `loss` is the workload's verdict, as journalled,
    and `rpo_seconds` its span; `at_stake_seconds` is what the run reckoned that it may cost at most.
    """

    disaster: str
    parts: Mapping[str, float | None]
    rto_seconds: float | None
    rpo_seconds: float | None
    at_stake_seconds: float | None
    loss: Mapping[str, Any] | None
    outage_seconds: float | None
    objectives: tuple[Objective, ...]

    @property
    def objectives_met(self) -> bool | None:
        """False when any objective was missed, None when none could be measured."""
        verdicts = [objective.met for objective in self.objectives]
        if False in verdicts:
            return False
        return True if True in verdicts else None

    def to_json(self) -> dict[str, Any]:
        return {
            "disaster": self.disaster,
            "parts": dict(self.parts),
            "rto_seconds": self.rto_seconds,
            "rpo_seconds": self.rpo_seconds,
            "at_stake_seconds": self.at_stake_seconds,
            "loss": None if self.loss is None else dict(self.loss),
            "outage_seconds": self.outage_seconds,
            "objectives": [
                {"name": it.name, "target": it.target, "measured": it.measured, "at_most": it.at_most, "met": it.met}
                for it in self.objectives
            ],
            "objectives_met": self.objectives_met,
        }


def moments(entries: Iterable[Entry]) -> dict[str, datetime]:
    """The first moment of each mark; `declared` also from the decision to declare, else the beginning of the run."""
    found: dict[str, datetime] = {}
    begun: datetime | None = None
    for entry in entries:
        if entry.kind == "measure" and entry.started is not None:
            found.setdefault(entry.name, entry.started)
        elif entry.kind == "decision" and entry.name == "declare":
            found.setdefault("declared", entry.at)
        elif entry.kind == "run" and begun is None:
            begun = entry.at
    if begun is not None:
        found.setdefault("declared", begun)
    if _is_planned(found):
        found["declared"] = found["stopped"]
    return found


def _is_planned(at: Mapping[str, datetime]) -> bool:
    return "stopped" in at and "fault" not in at


def measure(plan: Plan, entries: Iterable[Entry], disaster: str = "") -> Measures:
    """`disaster` as the plan names it; without it, the one that was declared in the journal."""
    entries = list(entries)
    at = moments(entries)
    disaster = disaster or _declared(entries)
    parts = {name: _between(at, start, end) for name, start, end in PARTS}
    first = "fault" if "fault" in at else "declared"
    rto = _between(at, first, "verified")
    loss = _last_evidence(entries, "loss")
    rpo = None
    if loss is not None:
        rpo = float(loss.get("span_seconds") or 0.0) if loss.get("lost") or loss.get("unknown") else 0.0
    outage = _last_evidence(entries, "outage")
    at_stake = _at_stake(entries)
    promises = [each for each in plan.objectives if each.disaster == disaster and each.component is None]
    if _is_planned(at):
        promises, allowed = [], [("planned switch", 0.0)]
    else:
        allowed = [(_words(each), each.rpo.total_seconds()) for each in promises]
    objectives = [Objective(f"RTO, {_words(each)}", each.rto.total_seconds(), rto) for each in promises]
    counted = rpo is not None
    for what, target in allowed:
        objectives.append(Objective(f"RPO, {what}", target, rpo if counted else at_stake, at_most=not counted))
    return Measures(
        disaster,
        parts,
        rto,
        rpo,
        at_stake,
        loss,
        None if outage is None else float(outage["seconds"]),
        (*objectives, *_downtimes(plan, promises[0] if promises else None, entries, at)),
    )


def _words(promise: Promise) -> str:
    return promise.disaster.replace("_", " ")


def _downtimes(
    plan: Plan, promise: Promise | None, entries: list[Entry], at: Mapping[str, datetime]
) -> Iterable[Objective]:
    """Judge the tiers that bind in this disaster, as the forecast does."""
    start = at.get("fault", at.get("declared"))
    back = tiers_back(plan, entries)
    for tier in sorted(entry.tier for entry in plan.tiers):
        limit = tier_limit(plan, promise, tier)
        if limit is None:
            continue
        measured = (back[tier] - start).total_seconds() if start is not None and tier in back else None
        yield Objective(f"downtime, tier {tier}", limit.total_seconds(), measured)


def _at_stake(entries: Iterable[Entry]) -> float | None:
    """What the last step that reckoned it said."""
    found = [
        entry.evidence["found"].get("data_at_stake_seconds")
        for entry in entries
        if entry.kind == "step" and isinstance(entry.evidence.get("found"), Mapping)
    ]
    said = [float(each) for each in found if isinstance(each, int | float)]
    return max(said[-1], 0.0) if said else None


def tiers_back(plan: Plan, entries: Iterable[Entry]) -> dict[int, datetime]:
    """
    When the last service of each tier was up: never before the service as a whole was back. A run that starts none, as
    the services ran on without their database, says so for all of them at once.
    """
    entries = list(entries)
    ends = {
        str(entry.evidence.get("subject")): entry.ended
        for entry in entries
        if entry.kind == "step"
        and entry.evidence.get("does") == Does.START_SERVICE
        and entry.status in {"done", "already"}
    }
    at = moments(entries)
    back, verified = at.get("service_back"), at.get("verified")
    found: dict[int, datetime] = {}
    if not ends and back is not None and verified is not None:
        return {entry.tier: verified for entry in plan.tiers}
    for tier in {entry.tier for entry in plan.tiers}:
        services = [service.name for service in plan.services if plan.effective_tier(service.name) == tier]
        moments_of = [ends.get(name) for name in services]
        if services and back is not None and all(moments_of):
            found[tier] = max([back, *(moment for moment in moments_of if moment is not None)])
    return found


def _between(at: Mapping[str, datetime], start: str, end: str) -> float | None:
    if start not in at or end not in at:
        return None
    return max(0.0, (at[end] - at[start]).total_seconds())


def _declared(entries: Iterable[Entry]) -> str:
    for entry in entries:
        if entry.kind in {"decision", "run", "measure"} and isinstance(entry.evidence.get("disaster"), str):
            return str(entry.evidence["disaster"])
    return ""


def _last_evidence(entries: Iterable[Entry], name: str) -> Mapping[str, Any] | None:
    found = None
    for entry in entries:
        if entry.kind == "measure" and entry.name == name:
            found = entry.evidence
    return found
