"""
Every workload of the family, all of them at once in one world, through a failover, the failback (a re-protection, a
planned switch and another re-protection) and a restore. Each has a ledger of its own.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.ledger import Loss
from sandbox.workloads.catalogue import FAMILY
from sandbox.workloads.family import lasting
from sandbox.workloads.running import Writer
from scripts.drills.database import wait_until_restorable
from scripts.drills.shown import ANY_NUMBER
from scripts.drills.stage import Stage
from scripts.failback import failback
from scripts.failover import failover
from scripts.restore import restore
from scripts.runs.findings import CopiesCompared, TargetChecked
from tests.shared_world import SharedWorld

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
NOT_GUARDED = {"ddl", "large-objects", "other-owners"}
"""The workloads that write what our role can put no trigger on."""
GIVEN_UP: dict[str, Any] = {
    "give_up_differences": ANY_NUMBER,
    "give_up_old_copy": True,
    "give_up_unlogged": True,
}


def losses(made: Stage, writers: Mapping[str, Writer]) -> dict[str, Loss]:
    """Of the workloads whose writes are meant to survive, once all have ended; each of them has written."""
    for each in writers.values():
        each.stop()
    dsns = {made.stores[0]: made.dsn()}
    found = {name: each.verify(dsns) for name, each in writers.items() if lasting(FAMILY[name])}
    assert all(loss.acknowledged for loss in found.values())
    assert {name: loss.doubled for name, loss in found.items() if loss.doubled} == {}
    return found


def lost_before(moment: float, found: Mapping[str, Loss]) -> dict[str, Loss]:
    return {name: loss for name, loss in found.items() if loss.first and loss.first < moment}


def test_the_family_survives_a_failover_the_failback_and_a_restore(made: Stage, shared: SharedWorld) -> None:
    plan, path = made.plan, made.plan_path

    with made.writing_family() as writers:
        fault = made.lose("primary")
        moved = failover(plan, "secondary", disaster="regional_outage", lost=["primary"], plan_path=path)
        assert moved.error is None
        made.wait_for_family(writers, time.time())
        at_stake = moved.found(TargetChecked)[0].data_at_stake_seconds or 0.0
        late = lost_before(fault.timestamp() - at_stake - 1, losses(made, writers))
        assert late == {}, "what is lost was at stake"

    made.heal()
    with made.writing_family() as writers:
        parts = failback(plan, plan_path=path, **GIVEN_UP)
        assert [each.error for each in parts] == [None] * 3
        assert parts[0].found(CopiesCompared), "the old copy was not compared: the proof is empty"
        assert made.active == "primary"
        made.wait_for_family(writers, time.time())
        lost = {name: loss.lost for name, loss in losses(made, writers).items() if loss.lost}
        # The old copy takes writes to what cannot be guarded until its agent, back from the outage, has closed it.
        assert set(lost) <= NOT_GUARDED
        assert sum(lost.values()) <= sum(each.differences for each in parts[0].found(CopiesCompared)), "not counted"

    with made.writing_family() as writers:
        at = datetime.now(UTC).replace(microsecond=0)
        made.wait_for_family(writers, at.timestamp() + 1)
        wait_until_restorable(made, at)
        back = restore(plan, at.isoformat(), plan_path=path)
        assert back.error is None
        made.wait_for_family(writers, time.time())
        found = losses(made, writers)
        assert lost_before(at.timestamp() - 1, found) == {}, "only what came after the moment is given up"
        assert any(loss.lost for loss in found.values()), "nothing was written after the moment: the proof is empty"
    shared.give_up()  # hundreds of tables, and settings of roles: nobody else shall have them


def test_a_planned_switch_loses_nothing_acknowledged(made: Stage) -> None:
    with made.writing_family(["asynchronous", "large-objects", "long", "other-owners"], rate=50) as writers:
        outcome = failover(made.plan, "secondary", planned=True, plan_path=made.plan_path)
        assert outcome.error is None
        made.wait_for_family(writers, time.time())
        assert {name: loss.lost for name, loss in losses(made, writers).items() if loss.lost} == {}
