"""The primary region is lost and the warm site takes over; later the region is back and the service returns."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scripts.core.errors import NotFenced
from scripts.drills.detection import aimed, wait_until_unseen
from scripts.drills.found import Found
from scripts.drills.shown import shown_failback, shown_failover
from scripts.drills.stage import as_evidence
from scripts.drills.whole import wait_until_whole
from scripts.failover import failover
from scripts.runs.findings import StacksPreviewed, TargetChecked

if TYPE_CHECKING:
    from sandbox.ledger import Loss
    from sandbox.workload import Workload
    from sandbox.workloads.running import Writer
    from scripts.drills.stage import Stage
    from scripts.runs.runbook import RunOutcome


def lose(stage: Stage) -> Found:
    """Kill the active region under load; fail over to the warm site."""
    plan, old = stage.plan, stage.active
    to = next(site.name for site in plan.sites if site.kind == "warm" and site.name != old)
    found = Found()
    with stage.writing() as workload:
        if plan.guarded_stores:
            found.ok &= stage.must_fail(
                "no failover from a living writer", f"a failover is refused while {old} renews its lease",
                lambda: failover(plan, to, plan_path=stage.plan_path, approved_by=stage.approvers), NotFenced,
            )  # fmt: skip
        wait_until_whole(stage)
        watcher = aimed(plan)
        found.fault_at = stage.lose(old)
        found.detected_at = wait_until_unseen(watcher)
        watcher.close()
        outcome = shown_failover(stage, to, fault_at=found.fault_at, detected_at=found.detected_at)
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= _agrees(stage, outcome.found(TargetChecked)[0], loss)
            found.ok &= stage.check(
                "no order is doubled", loss.doubled == 0, "no order is there twice", doubled=loss.doubled
            )
            if loss.stores:
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
    found = last.found(StacksPreviewed)
    previews = found[-1].previews if found else []  # it had nothing to do
    busy = {each["stack"]: each["steps"] for each in previews if each["steps"]}
    sentence = "after the failback a preview of every stack has nothing to do"
    return stage.check(
        "previews after the failback", len(previews) == len(stage.plan.stacks) and not busy, sentence, steps=busy
    )


def _agrees(stage: Stage, told: TargetChecked, loss: Loss) -> bool:
    """What the operator was told of each store beforehand bounds what the ledger found afterwards."""
    good = True
    for store, own in loss.stores.items():
        copy = told.copies.get(store)
        at_stake = copy.data_at_stake_seconds if copy else 0.0
        where = f" of {store}" if len(loss.stores) > 1 else ""
        good &= stage.check(
            "the ledger agrees", own.span_seconds <= at_stake + 1.0,
            f"{own.span_seconds:.2f} s of writes{where} were lost, at most {at_stake:.2f} s were said to be at stake",
            store=store, at_stake_seconds=at_stake, lost_span_seconds=own.span_seconds,
        )  # fmt: skip
    return good


def _ledger_can_fail(stage: Stage, workload: Workload | Writer) -> bool:
    """A write that was never made must be found missing, in each store, or the ledger proves nothing."""
    from sandbox.ledger import by_store, compare  # noqa: PLC0415

    entries = workload.acknowledged()
    there = {store: [(each["id"], each["seq"]) for each in own] for store, own in by_store(entries).items()}
    nowhere = "00000000-0000-0000-0000-000000000000"
    invented = [{**own[-1], "id": nowhere} for own in by_store(entries).values()]
    lost = compare([*entries, *invented], there)
    each_one = all(own.lost == 1 for own in lost.stores.values())
    return stage.check(
        "the ledger can fail", each_one, "an invented write is found missing", negative_control=True, lost=lost.lost
    )
