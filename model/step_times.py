"""
How long each step of a recovery takes where nobody has measured it yet: typical and worst, in seconds, with a source.
What a cloud does in its own time, its own file says (`model/clouds`).

Names are those of the steps of the runbooks, so that recorded durations can take their place: `StepTimes.recorded`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .clouds import CLOUDS, CloudFacts, StepTime

if TYPE_CHECKING:
    from .objectives import Automation
    from .plan import Plan
    from .services import Service
    from .stores import IncarnatedStore

MINUTE = 60.0


DEFAULTS: Mapping[str, StepTime] = {
    "check_target": StepTime(5, 15, "assumed: a few API calls"),
    "choose_restore_point": StepTime(10, 30, "assumed: a few API calls"),
    "check_hand_over": StepTime(5, 15, "assumed: one row goes from the old site to the new one"),
    "check_reopen": StepTime(5, 15, "assumed: a few API calls"),
    "give_writes_back": StepTime(2, 5, "assumed: a conditional write and one transaction"),
    "return_traffic": StepTime(5, MINUTE, "assumed: a few API calls, then health checks"),
    "record_promotions": StepTime(1, 5, "assumed: files are written"),
    "hand_over": StepTime(5, 30, "assumed: sessions end, and the last log is replayed"),
    "declare_disaster": StepTime(1, 5, "assumed: an entry in the journal and messages"),
    "begin_caches": StepTime(10, 5 * MINUTE, "assumed: a cache is emptied, and an export is brought where one lies"),
    "empty_caches": StepTime(5, MINUTE, "assumed: a cache is emptied"),
    "grant_lease": StepTime(2, 5, "assumed: a conditional write and one transaction"),
    "start_service": StepTime(20, MINUTE, "assumed: it is scheduled, starts and becomes ready"),
    "restart_service": StepTime(30, 2 * MINUTE, "assumed: all that runs of it is replaced, a part at a time"),
    "look_at_service": StepTime(5, 15, "assumed: a few API calls and requests"),
    "roll_back_to_last_good": StepTime(40, 3 * MINUTE, "assumed: all that runs of it is replaced, a part at a time"),
    "scale_service_up": StepTime(40, 3 * MINUTE, "assumed: more of it is scheduled, starts and becomes ready"),
    "replace_machines": StepTime(3 * MINUTE, 10 * MINUTE, "assumed: machines are given up half at a time, and boot"),
    "recreate_service": StepTime(5 * MINUTE, 15 * MINUTE, "assumed: an update of one service, then a boot"),
    "see_recovered": StepTime(5, 15, "assumed: a few API calls and requests"),
    "choose_version": StepTime(2, 10, "assumed: a few API calls"),
    "roll_back_service": StepTime(2, 10, "assumed: one API call"),
    "see_service_well": StepTime(40, 3 * MINUTE, "assumed: all that runs of it is replaced, a part at a time"),
    "say_what_is_declared": StepTime(5, 30, "assumed: the state of one stack is read"),
    "record_topology": StepTime(1, 5, "assumed: files are written"),
    "choose_point_in_time": StepTime(10, 30, "assumed: a few API calls"),
    "choose_clean_point": StepTime(10, 30, "assumed: a few API calls"),
    "stop_writes": StepTime(5, 15, "assumed: one transaction, which waits for those that it let through"),
    "isolate_site": StepTime(MINUTE, 5 * MINUTE, "assumed: rules are taken away, and what runs ends"),
    "revoke_credentials": StepTime(2 * MINUTE, 15 * MINUTE, "assumed: a changed password takes a few minutes"),
    "rotate_credentials": StepTime(5, 15, "assumed: a few API calls"),
    "look_at_breach": StepTime(5, 15, "assumed: a few API calls"),
    "block_addresses": StepTime(10, 2 * MINUTE, "assumed: a call for each set; it takes up to minutes to spread"),
    "renew_logins": StepTime(3 * MINUTE, 10 * MINUTE, "assumed: an update of one stack, and a changed password"),
    "end_role_sessions": StepTime(10, MINUTE, "assumed: a call for each role; it takes seconds to spread"),
    "restart_agent": StepTime(20, MINUTE, "assumed: a pod is scheduled, starts and becomes ready"),
    "restart_with_new_login": StepTime(3 * MINUTE, 10 * MINUTE, "assumed: machines are given up half at a time"),
    "end_old_sessions": StepTime(5, 15, "assumed: one statement"),
    "assess_breach": StepTime(5 * MINUTE, 30 * MINUTE, "assumed: queries over the audit tables"),
    "inspect_restored": StepTime(5 * MINUTE, 30 * MINUTE, "assumed: every page of the guarded tables is read"),
    "open_clean_site": StepTime(2, 5, "assumed: a conditional write and one transaction"),
    "verify_service": StepTime(5, 15, "assumed: one write and one read from outside"),
    "verify_tiers": StepTime(5, 30, "assumed: all services are looked at"),
}
DECISIONS: Mapping[str, StepTime] = {
    "automatic": StepTime(0, 0, "nobody is asked"),
    "partial": StepTime(MINUTE, 5 * MINUTE, "assumed: one person confirms a prepared runbook"),
    "manual": StepTime(15 * MINUTE, 30 * MINUTE, "assumed: people gather, assess and decide"),
}


@dataclass(frozen=True)
class StepTimes:
    """`recorded` maps a step's name to the durations that runs of it took, in seconds; those win over the defaults."""

    plan: "Plan"
    recorded: Mapping[str, Sequence[float]]

    def of(self, step: str, default: StepTime | None = None) -> StepTime:
        """Raises KeyError for a step that neither the table nor a recording knows."""
        samples = sorted(self.recorded.get(step, ()))
        if samples:
            runs = f"measured in {len(samples)} run{'s' if len(samples) > 1 else ''}"
            return StepTime(percentile(samples, 0.5), percentile(samples, 0.95), runs)
        return default or self._clouds.step_times.get(step) or DEFAULTS[step]

    def detect(self) -> StepTime:
        detection = self.plan.detection
        seen = detection.confirmations * detection.interval.total_seconds() + detection.timeout.total_seconds()
        worst = detection.confirmations * (detection.interval + detection.timeout).total_seconds()
        return self.of("detect", StepTime(seen, max(seen, worst), "the plan: detection"))

    def decide(self, automation: "Automation") -> StepTime:
        return self.of("decide", DECISIONS[automation])

    def fence(self, step: str) -> StepTime:
        ttl = self.plan.fencing.lease.ttl.total_seconds()
        return self.of(step, StepTime(ttl, 2 * ttl, "the plan: fencing.lease.ttl"))

    def switch_traffic(self) -> StepTime:
        traffic = self.plan.traffic
        seen = traffic.health.interval.total_seconds() * traffic.health.failures + traffic.ttl.total_seconds()
        return self.of("switch_traffic", StepTime(seen, seen + MINUTE, "the plan: traffic.health and traffic.ttl"))

    def start(self, service: "Service") -> StepTime:
        if service.startup is None:
            return self.of("start_service")
        seconds = service.startup.total_seconds()
        return self.of("start_service", StepTime(seconds, 2 * seconds, f"the plan: startup of {service.name}"))

    def of_row(self, step: str, subject: str) -> StepTime:
        """What a row of a runbook takes. Raises KeyError for a step that has no time."""
        special: dict[str, Callable[[], StepTime]] = {
            "fence_old_writer": lambda: self.fence(step),
            "fence_compromised_writer": lambda: self.fence(step),
            "preserve_evidence": lambda: self.of(step, self.preserve(self.plan.incarnated_store(subject))),
            "run_hook": lambda: self.of(step, self.hook(subject)),
            "roll_back_schema": lambda: self.of(step, self.hook("roll_back_migration")),
            "run_checks": lambda: self.of(step, self.checks(subject)),
            "switch_traffic": self.switch_traffic,
            "start_service": lambda: self.start(self.plan.service(subject)),
            "restore_in_place": lambda: self.restores(step, StepTime(0, 0, "")),
            "build_site": lambda: self.restores(step, self.of("build_compute")),
        }
        return special[step]() if step in special else self.of(step)

    def checks(self, moment: str) -> StepTime:
        """Each takes all its time at most; most answer at once."""
        bounds = [check.timeout.total_seconds() for check in self.plan.checks if moment in check.at]
        return StepTime(sum(bounds) / 10, sum(bounds), "the plan: timeout of each of its checks")

    def hook(self, name: str) -> StepTime:
        """It is ended when its time is over; most need a part of it."""
        bound = self.plan.hooks[name].timeout.total_seconds()
        return StepTime(bound / 10, bound, f"the plan: timeout of the hook {name}")

    def restores(self, step: str, beside: StepTime) -> StepTime:
        """Every store is restored side by side, and beside something else: the slowest counts."""
        each = [beside, *(self.restore(store) for store in self.plan.incarnated_stores)]
        slowest = max(each, key=lambda time: time.typical)
        worst = max(time.worst for time in each)
        return self.of(step, StepTime(slowest.typical, worst, slowest.source))

    def restore(self, store: "IncarnatedStore") -> StepTime:
        base, copying = self.of("build_store"), self._copying(store)
        source = f"{base.source}, {self._amount(store)}"
        return StepTime(base.typical + copying, base.worst + 2 * copying, source)

    def preserve(self, store: "IncarnatedStore") -> StepTime:
        copying = 2 * self._copying(store)
        source = f"assumed: a snapshot and its copy to another region, {self._amount(store)} each"
        return StepTime(copying, 3 * copying, source)

    def _copying(self, store: "IncarnatedStore") -> float:
        return self._clouds.restore_a_gb * store.data_gb

    def _amount(self, store: "IncarnatedStore") -> str:
        return f"{store.data_gb} GB at {MINUTE / self._clouds.restore_a_gb:g} GB a minute"

    @property
    def _clouds(self) -> CloudFacts:
        """A plan that spans two clouds is reckoned with the times of its primary's."""
        return CLOUDS[self.plan.primary.cloud]


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest of sorted samples that `share` of them do not exceed (nearest rank). There is at least one."""
    return samples[max(0, math.ceil(share * len(samples)) - 1)]
