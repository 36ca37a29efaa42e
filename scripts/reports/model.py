"""
A report as data, from journals alone: what happened, what it achieved against what was promised, and what proves it.

A failback's journal names its parts in notes called `part` (see `scripts.runs.parts`).
A drill's journal names the runs it consisted of in notes called `scenario` (evidence: `scenario`, `title`, `runs`, and
what was measured: `disaster`, `loss`, `outage_seconds`, `fault_at`, `ok`), and its checks in entries of kind `probe`
(status passed or failed; evidence `negative_control` for those that had to fail somewhere).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model import PlanError, Topology, TopologyError, load_plan, role_of
from scripts.core.errors import BadInput
from scripts.runs import journal, run_records
from scripts.runs.journal import Entry
from scripts.runs.measure import Measures, measure, moments
from scripts.runs.parts import NOTE, whole_of

if TYPE_CHECKING:
    from model import Plan


@dataclass(frozen=True)
class DrawnSite:
    """One site in a drawing of the topology. `follows` names the site that its database follows."""

    name: str
    region: str
    role: str
    holds: str
    follows: str | None


@dataclass(frozen=True)
class RunReport:
    """One run. `before` and `after` are empty where the plan or the topology is not known."""

    run: str
    runbook: str
    system: str
    status: str
    said: str
    environment: str
    begun: datetime
    ended: datetime
    entries: tuple[Entry, ...]
    hash: str
    complete: bool
    measures: Measures | None
    before: tuple[DrawnSite, ...] = ()
    after: tuple[DrawnSite, ...] = ()
    epochs: tuple[int | None, int | None] = (None, None)

    @property
    def seconds(self) -> float:
        return (self.ended - self.begun).total_seconds()

    def of_kind(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind in kinds]

    @property
    def steps(self) -> list[Entry]:
        return self.of_kind("step")

    @property
    def engine_calls(self) -> list[Entry]:
        """Each call of the Pulumi engine once, when it ended, or when it began if it never ended."""
        calls = [entry for entry in self.entries if entry.name == "engine"]
        ended = {(call.evidence.get("stack"), call.started) for call in calls if call.status != "begun"}
        return [
            call for call in calls if call.status != "begun" or (call.evidence.get("stack"), call.started) not in ended
        ]

    @property
    def notes(self) -> list[Entry]:
        return [entry for entry in self.of_kind("note", "decision", "probe") if entry.name != "engine"]

    @property
    def marks(self) -> dict[str, datetime]:
        return moments(self.entries)


@dataclass(frozen=True)
class Scenario:
    """One part of a drill: the runs it consisted of, and what the drill measured from outside."""

    name: str
    title: str
    ok: bool | None
    runs: tuple[RunReport, ...]
    measures: Measures | None
    missing: tuple[str, ...] = ()  # runs whose journal is not there: nothing proves what they did
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What is reported of a drill, or of a run (`scenarios` is empty)."""

    main: RunReport
    scenarios: tuple[Scenario, ...] = ()

    @property
    def checks(self) -> list[Entry]:
        """What the drill looked at besides the objectives, negative controls among them."""
        return self.main.of_kind("probe") if self.scenarios else []

    @property
    def verdict(self) -> str:
        """`met`, `missed`, `failed`, `not measured`, or `unfinished`."""
        parts = [self.main, *(run for scenario in self.scenarios for run in scenario.runs)]
        if any(run.status in {"failed", "unknown", "interrupted"} for run in parts):
            return "failed"
        if any(scenario.ok is False or scenario.missing for scenario in self.scenarios) or any(
            it.status == "failed" for it in self.checks
        ):
            return "failed"
        if not self.main.complete:
            return "unfinished"
        found = [self.main.measures, *(scenario.measures for scenario in self.scenarios)]
        verdicts = [measures.objectives_met for measures in found if measures is not None]
        if False in verdicts:
            return "missed"
        return "met" if True in verdicts else "not measured"


def load(run: str | None) -> Report:
    """The report of a run (the newest without a name). Raises BadInput for a journal that cannot be trusted."""
    path = journal.find(run)
    main = of_journal(path if run else journal.path_of(whole_of(path.stem)))
    made_of = [entry for entry in main.entries if entry.kind == "note" and entry.name in {"scenario", NOTE}]
    scenarios = [_scenario(main, entry) for entry in made_of if entry.name != NOTE or _was_begun(entry)]
    return Report(main, tuple(scenarios))


