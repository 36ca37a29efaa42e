"""
A planned switch is broken off at every row, on purpose, and left again: by opening the site that holds every row, or by
going on once the new one is open. Requests come in all the time, and none that was acknowledged is lost.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from model.roles import role_of
from sandbox.workload import Workload
from scripts.core.errors import DrError, LossTooGreat
from scripts.drills.stage import Stage
from scripts.drills.whole import wait_until_whole
from scripts.failover import failover, serves
from scripts.fencing.lease import BETWEEN
from scripts.reprotect import reprotect
from scripts.runbooks.run import resume
from scripts.runs import run_records
from scripts.runs.rows import Observer, RowEvent
from scripts.runs.runbook import RunOutcome
from tests.asserts.ledgers import assert_ledger_survived
from tests.asserts.writers import Recorder, assert_never_two_writers

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]

GOES_ON = ["grant_lease", "verify_service", "record_topology", "reconcile_stack"]
"""Of rows side by side one, because the state after them is the same."""


class BrokenOff(DrError):
    """What these tests break a run off with."""


@contextmanager
def loaded(made: Stage, epochs: int = 1) -> Iterator[None]:
    """Requests come in, the primary is active, and in the end everything is whole and nothing was lost."""
    with Recorder(made.world) as recorder, made.writing() as workload:
        yield
        made.wait_for_writes(workload, time.time())
        workload.stop()
        assert isinstance(workload, Workload)
        assert_ledger_survived(workload, made.dsns(made.active))
    assert_never_two_writers(recorder, epochs=epochs)
    assert run_records.unfinished(made.plan.system) is None


def broken_off(made: Stage, row: str, what: str) -> RunOutcome:
    """A planned switch that ends at a row, when it has begun, or when it has acted and nobody has noted it."""
    outcome = failover(made.plan, "secondary", planned=True, plan_path=made.plan_path, observer=breaker(row, what))
    assert str(outcome.error) == f"broken off at {row}", outcome.error
    return outcome


def breaker(row: str, what: str) -> Observer:
    def end(event: RowEvent) -> None:
        if event.row.name == row and (event.what == what or {event.what, what} == {"done", "already"}):
            raise BrokenOff(f"broken off at {row}")

    return end


def reopened(made: Stage) -> None:
    """What every error says, `dr failover --to primary`, and the service is as it was."""
    before = made.topology
    outcome = failover(made.plan, "primary", plan_path=made.plan_path)
    assert outcome.error is None, outcome.error
    assert made.topology == before
    assert lease_of(made) == ("primary", before.epoch)
    assert serves(made.plan, before)
    assert run_records.unfinished(made.plan.system) is None


def test_the_old_site_is_opened_again_before_the_promotion(made: Stage) -> None:
    """Before the point of closing it serves; after it, it is opened, also when the target is lost meanwhile."""
    with loaded(made):
        broken_off(made, "start_service:shop", "done")
        assert lease_of(made) == ("primary", made.topology.epoch)
        reopened(made)
        outcome = broken_off(made, "hand_over", "done")
        assert outcome.error is not None
        assert "dr failover --to primary" in outcome.error.hint
        assert lease_of(made) == (BETWEEN, made.topology.epoch + 1)
        made.lose("secondary")
        reopened(made)
        made.world.heal()


def lease_of(made: Stage) -> tuple[str, int]:
    seen = made.clouds().witness().read()
    assert seen is not None
    return seen.lease.site, seen.lease.epoch


def test_a_promotion_in_vain_and_every_row_after_one(made: Stage) -> None:
    """Each row of a whole switch is broken off once, and the run gone on with."""
    with loaded(made, epochs=2):
        broken_off(made, "promote_database:core", "done")
        outcome = failover(made.plan, "primary", plan_path=made.plan_path)
        assert outcome.error is None, outcome.error
        assert role_of(made.plan, made.topology, "secondary") == "fenced"
        rebuilt = reprotect(made.plan, "secondary", plan_path=made.plan_path)
        assert rebuilt.error is None, rebuilt.error
        wait_until_whole(made)
        outcome = broken_off(made, GOES_ON[0], "done")
        refused = failover(made.plan, "primary", plan_path=made.plan_path)
        assert isinstance(refused.error, LossTooGreat), refused.error
        assert "dr resume" in refused.error.hint
        for row in GOES_ON[1:]:
            again = resume(outcome.run, plan=made.plan, observer=breaker(row, "done"))
            assert str(again.error) == f"broken off at {row}"
        done = resume(outcome.run, plan=made.plan)
        assert done.error is None, done.error
        assert made.active == "secondary"


def test_an_old_site_that_is_lost_in_the_middle_of_a_switch(made: Stage) -> None:
    """The unplanned failover takes the place of the switch, and loses nothing either: everything had arrived."""
    with loaded(made, epochs=2):
        broken = broken_off(made, "hand_over", "done")
        made.lose("primary")
        outcome = failover(made.plan, "secondary", lost=["primary"], plan_path=made.plan_path)
        assert outcome.error is None, outcome.error
        assert made.active == "secondary"
        assert run_records.load(broken.run).status == "given up"
