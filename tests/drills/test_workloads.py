"""
Every workload of the family, all of them at once in one world, through a failover and the re-protection; some of them
through a planned switch. Each has a ledger of its own.
"""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.ledger import Loss
from sandbox.workloads.catalogue import FAMILY
from sandbox.workloads.family import lasting
from sandbox.workloads.running import Writer
from scripts.drills.shown import ANY_NUMBER
from scripts.drills.small_world import settle
from scripts.drills.stage import PLAIN, Stage
from scripts.failover import failover
from scripts.reprotect import reprotect
from scripts.runs.findings import CopiesCompared, TargetChecked
from tests.drills.conftest import SharedWorld

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
LASTING = [name for name, writes in FAMILY.items() if lasting(writes)]
GIVEN_UP: dict[str, Any] = {
    "give_up_differences": ANY_NUMBER,
    "give_up_old_copy": True,
}


def losses(made: Stage, writers: Mapping[str, Writer]) -> dict[str, Loss]:
    """Of the workloads whose writes are meant to survive; each of them has written."""
    dsns = {made.stores[0]: made.dsn()}
    found = {name: writers[name].verify(dsns) for name in LASTING}
    assert all(loss.acknowledged for loss in found.values())
    assert {name: loss.doubled for name, loss in found.items() if loss.doubled} == {}
    return found


def stop(writers: Mapping[str, Writer]) -> None:
    for each in writers.values():
        each.stop()


def test_the_family_survives_a_failover_and_the_re_protection(made: Stage, shared: SharedWorld) -> None:
    settle(made)
    plan, path = made.plan, made.plan_path

    with made.writing_family() as writers:
        fault = made.lose("primary")
        moved = failover(plan, "secondary", disaster="regional_outage", lost=["primary"], plan_path=path)
        assert moved.error is None
        made.wait_for_family(writers, time.time())
        stop(writers)
        at_stake = moved.found(TargetChecked)[0].data_at_stake_seconds or 0.0
        earliest = fault.timestamp() - at_stake - 1
        late = {name: loss for name, loss in losses(made, writers).items() if loss.first and loss.first < earliest}
        assert late == {}, "what is lost was at stake"

    made.heal()
    with made.writing_family() as writers:
        again = reprotect(plan, "primary", plan_path=path, **GIVEN_UP)
        assert again.error is None
        assert again.found(CopiesCompared), "the old copy was not compared: the proof is empty"
        made.wait_for_family(writers, time.time())
        stop(writers)
        assert {name: loss.lost for name, loss in losses(made, writers).items() if loss.lost} == {}
    shared.give_up()  # hundreds of tables, and settings of roles: nobody else shall have them


@pytest.mark.parametrize("name", ["asynchronous", "large-objects", "long", "other-owners"])
def test_a_planned_switch_loses_nothing_acknowledged(made: Stage, name: str) -> None:
    settle(made)
    made.workload = name
    try:
        with made.writing() as workload:
            outcome = failover(made.plan, "secondary", planned=True, plan_path=made.plan_path)
            assert outcome.error is None
            made.wait_for_writes(workload, time.time(), more=3)
            loss, _ = made.judge(workload, None)
    finally:
        made.workload = PLAIN
    assert lasting(FAMILY[name])
    assert (loss.lost, loss.doubled) == (0, 0)
