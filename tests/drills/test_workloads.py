"""Workloads of the family through a planned switch of a real world: nothing that was acknowledged is lost."""

import time

import pytest

from sandbox.workloads.catalogue import FAMILY
from sandbox.workloads.family import lasting
from scripts.drills.small_world import settle
from scripts.drills.stage import PLAIN, Stage
from scripts.failover import failover

pytestmark = pytest.mark.drill


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
