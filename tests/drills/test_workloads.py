"""
Every workload of the family, all of them at once in one world: through a failover, the way back with re-protection and
a planned switch, and a restore. Each has a ledger of its own.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.ledger import Loss
from sandbox.workloads.catalogue import FAMILY
from sandbox.workloads.family import lasting
from sandbox.workloads.running import Writer
from scripts.drills.database import wait_until_restorable
from scripts.drills.shown import ANY_NUMBER
from scripts.drills.small_world import settle
from scripts.drills.stage import Stage
from scripts.failback import failback
from scripts.failover import failover
from scripts.restore import protect_again, restore
from scripts.runs.divergences import kept
from scripts.runs.findings import CopiesCompared, GivenUp, TargetChecked
from tests.drills.conftest import SharedWorld

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]
LASTING = [name for name, writes in FAMILY.items() if lasting(writes)]
GIVEN_UP: dict[str, Any] = {
    "give_up_differences": ANY_NUMBER,
    "give_up_old_copy": True,
    "give_up_unlogged": True,
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


def test_the_family_survives_a_failover_the_way_back_and_a_restore(made: Stage, shared: SharedWorld) -> None:
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
        outcomes = failback(plan, plan_path=path, **GIVEN_UP)
        assert [(each.status, str(each.error)) for each in outcomes] == [("done", "None")] * len(outcomes)
        assert outcomes[0].found(CopiesCompared), "the old copy was not compared: the proof is empty"
        made.wait_for_family(writers, time.time())
        stop(writers)
        assert {name: loss.lost for name, loss in losses(made, writers).items() if loss.lost} == {}

    with made.writing_family() as writers:
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        made.wait_for_family(writers, at.timestamp() + 1)
        wait_until_restorable(made, at)
        outcome = restore(plan, at.isoformat(), plan_path=path)
        assert outcome.error is None
        made.wait_for_family(writers, time.time())
        stop(writers)
        found = losses(made, writers)
        early = {name: loss for name, loss in found.items() if loss.first and loss.first < at.timestamp()}
        assert early == {}, "what is lost was written after the moment"
        (given_up,) = outcome.found(GivenUp)
        lost = {name: loss.lost for name, loss in found.items() if loss.lost}
        assert len(lost) > len(LASTING) / 2, "hardly any of them wrote after the moment: the proof is empty"
        kept_rows = sum(1 for each in kept(outcome.run) for row in each.each() if row["which"] == "missing")
        assert given_up.rows >= kept_rows >= sum(lost.values())
    assert [each.status for each in protect_again(plan, made.plan_path, quiet=True)] == ["done"]
    shared.give_up()  # hundreds of tables, and settings of roles: nobody else shall have them
