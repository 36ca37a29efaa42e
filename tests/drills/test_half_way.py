"""
A planned switch is broken off at every row, on purpose, and left again: by opening the site that holds every row, or by
going on once the new one is open. Requests come in all the time, and none that was acknowledged is lost.
"""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from model.roles import role_of
from sandbox.workload import Workload
from scripts.acts.leases import take_from_living
from scripts.clouds.access import Clouds
from scripts.core.errors import DrError, HandedBack, LossTooGreat
from scripts.drills.small_world import settle
from scripts.drills.stage import Stage
from scripts.drills.whole import wait_until_whole
from scripts.engines.postgres import guard
from scripts.failover import failover, serves
from scripts.fencing.lease import BETWEEN, WitnessLease
from scripts.reprotect import reprotect
from scripts.runbooks.run import resume
from scripts.runs import run_records
from scripts.runs.findings import HandedOver
from scripts.runs.journal import Journal
from scripts.runs.rows import Observer, RowEvent
from scripts.runs.runbook import Context, Options, RunOutcome
from scripts.stacks.stacks import Stacks
from scripts.steps.hand_over import hand_over
from tests.asserts.ledgers import assert_ledger_survived
from tests.asserts.waiting import wait_until
from tests.asserts.writers import Recorder, assert_never_two_writers

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

OPENS_THE_OLD_SITE = [
    ("check_target", "done"),
    ("check_hand_over", "done"),
    ("declare_disaster", "done"),
    ("start_service:shop", "done"),
    ("hand_over", "begun"),
    ("hand_over", "done"),
    ("promote_database:core", "begun"),
]
SOON = timedelta(seconds=2)
GOES_ON = [
    "grant_lease",
    "switch_traffic",
    "verify_service",
    "record_topology",
    "verify_tiers",
    "reconcile_stack",
    "preview_other_stacks",
]


class BrokenOff(DrError):
    """What these tests break a run off with."""


@contextmanager
def loaded(made: Stage, epochs: int = 1) -> Iterator[None]:
    """Requests come in, the primary is active, and in the end everything is whole and nothing was lost."""
    settle(made)
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
    lease = made.clouds().witness().read()
    assert lease is not None
    assert (lease.lease.site, lease.lease.epoch) == ("primary", before.epoch)
    assert serves(made.plan, before)
    assert run_records.unfinished(made.plan.system) is None


def test_the_old_site_is_opened_again_from_every_row_before_the_promotion(made: Stage) -> None:
    with loaded(made):
        for row, what in OPENS_THE_OLD_SITE:
            outcome = broken_off(made, row, what)
            assert outcome.error is not None
            lease = made.clouds().witness().read()
            assert lease is not None
            closed = row == "promote_database:core" or (row, what) == ("hand_over", "done")
            assert lease.lease.site == (BETWEEN if closed else "primary")
            if closed:
                assert "dr failover --to primary" in outcome.error.hint
            reopened(made)


def context_of(made: Stage) -> Context:
    """As a step of a switch to the secondary has it."""
    options = Options(to="secondary", more={"planned": True})
    journal = Journal.of(run_records.new_run_id("switchover"))
    return Context("half-way", made.plan, made.topology, Stacks(made.plan), journal, made.clouds(), options=options)


def test_the_old_site_is_opened_again_from_inside_a_hand_over(made: Stage) -> None:
    """As it is left by a program that is killed between two of its effects."""
    context, epoch = context_of(made), made.topology.epoch
    database = context.clouds.database("primary", "core", made.topology.incarnation("primary", "core"))
    with loaded(made):
        take_from_living(context, BETWEEN)
        reopened(made)
        take_from_living(context, BETWEEN)
        assert guard.revoke(database, BETWEEN, epoch + 1)
        reopened(made)
        take_from_living(context, BETWEEN)
        assert guard.revoke(database, BETWEEN, epoch + 1)
        assert guard.take_back(database, "primary", epoch)  # the way back was cut off too
        reopened(made)
    context.clouds.close()
    context.journal.close()


def test_a_hand_over_that_is_not_sure_in_time_is_taken_back_by_itself(made: Stage) -> None:
    """The link is cut when everything has been seen to be well: the last of it does not arrive at the target."""
    primary, warm = made.plan.primary.region, made.plan.site("secondary").region
    plan = made.plan.model_copy(update={"switchover": made.plan.switchover.model_copy(update={"hand_over": SOON})})
    context = replace(context_of(made), plan=plan)

    class Cut(Clouds):
        """Cuts the link as soon as the lease is taken."""

        def witness(self) -> WitnessLease:
            found = super().witness()
            made.world.break_("link", a=primary, b=warm)
            return found

    with loaded(made):
        hurt = replace(context, clouds=Cut(plan))
        with pytest.raises(HandedBack, match="primary takes writes again") as handed_back:
            hand_over(hurt)
        assert handed_back.value.exit_code == 1
        made.world.heal()


def test_the_target_is_lost_after_half_a_switch(made: Stage) -> None:
    with loaded(made):
        broken_off(made, "hand_over", "done")
        made.lose("secondary")
        reopened(made)
        made.world.heal()


def test_a_reader_that_holds_up_the_target_is_ended(made: Stage) -> None:
    """It is in a transaction, and what replay has to lock is what it has read."""
    with loaded(made):
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(made.dsn("primary"), autocommit=True) as writer,
            psycopg.connect(made.dsn("secondary")) as reader,
        ):
            writer.execute("CREATE TABLE taken_away (id int)")
            wait_until(lambda: exists(made.dsn("secondary"), "taken_away"), timeout=30, what="the table to arrive")
            reader.execute("SELECT count(*) FROM taken_away")
            writer.execute("DROP TABLE taken_away")
            outcome = broken_off(made, "promote_database:core", "begun")
            found = outcome.found(HandedOver)[0]
            assert any("in secondary" in each for each in found.ended)
        reopened(made)


def exists(dsn: str, table: str) -> bool:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return bool(row and row[0])


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
