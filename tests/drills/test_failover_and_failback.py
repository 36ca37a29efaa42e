"""
The main line on the smallest plan: the primary region is cut off with everything in it, comes back by itself in the
middle, and the service returns to it in the end. A recorder writes to every database all the time.
"""

import threading
import time
from typing import Any

import psycopg
import pytest

from scripts.core.errors import Refused
from scripts.drills.small_world import identifier
from scripts.drills.stage import Stage
from scripts.failback import failback
from scripts.failover import failover
from scripts.runs import run_records
from scripts.runs.divergences import kept
from scripts.runs.findings import TargetChecked
from scripts.runs.journal import path_of, read, verify
from scripts.runs.parts import parts_of, whole_of
from scripts.runs.rows import RowEvent
from scripts.steps.promote_database import promote_database
from tests.asserts.calls import assert_never_called
from tests.asserts.databases import orders
from tests.asserts.evidence import evidence_of
from tests.asserts.ledgers import assert_ledger_survived
from tests.asserts.whole import assert_whole
from tests.asserts.writers import Recorder, assert_never_two_writers, assert_only_writer_is, assert_refuses_writes

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
ONLY_THERE = 5


def _write_only_there(made: Stage, dsn: str) -> None:
    """Orders that the old primary accepts while it is cut off and its lease still runs: nobody else ever sees them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for number in range(ONLY_THERE):
            connection.execute(
                "INSERT INTO orders (service, site, run, seq) VALUES ('shop', 'primary', 'cut off', %s)", (number,)
            )


def test_failover_asks_nothing_of_a_region_that_comes_back_in_the_middle(made: Stage) -> None:
    plan, world = made.plan, made.world
    region, old = plan.primary.region, identifier(made, "primary")
    back = threading.Event()

    def comes_back(event: RowEvent) -> None:
        if event.row.step is promote_database and event.what == "done":
            world.heal("region")
            back.set()

    assert_whole(made)
    with Recorder(world) as recorder, made.writing() as workload:
        old_dsn = world.admin_dsn(old)
        world.break_("state", stack=plan.primary.stack)
        world.break_("region", region=region, hang=True)
        cut_at = time.time()
        _write_only_there(made, old_dsn)
        outcome = failover(plan, "secondary", observer=comes_back, plan_path=made.plan_path)
        assert outcome.error is None, outcome.error
        assert back.is_set()
        made.wait_for_writes(workload, time.time())
        done_at = time.monotonic()
        made.wait_for_writes(workload, time.time())
        workload.stop()

        assert_never_called(world, region, since=cut_at)
        stacks = {entry.evidence["stack"] for entry in read(path_of(outcome.run)) if entry.name == "engine"}
        assert plan.primary.stack not in stacks
        assert stacks, "no stack was touched at all: the proof is empty"
        at_stake = outcome.found(TargetChecked)[0].data_at_stake_seconds
        loss = assert_ledger_survived(workload, made.dsns("secondary"), rpo=plan.objectives[2].rpo)
        assert at_stake is not None
        assert loss.span_seconds <= at_stake + 1
        assert outcome.measures["objectives_met"] is True
    assert_never_two_writers(recorder, epochs=2)
    assert_only_writer_is(recorder, identifier(made, "secondary"), since=done_at)
    assert_refuses_writes(old_dsn)


def test_failback_counts_what_only_the_old_copy_holds_and_loses_nothing(left: Stage) -> None:
    if left.active == "primary":
        pytest.skip("the failover that this comes back from did not happen")
    left.world.heal()
    assert left.preview_all("when the lost region is back")
    # What was on its way when the region was cut off may be among it, besides what was written there on purpose.
    old, new = (orders(left.dsn(site)) for site in ("primary", "secondary"))
    only_there = old.keys() - new.keys()
    assert len(only_there) >= ONLY_THERE
    with Recorder(left.world) as recorder, left.writing() as workload:
        (refused,) = failback(left.plan, plan_path=left.plan_path)
        assert isinstance(refused.error, Refused)
        assert f"only primary's old copy holds {len(only_there)} rows of 1 table of core" in refused.error.message
        assert f"--give-up-differences {len(only_there)}" in refused.error.hint
        looked_at = {row["values"][0] for each in kept(refused.run) for row in each.each()}
        assert looked_at == only_there
        more: dict[str, Any] = {"incident": "INC-7", "commander": "anna", "give_up_differences": len(only_there)}
        outcomes = failback(left.plan, plan_path=left.plan_path, **more)
        assert [(outcome.status, str(outcome.error)) for outcome in outcomes] == [("done", "None")] * 3
        left.wait_for_writes(workload, time.time())
        workload.stop()
        assert_ledger_survived(workload, left.dsns("primary"))
    whole = whole_of(outcomes[0].run)
    assert parts_of(read(path_of(whole))) == [refused.run, *(outcome.run for outcome in outcomes)]
    assert verify(path_of(whole)).complete
    told = [run_records.load(outcome.run).options_given().more for outcome in outcomes]
    assert [(each.get("incident"), each.get("commander")) for each in told] == [("INC-7", "anna")] * 3
    divergence = evidence_of(outcomes[0], "measure_divergence:core")
    assert divergence["rows"] == len(only_there)
    assert divergence["tables"][0]["name"] == "orders"
    assert_never_two_writers(recorder, epochs=2)
    assert left.topology.active_site == "primary"
    assert left.preview_all("after the failback")
