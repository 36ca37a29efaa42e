"""
What a plan can reach, before it is deployed: how much it would lose and how long it would take, for each objective.

An estimate from the plan's own numbers and from step times (`step_times.py`, or recorded ones); drills measure. An
objective counts as met when the typical case meets it, and as at risk when the worst case does not.

RTO runs from the fault to the last tier's recovery: detection, decision, and the steps of the runbook along the
critical path. RPO is the bound that the plan sets: the lag at which a copy counts as too stale, or how long a backup
takes to leave and to arrive.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from .clouds import StepTime, copied_within
from .durations import format_duration
from .judgement import tier_limit
from .objectives import HARMS, Objective
from .plan import Plan
from .services import Service
from .step_times import StepTimes
from .stores.base import BaseStore, Bound, ServerStore

Method = Literal["restart", "standby", "promote", "restore", "restore_in_place", "none"]
Verdict = Literal["met", "at risk", "missed", "impossible"]


@dataclass(frozen=True)
class PathStep:
    """One step on the critical path; seconds. `starts_seconds` counts from the fault, in the typical case."""

    step: str
    starts_seconds: float
    typical_seconds: float
    worst_seconds: float
    source: str


@dataclass(frozen=True)
class TierForecast:
    """
    When the last service of a tier is back, in seconds from the fault. `target_seconds` is None where the tier's
    longest downtime does not bind: for a disaster whose own objective is longer than that of every tier.
    """

    disaster: str
    tier: int
    rto_seconds: float
    worst_rto_seconds: float
    target_seconds: float | None
    met: bool


@dataclass(frozen=True)
class ObjectiveForecast:
    """
    Seconds throughout; None where there is no way back. `because` says what bounds the loss, or why it cannot be done.
    `gap` is the reason that the plan gives for an objective that it is known not to reach; empty without one.
    """

    disaster: str
    component: str | None
    recover_at: str
    automation: str
    method: Method
    rpo_seconds: float | None
    rto_seconds: float | None
    worst_rto_seconds: float | None
    target_rpo_seconds: float
    target_rto_seconds: float
    rpo_met: bool
    rto_met: bool
    gap: str
    because: str
    path: tuple[PathStep, ...]
    tiers: tuple[TierForecast, ...]

    @property
    def met(self) -> bool:
        """Loss, time and every tier that binds."""
        return self.rpo_met and self.rto_met and all(tier.met for tier in self.tiers)

    @property
    def verdict(self) -> Verdict:
        if self.method == "none":
            return "impossible"
        if not self.met:
            return "missed"
        late = self.worst_rto_seconds is not None and self.worst_rto_seconds > self.target_rto_seconds
        late_tier = any(
            tier.target_seconds is not None and tier.worst_rto_seconds > tier.target_seconds for tier in self.tiers
        )
        return "at risk" if late or late_tier else "met"


@dataclass(frozen=True)
class Forecast:
    """`critical_path` is that of the slowest objective; each objective has its own."""

    system: str
    environment: str
    objectives: tuple[ObjectiveForecast, ...]

    @property
    def feasible(self) -> bool:
        """Whether every objective is met, but those that the plan itself says it does not reach yet."""
        return all(objective.met or objective.gap for objective in self.objectives)

    @property
    def tiers(self) -> tuple[TierForecast, ...]:
        return tuple(tier for objective in self.objectives for tier in objective.tiers)

    @property
    def critical_path(self) -> tuple[PathStep, ...]:
        slowest = max(self.objectives, key=lambda each: each.rto_seconds or 0.0)
        return slowest.path

    def shortfalls(self) -> list[str]:
        """What is out of reach and not said to be so by the plan, a line each, in the words of the plan."""
        lines: list[str] = []
        for index, each in enumerate(self.objectives):
            if each.gap:
                continue
            place = f"objectives[{index}] ({each.disaster}{f', {each.component}' if each.component else ''})"
            if each.method == "none":
                lines.append(f"{place}: {each.because}")
                continue
            if not each.rpo_met and each.rpo_seconds is not None:
                lines.append(
                    f"{place}.rpo: {span(each.target_rpo_seconds)} is asked, {span(each.rpo_seconds)} can be lost: "
                    f"{each.because}"
                )
            if not each.rto_met and each.rto_seconds is not None:
                lines.append(
                    f"{place}.rto: {span(each.target_rto_seconds)} is asked, about {span(each.rto_seconds)} is needed"
                )
            lines += [
                f"{place}: tier {tier.tier} may be down for {span(tier.target_seconds)}, "
                f"about {span(tier.rto_seconds)} is needed"
                for tier in each.tiers
                if not tier.met and tier.target_seconds is not None
            ]
        return lines


@dataclass(frozen=True)
class TableRow:
    """
    A row of a runbook as a forecast walks it. `step` is that by whose name durations are recorded, `subject` the store
    or service that it works on; `after` names rows of the same wave. `opens`: the service as a whole is back with it;
    `starts`: it brings the service `subject` to full strength.
    """

    step: str
    subject: str = ""
    after: tuple[str, ...] = ()
    opens: bool = False
    starts: bool = False

    @property
    def name(self) -> str:
        return f"{self.step}:{self.subject}" if self.subject else self.step


Waves = Sequence[Sequence[TableRow]]
Tables = Callable[["Plan", Method, Objective], Waves | None]
"""
The rows, wave after wave, of the table that would run for an objective, up to the one that sees every tier; None where
no table answers it.
"""


def forecast(plan: Plan, tables: Tables, recorded: Mapping[str, Sequence[float]] | None = None) -> Forecast:
    """`recorded`: durations in seconds that runs of each step took, by the step's name."""
    times = StepTimes(plan, recorded or {})
    found = tuple(_objective(plan, each, tables, times) for each in plan.objectives)
    return Forecast(plan.system, plan.environment, found)


