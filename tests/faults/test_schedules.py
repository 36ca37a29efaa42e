"""
Seeded random faults over a whole failover. Whatever they do: never two writers, no acknowledged write lost beyond
what was said to be at stake, and every run ends in a state that is known or says that it is not.
"""

import threading
import time
from datetime import timedelta

import pytest

from sandbox.faults_schedule import Strike, play, schedule
from scripts.core.errors import DrError
from scripts.drills.small_world import identifier, settle
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


@pytest.mark.parametrize("seed", [11, 23, 42])
def test_a_failover_under_random_faults(made: Stage, seed: int) -> None:
    settle(made)
    plan = strikes(made, seed)
    with Recorder(made.world) as recorder, made.writing() as workload:
        playing = threading.Thread(target=play, args=(plan, made.world))
        playing.start()
        ended = fail_over(made)
        playing.join()
        finish(made)
        made.wait_for_writes(workload, time.time())
        settled = time.monotonic()
        made.wait_for_writes(workload, time.time())
        workload.stop()
        moved = made.active == "secondary"
        at_stake = timedelta(0)
        if moved:
            assert isinstance(ended, RunOutcome), ended
            run = run_records.load(ended.run)
            assert run.status == "done"
            at_stake = timedelta(seconds=(ended.found(TargetChecked)[0].data_at_stake_seconds or 0) + 1)
        assert_ledger_survived(workload, made.dsns(), rpo=at_stake)
    assert_never_two_writers(recorder, epochs=2 if moved else 1)
    assert_only_writer_is(recorder, identifier(made, made.active), since=settled)
    if isinstance(ended, RunOutcome):
        assert ended.status in {"done", "failed", "unknown"}, ended.status