def of_journal(path: Path) -> RunReport:
    entries = tuple(journal.read(path, live=True))
    if not entries:
        raise BadInput(f"{path}: line 1: empty", "the run never began")
    first = next((entry for entry in entries if entry.kind == "run"), entries[0])
    last = entries[-1]
    plan = _plan(path.stem, first)
    before = _topology(first.evidence.get("topology"))
    after = _topology(_last_topology(entries)) or before
    status, said = _status(entries)
    return RunReport(
        run=path.stem,
        runbook=first.name,
        system=str(first.evidence.get("system") or (plan.system if plan else "")),
        status=status,
        said=said,
        environment=str(first.evidence.get("environment") or "unknown"),
        begun=entries[0].at,
        ended=last.at,
        entries=entries,
        hash=last.hash,
        complete=any(entry.kind == "end" for entry in entries),
        measures=measure(plan, entries) if plan else None,
        before=_sites(plan, before),
        after=_sites(plan, after),
        epochs=(before.epoch if before else None, after.epoch if after else None),
    )


def _was_begun(part: Entry) -> bool:
    """A part that was refused, or had nothing to do, never became a run."""
    return any(run_records.exists(str(run)) or journal.path_of(str(run)).exists() for run in part.evidence["runs"])


def _scenario(main: RunReport, entry: Entry) -> Scenario:
    evidence = dict(entry.evidence)
    runs = []
    missing = []
    for name in filter(None, evidence.get("runs") or ()):  # without a name: there was nothing to do
        path = journal.path_of(str(name))
        if path.exists():
            runs.append(of_journal(path))
        else:
            missing.append(str(name))
    plan = _plan(main.run, next((it for it in main.entries if it.kind == "run"), entry))
    measures = measure(plan, _merged(entry, runs), str(evidence.get("disaster") or "")) if plan else None
    ok = evidence.get("ok")
    return Scenario(
        name=str(evidence.get("scenario") or entry.name),
        title=str(evidence.get("title") or entry.sentence),
        ok=ok if isinstance(ok, bool) else None,
        runs=tuple(runs),
        measures=measures,
        missing=tuple(missing),
        evidence=evidence,
    )


def _merged(entry: Entry, runs: Iterable[RunReport]) -> list[Entry]:
    """The entries of the run that brought the service back, with what the drill measured from outside as measures."""
    runs = list(runs)
    back = (run for run in runs if any(it.kind == "measure" and it.name == "service_back" for it in run.entries))
    chosen = next(back, runs[0] if runs else None)
    entries = list(chosen.entries) if chosen else []
    evidence = entry.evidence
    made: list[Entry] = []
    last: list[Entry] = []
    for name in ("fault", "detected"):
        if isinstance(evidence.get(f"{name}_at"), str):
            at = datetime.fromisoformat(evidence[f"{name}_at"])
            made.append(_measure(entry, name, at, {}))
    if isinstance(evidence.get("loss"), Mapping):
        last.append(_measure(entry, "loss", entry.at, evidence["loss"]))
    if evidence.get("outage_seconds") is not None:
        last.append(_measure(entry, "outage", entry.at, {"seconds": evidence["outage_seconds"]}))
    return [*made, *entries, *last]


def _measure(entry: Entry, name: str, at: datetime, evidence: Mapping[str, Any]) -> Entry:
    return Entry(**{**vars(entry), "kind": "measure", "name": name, "started": at, "ended": at, "evidence": evidence})


def _plan(run: str, first: Entry) -> Plan | None:
    name = str(first.evidence.get("plan") or first.evidence.get("system") or "")
    if journal.RUN_ID.fullmatch(run) and run_records.exists(run):
        name = run_records.load(run).plan
    try:
        return load_plan(name) if name else None
    except PlanError:
        return None


def _topology(data: Any) -> Topology | None:
    try:
        return Topology.from_config(data) if isinstance(data, Mapping) else None
    except TopologyError:
        return None


def _last_topology(entries: Iterable[Entry]) -> Any:
    found = None
    for entry in entries:
        if entry.kind == "step":
            seen = entry.evidence.get("found")
            if isinstance(seen, Mapping) and isinstance(seen.get("topology"), Mapping):
                found = seen["topology"]
    return found


def _status(entries: Iterable[Entry]) -> tuple[str, str]:
    status, said = "running", ""
    for entry in entries:
        if entry.kind == "end":
            status, said = entry.status, entry.sentence
        elif entry.kind == "run":
            status, said = "running", ""
    return status, said


def _sites(plan: Plan | None, topology: Topology | None) -> tuple[DrawnSite, ...]:
    if plan is None or topology is None:
        return ()
    found = []
    for site in plan.sites:
        held = topology.stores.get(site.name, {}).values()
        role = role_of(plan, topology, site.name)
        follows = next((each.source for each in held if each.source is not None), None)
        # What a fenced copy once followed is over: an arrow would say otherwise.
        found.append(
            DrawnSite(site.name, site.region, role, topology.inventory(site.name), follows if role == "warm" else None)
        )
    return tuple(found)
