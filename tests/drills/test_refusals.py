"""What a failover refuses, by exit code and text, and that nothing was changed by it."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from scripts.core.errors import LossTooGreat, NotFenced, Refused
from scripts.drills.stage import Stage
from scripts.failover import failover
from scripts.runbooks.run import run
from scripts.runs import run_records
from scripts.runs.lock import run_lock
from scripts.runs.runbook import Options

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


@pytest.fixture(autouse=True)
def unchanged(made: Stage) -> Iterator[None]:
    before = made.topology
    yield
    made.world.heal()
    assert made.topology == before
    lease = made.clouds().witness().read()
    assert lease is not None
    assert (lease.lease.site, lease.lease.epoch) == ("primary", before.epoch)


def dr(*arguments: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.dr", *arguments], capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stderr + ended.stdout


def test_an_unknown_site(made: Stage) -> None:
    code, said = dr("failover", "--to", "mars", "--plan", made.plan_path, "--yes")
    assert code == 2
    assert "'mars' is not a site of minimal" in said
    assert "hint: there is primary, secondary, tertiary" in said


def test_the_active_site_is_done_already(made: Stage) -> None:
    code, said = dr("failover", "--to", "primary", "--plan", made.plan_path, "--yes")
    assert code == 0
    assert "primary is active already" in said


def test_a_living_writer(made: Stage) -> None:
    outcome = failover(made.plan, "secondary", plan_path=made.plan_path)
    assert isinstance(outcome.error, NotFenced)
    assert outcome.exit_code == 3
    assert "renewed its writer lease" in str(outcome.error)


def test_a_lock_that_is_held(made: Stage) -> None:
    with run_lock(made.plan.system, "dr up"):
        code, said = dr("failover", "--to", "secondary", "--plan", made.plan_path, "--yes")
    assert code == 4
    assert "runs `dr up`" in said


def test_a_site_that_does_not_answer_leaves_no_run_to_be_finished(made: Stage) -> None:
    made.lose("secondary")
    outcome = run("reprotect", made.plan, Options(to="secondary"), plan_path=made.plan_path)
    assert outcome.exit_code == 7
    assert "no answer" in str(outcome.error)
    assert run_records.unfinished(made.plan.system) is None


def test_a_replica_that_is_too_stale(made: Stage) -> None:
    primary, warm = made.plan.primary.region, made.plan.site("secondary").region
    with made.writing():
        made.world.break_("link", a=primary, b=warm)
        made.wait_for_lag("secondary", seconds=2.0)
        rows = ("failover", "--to", "secondary", "--plan", made.plan_path, "--dry-run")
        allowed, refused = dr(*rows), dr(*rows, "--accept-data-loss", "1s")
        outcome = failover(made.plan, "secondary", plan_path=made.plan_path, accept_data_loss=timedelta(seconds=1))
    assert allowed[0] == 0
    assert "secondary can take over; at most" in allowed[1]
    assert refused[0] == 3
    assert "hint: accept it by name: --accept-data-loss" in refused[1]
    assert isinstance(outcome.error, LossTooGreat)
    assert outcome.exit_code == 3
    assert "--accept-data-loss" in outcome.error.hint


def test_a_cold_site_without_a_backup_that_is_young_enough(made: Stage) -> None:
    made.lose("primary", "secondary")
    outcome = failover(made.plan, "tertiary", plan_path=made.plan_path, accept_data_loss=timedelta(microseconds=1))
    assert isinstance(outcome.error, (LossTooGreat, Refused))
    assert outcome.exit_code == 3
