"""
Seeded random faults over a whole failover, while requests come in and some of the family of workloads write. Whatever
they do: never two writers, no acknowledged write lost beyond what was said to be at stake, and every run ends in a
state that is known or says that it is not.
"""

import random
import threading
import time
from collections.abc import Mapping
from datetime import timedelta

import pytest

from sandbox.faults_schedule import Strike, play, schedule
from sandbox.workloads.catalogue import FAMILY
from sandbox.workloads.family import lasting
from sandbox.workloads.running import Writer
from scripts.core.errors import DrError
from scripts.drills.small_world import identifier
from scripts.drills.stage import Stage
from scripts.failover import failover
from scripts.runbooks.run import resume
from scripts.runs import run_records
from scripts.runs.findings import TargetChecked
from scripts.runs.runbook import RunOutcome
from tests.asserts.ledgers import assert_ledger_survived
from tests.asserts.writers import Recorder, assert_never_two_writers, assert_only_writer_is

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
SECONDS = 10.0


def strikes(made: Stage, seed: int) -> tuple[Strike, ...]:
    plan = made.plan
    return schedule(
        seed,
        regions=[site.region for site in plan.sites],
        databases=[identifier(made, "primary")],
        stacks=[plan.sites[1].stack],
        spare=[plan.site("secondary").region, plan.site(plan.fencing.witness).region],
        seconds=SECONDS,
    )


def fail_over(made: Stage) -> RunOutcome | DrError:
    """The operator's attempt, whatever comes of it."""
    try:
        return failover(made.plan, "secondary", plan_path=made.plan_path)
    except DrError as error:
        return error


def finish(made: Stage) -> None:
    """What began is finished, now that everything is healed."""
    while (open_run := run_records.unfinished(made.plan.system)) is not None:
        outcome = resume(open_run.run, plan=made.plan)
        assert outcome.status == "done", f"{outcome.run}: {outcome.error}"


def assert_no_more_lost(made: Stage, writers: Mapping[str, Writer], at_stake: timedelta) -> None:
    for name, each in writers.items():
        each.stop()
        loss = each.verify({made.stores[0]: made.dsn()})
        assert loss.acknowledged > 0, f"{name} wrote nothing: the proof is empty"
        assert loss.doubled == 0, name
        assert (loss.last or 0.0) - (loss.first or 0.0) <= at_stake.total_seconds(), f"{name}: {loss}"
        assert loss.lost == 0 or at_stake, f"{name}: {loss}"


@pytest.mark.parametrize("seed", [11, 23, 42])
def test_a_failover_under_random_faults(made: Stage, seed: int) -> None:
    plan = strikes(made, seed)
    some = random.Random(seed).sample([name for name, writes in FAMILY.items() if lasting(writes)], 4)
    with Recorder(made.world) as recorder, made.writing() as workload, made.writing_family(some) as writers:
        playing = threading.Thread(target=play, args=(plan, made.world))
        playing.start()
        ended = fail_over(made)
        playing.join()
        finish(made)
        made.wait_for_writes(workload, time.time())
        settled = time.monotonic()
        made.wait_for_writes(workload, time.time())
        made.wait_for_family(writers, time.time())
        workload.stop()
        moved = made.active == "secondary"
        at_stake = timedelta(0)
        if moved:
            assert isinstance(ended, RunOutcome), ended
            run = run_records.load(ended.run)
            assert run.status == "done"
            at_stake = timedelta(seconds=(ended.found(TargetChecked)[0].data_at_stake_seconds or 0) + 1)
        assert_ledger_survived(workload, made.dsns(), rpo=at_stake)
        assert_no_more_lost(made, writers, at_stake)
    assert_never_two_writers(recorder, epochs=2 if moved else 1)
    assert_only_writer_is(recorder, identifier(made, made.active), since=settled)
    if isinstance(ended, RunOutcome):
        assert ended.status in {"done", "failed", "unknown"}, ended.status