def _objective(plan: Plan, objective: Objective, tables: Tables, times: StepTimes) -> ObjectiveForecast:
    stores, services = _scope(plan, objective.component)
    incarnated = [each for each in stores if isinstance(each, ServerStore)]
    method, reason = _method(plan, objective, incarnated)
    waves = None if method == "none" else tables(plan, method, objective)
    if waves is None and not reason:
        method, reason = "none", f"no runbook answers {objective.disaster.replace('_', ' ')}"
    if waves is None:
        rpo, because, timeline = None, reason, None
    else:
        rpo, because = _loss(plan, objective, method, stores)
        names = {each.name for each in (*stores, *services)}
        concerned = [[row for row in wave if not row.subject or row.subject in names] for wave in waves]
        timeline = _timeline(method, objective, concerned, services, times)
    rto = timeline.typical if timeline else None
    return ObjectiveForecast(
        disaster=objective.disaster,
        component=objective.component,
        recover_at=objective.recover_at,
        automation=objective.automation,
        method=method,
        rpo_seconds=rpo.total_seconds() if rpo is not None else None,
        rto_seconds=rto,
        worst_rto_seconds=timeline.worst if timeline else None,
        target_rpo_seconds=objective.rpo.total_seconds(),
        target_rto_seconds=objective.rto.total_seconds(),
        rpo_met=rpo is not None and rpo <= objective.rpo,
        rto_met=rto is not None and rto <= objective.rto.total_seconds(),
        gap=objective.gap.reason if objective.gap else "",
        because=because,
        path=tuple(timeline.path) if timeline else (),
        tiers=_tiers(plan, objective, timeline) if timeline and objective.component is None else (),
    )


def _scope(plan: Plan, component: str | None) -> tuple[list[BaseStore], list[Service]]:
    """A store that nothing follows (a cache) begins empty: it counts where the objective names it, and only there."""
    stores: list[BaseStore] = [
        each
        for each in plan.stores
        if each.name == component or (component is None and (not isinstance(each, ServerStore) or each.is_followed))
    ]
    return stores, [each for each in plan.services if component in (None, each.name)]


def _method(plan: Plan, objective: Objective, stores: list[ServerStore]) -> tuple[Method, str]:
    """How the service comes back, or "none" and why it cannot."""
    harm = HARMS[objective.disaster]
    if harm.loses == "process":
        return "restart", ""
    here = objective.is_in_place(plan.primary.name)
    if here and harm.loses in ("database", "zone") and not harm.clean_restore:
        without = [each.name for each in stores if each.standby == "none"]
        return ("restore_in_place", "") if without else ("standby", "")
    if here:
        return "restore_in_place", ""
    target = plan.site(objective.recover_at)
    if harm.loses == "cloud" and target.cloud == plan.primary.cloud:
        return "none", f"{target.name} is on {target.cloud} as well, which is what a {objective.disaster} takes away"
    if target.kind == "warm" and not harm.clean_restore:
        unfollowed = [each.name for each in stores if each.replication.mode == "none"]
        if unfollowed:
            return "none", f"{', '.join(unfollowed)} is not replicated to {target.name}"
        return "promote", ""
    missing = [each.name for each in stores if target.name not in each.copied_to]
    if missing:
        return "none", f"no backup of {', '.join(missing)} arrives in {target.name} (backups.copies_to)"
    return "restore", ""


