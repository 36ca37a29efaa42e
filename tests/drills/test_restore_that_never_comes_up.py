"""A database that never comes up: the run says so, nobody takes writes by mistake, and it can go on later."""

import time

import pytest

from scripts.drills.backups import wait_for_backup, write_sentinel_rows
from scripts.drills.small_world import settle
from scripts.drills.stage import Stage
from scripts.failover import failover
from scripts.probes.overview import look
from scripts.runbooks.run import resume
from scripts.runs import run_records

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


def test_a_cold_site_whose_database_cannot_be_restored_goes_on_when_the_backup_is_whole_again(made: Stage) -> None:
    plan = made.plan
    assert plan.cold is not None
    with made.writing() as workload:
        made.wait_for_writes(workload, time.time())
        wait_for_backup(made, plan.cold.name, write_sentinel_rows(made, made.active))
    cold = plan.cold.region
    for kept in made.world.status()["regions"][cold]["backups"]:  # of every incarnation: any would do
        made.world.break_("backup", region=cold, name=kept["name"])
    made.lose("primary", "secondary")

    outcome = failover(plan, plan.cold.name, plan_path=made.plan_path)
    assert outcome.error is not None, "it was restored from damaged backups"
    assert outcome.exit_code not in {0, 1}
    assert "minimal-tertiary-core" in str(outcome.error), outcome.error
    assert f"dr resume {outcome.run}" in outcome.error.lines()[1]
    assert look(plan, made.topology, made.clouds("primary", "secondary")).writers == []
    open_run = run_records.unfinished(plan.system)
    assert open_run is not None
    assert open_run.run == outcome.run

    made.world.heal("backup")
    again = resume(outcome.run)
    assert again.status == "done", again.error
    assert made.active == plan.cold.name
    settle(made)
