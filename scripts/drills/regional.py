"""The primary region is lost and the warm site takes over; later the region is back and the service returns."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scripts.core.errors import NotFenced
from scripts.drills.detection import aimed, wait_until_unseen
from scripts.drills.found import Found
from scripts.drills.shown import shown_failback, shown_failover
from scripts.drills.stage import as_evidence
from scripts.failover import failover
from scripts.runs.findings import StacksPreviewed, TargetChecked

if TYPE_CHECKING:
    from scripts.drills.stage import Stage
    from scripts.runs.runbook import RunOutcome


def lose(stage: Stage) -> Found:
    """Kill the active region under load; fail over to the warm site."""
    plan, old = stage.plan, stage.active
    to = next(site.name for site in plan.sites if site.kind == "warm" and site.name != old)
    found = Found()
    with stage.writing() as workload:
        found.ok &= stage.must_fail(
            "no failover from a living writer", f"a failover is refused while {old} renews its lease",
            lambda: failover(plan, to, plan_path=stage.plan_path), NotFenced,
        )  # fmt: skip
        watcher = aimed(plan)
        found.fault_at = stage.lose(old)
        found.detected_at = wait_until_unseen(watcher)
        watcher.clouds.close()
        outcome = shown_failover(stage, to, fault_at=found.fault_at, detected_at=found.detected_at)
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= _agrees(stage, outcome.found(TargetChecked)[0].data_at_stake_seconds or 0.0, loss.span_seconds)
            found.ok &= stage.check(
                "no order is doubled", loss.doubled == 0, "no order is there twice", doubled=loss.doubled
            )
            found.ok &= _ledger_can_fail(stage, workload)
    return found


def fail_back(stage: Stage) -> Found:
    """Heal the region; rebuild, switch over, and protect what was left."""
    plan, left = stage.plan, stage.active
    found = Found()
    with stage.writing() as workload:
        stage.heal()
        found.ok &= stage.preview_all("when the lost region is back")
        outcomes = shown_failback(stage)
        found.runs += [outcome for outcome in outcomes if outcome.run]
        found.ok &= all(outcome.status == "done" for outcome in outcomes)
        if found.ok:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, None)
            found.evidence |= as_evidence(loss, outage)
            sentence = (
                f"every write acknowledged while {left} was active and during the switch is in {plan.primary.name}"
            )
            found.ok &= stage.check(
                "nothing is lost by a planned switch", loss.lost == 0 and not loss.doubled, sentence, lost=loss.lost
            )
            found.ok &= _every_preview_clean(stage, outcomes[-1])
    return found


def _every_preview_clean(stage: Stage, last: RunOutcome) -> bool:
    """The last run has previewed every stack: what it found, as a check of the drill."""
    previews = last.found(StacksPreviewed)[-1].previews
    busy = {each["stack"]: each["steps"] for each in previews if each["steps"]}
    sentence = "after the failback a preview of every stack has nothing to do"
    return stage.check(
        "previews after the failback", len(previews) == len(stage.plan.stacks) and not busy, sentence, steps=busy
    )


def _agrees(stage: Stage, at_stake: float, lost_span: float) -> bool:
    """What the operator was told beforehand bounds what the ledger found afterwards."""
    return stage.check(
        "the ledger agrees", lost_span <= at_stake + 1.0,
        f"{lost_span:.2f} s of writes were lost, at most {at_stake:.2f} s were said to be at stake",
        at_stake_seconds=at_stake, lost_span_seconds=lost_span,
    )  # fmt: skip


def _ledger_can_fail(stage: Stage, workload: object) -> bool:
    """A write that was never made must be found missing, or the ledger proves nothing."""
    from sandbox.workload import compare  # noqa: PLC0415

    entries = workload.acknowledged()  # type: ignore[attr-defined]
    invented = {**entries[-1], "id": "00000000-0000-0000-0000-000000000000"}
    lost = compare([*entries, invented], [(each["id"], each["seq"]) for each in entries]).lost
    return stage.check(
        "the ledger can fail", lost == 1, "an invented write is found missing", negative_control=True, lost=lost
    )