def _loss(plan: Plan, objective: Objective, method: Method, stores: list[BaseStore]) -> tuple[timedelta, str]:
    """The bound on what is lost, and which part of the plan sets it: the worst over the stores."""
    bounds: list[tuple[timedelta, str]] = [(timedelta(0), "nothing is lost: what was acknowledged is still there")]
    for store in stores:
        if method == "promote":
            bound = store.lost_in_promotion()
        elif method in ("restore", "restore_in_place"):
            bound = store.lost_in_restore(objective.recover_at if method == "restore" else None)
            bound = _copied_late(plan, store, bound) if method == "restore" and bound is not None else bound
        else:
            bound = None
        if bound is not None:
            bounds.append(bound)
    return max(bounds, key=lambda bound: bound[0])


def _copied_late(plan: Plan, store: BaseStore, bound: Bound) -> Bound:
    """A cloud may promise less than a plan asks for: how far what it copies to another region is behind there."""
    behind = copied_within(plan.primary.cloud, plan.store(store.name).kind)
    if behind is None or behind <= bound[0]:
        return bound
    return (
        behind,
        f"a backup of {store.name} in another region may be {format_duration(behind)} behind there, as its cloud says",
    )


class _Timeline:
    """The critical path as it grows: of what runs side by side only the slowest chain is on it."""

    def __init__(self) -> None:
        self.typical = self.worst = 0.0
        self.path: list[PathStep] = []
        self.tiers: dict[int, tuple[float, float]] = {}

    def step(self, name: str, time: StepTime) -> None:
        """What comes next, alone."""
        self.wave([(name, time, ())])

    def wave(self, steps: Sequence[tuple[str, StepTime, Sequence[str]]]) -> None:
        """Steps side by side, each after those of the same wave that it names."""
        chains: dict[str, list[tuple[str, StepTime]]] = {}
        worst: dict[str, float] = {}
        for name, time, after in steps:
            before = max((chains[each] for each in after if each in chains), key=_typical, default=[])
            chains[name] = [*before, (name, time)]
            worst[name] = time.worst + max((worst[each] for each in after if each in worst), default=0.0)
        if not chains:
            return
        start = self.typical
        for name, time in max(chains.values(), key=_typical):
            self.path.append(PathStep(name, start, time.typical, time.worst, time.source))
            start += time.typical
        self.worst += max(worst.values())
        self.typical = start


def _typical(chain: Sequence[tuple[str, StepTime]]) -> float:
    return sum(time.typical for _, time in chain)


def _timeline(
    method: Method, objective: Objective, waves: Waves, services: list[Service], times: StepTimes
) -> _Timeline:
    """
    Along the rows of the table, up to where the last tier is seen to be back. A tier whose services all ran before
    (warm pods, or pods that never stopped) is back with the service as a whole, and only grows; a tier with a service
    that has to be started is back when the slowest of them is ready.
    """
    line, opened = _Timeline(), (0.0, 0.0)
    line.step("detect", times.detect())
    line.step("decide", times.decide(objective.automation))
    effective = times.plan.effective_tiers
    for rows in waves:
        line.wave([(row.name, times.of_row(row.step, row.subject), row.after) for row in rows])
        if any(row.opens for row in rows):
            opened = (line.typical, line.worst)
            line.tiers = {effective[each.name]: opened for each in services}
        for tier in {effective[row.subject] for row in rows if row.starts}:
            members = [each for each in services if effective[each.name] == tier]
            runs = method == "promote" and all(each.replicas.warm > 0 for each in members)
            line.tiers[tier] = opened if runs else (line.typical, line.worst)
    return line


def _tiers(plan: Plan, objective: Objective, line: _Timeline) -> tuple[TierForecast, ...]:
    found = []
    for tier, (typical, worst) in sorted(line.tiers.items()):
        limit = tier_limit(plan, objective, tier)
        target = limit.total_seconds() if limit is not None else None
        met = target is None or typical <= target
        found.append(TierForecast(objective.disaster, tier, typical, worst, target, met))
    return tuple(found)


def span(seconds: float | None) -> str:
    """`0s`, `0.9s`, `35s`, `4m12s`, `1h37m`, `14d`: short enough for a table. `-` for None."""
    if seconds is None:
        return "-"
    if 0 < seconds < 10 and seconds != round(seconds):
        return f"{seconds:.1f}s"
    whole = round(seconds)
    for size, unit, rest, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            first, second = whole // size, whole % size // rest
            return f"{first}{unit}{second:02}{name}" if second else f"{first}{unit}"
    return f"{whole}s"
