"""
What a plan without a warm site does in the one region where it runs: the machines of a service are recovered, and its
data is looked at before the service is taken back to it.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model import names
from scripts.clouds.protocol import ManagedService
from scripts.contain import options_for
from scripts.core.errors import BadInput, Refused
from scripts.core.home import folder
from scripts.core.waiting import wait_until
from scripts.drills.compromised import can_log_in
from scripts.drills.database import SPOILT, damage, wait_until_restorable
from scripts.drills.detection import aimed
from scripts.drills.small_world import small_world
from scripts.drills.stage import Stage
from scripts.engines.postgres.direct import Held, rows_at, with_login
from scripts.probes.service_health import why_not_well
from scripts.recover import recover
from scripts.rollback import rollback
from scripts.runbooks.run import run
from scripts.runs.findings import RungClimbed, ServiceSeen
from scripts.runs.journal import path_of, read
from scripts.runs.runbook import Options, RunOutcome
from scripts.watch import Watch
from tests.asserts.machines import client, deploy, group_of, wanted_version
from tests.asserts.waiting import MULTIPLIER
from tests.drills.killed import killed_everywhere

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
PLAN = str(Path(__file__).parents[1] / "plans" / "backup_region.yaml")
SERVICE = "till"
WITHIN = 60.0 * MULTIPLIER
SHORTLY = 4.0 * MULTIPLIER
"""For rungs that cannot help: they take all of it."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with small_world(tmp_path_factory.mktemp("machines"), PLAN) as made:
        yield made


@pytest.fixture
def failing(world: Stage) -> Iterator[Stage]:
    """
    The service is well before. Its group replaces no failing machine by itself, as an operator wants it who looks for
    what is wrong: else it would often be quicker than the rung.
    """
    until_well(world)
    suspended = {"AutoScalingGroupName": group_of(world, SERVICE), "ScalingProcesses": ["ReplaceUnhealthy"]}
    client(world, "autoscaling").suspend_processes(**suspended)
    yield world
    world.world.heal()
    client(world, "autoscaling").resume_processes(**suspended)


def managed(made: Stage) -> ManagedService:
    return made.clouds().at(made.active).service(SERVICE)


def why_not(made: Stage) -> str | None:
    return why_not_well(made.plan, made.clouds(), made.active, SERVICE)


def until_well(made: Stage) -> None:
    wait_until(lambda: why_not(made) is None, seconds=WITHIN, what=f"{SERVICE} to be well", every=0.2)


def until_bad(made: Stage) -> None:
    wait_until(lambda: why_not(made) is not None, seconds=WITHIN, what=f"{SERVICE} to fail", every=0.1)


def climb(made: Stage, begin: str = "", seconds: float = WITHIN, **more: Any) -> RunOutcome:
    return recover(
        made.plan, SERVICE, begin=begin, plan_path=made.plan_path, well_within_seconds=seconds, **more
    )  # fmt: skip


def climbed(outcome: RunOutcome) -> dict[str, bool]:
    return {each.rung: each.helped for each in outcome.found(RungClimbed)}


def machines(made: Stage) -> set[str]:
    return set(managed(made).logs(1))


def test_a_restart_helps_machines_that_hang_and_keeps_them(failing: Stage) -> None:
    before = machines(failing)
    failing.world.break_("service", region=failing.plan.primary.region, name=SERVICE)
    until_bad(failing)
    outcome = climb(failing)
    assert outcome.error is None
    assert climbed(outcome) == {"restart": True}
    assert machines(failing) == before


def test_machines_whose_program_is_spoiled_are_replaced(failing: Stage) -> None:
    before, version = machines(failing), wanted_version(managed(failing))
    failing.world.break_("crash", region=failing.plan.primary.region, name=SERVICE)
    until_bad(failing)
    outcome = climb(failing, "replace")
    assert outcome.error is None
    assert climbed(outcome) == {"replace": True}
    assert not machines(failing) & before
    assert wanted_version(managed(failing)) == version


def test_a_version_that_answers_500_on_one_path_is_rolled_back(failing: Stage) -> None:
    good = wanted_version(managed(failing))
    deploy(failing, SERVICE, environment={"DR_FAILS_ON": "/orders"}, image="ami-bad")
    wait_until(lambda: "orders" in str(why_not(failing)), seconds=WITHIN, what="the bad version to serve", every=0.2)
    outcome = climb(failing, "rollback")
    assert outcome.error is None
    assert climbed(outcome) == {"rollback": True}
    assert wanted_version(managed(failing)) == good
    assert outcome.found(ServiceSeen)[0].why_not is not None


def test_a_version_that_never_serves_is_rolled_back_by_hand(failing: Stage) -> None:
    good = wanted_version(managed(failing))
    deploy(failing, SERVICE, command=["no-such-program"])
    until_bad(failing)
    outcome = rollback(failing.plan, SERVICE, to=good, plan_path=failing.plan_path, well_within_seconds=WITHIN)
    assert outcome.error is None
    assert wanted_version(managed(failing)) == good


def test_a_group_that_was_changed_past_its_stack_is_failing_anew_and_nothing_else(failing: Stage) -> None:
    """No front door sends to its machines any more: only the code knows that one did."""
    before, scaling = machines(failing), client(failing, "autoscaling")
    shown = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group_of(failing, SERVICE)])
    targets = shown["AutoScalingGroups"][0]["TargetGroupARNs"]
    scaling.detach_load_balancer_target_groups(AutoScalingGroupName=group_of(failing, SERVICE), TargetGroupARNs=targets)
    until_bad(failing)
    outcome = climb(failing, "recreate")
    assert outcome.error is None
    assert climbed(outcome) == {"recreate": True}
    assert not machines(failing) & before
    assert wanted_version(managed(failing)) == "1"


# the data

SPOILED = "SELECT count(*) FROM orders WHERE payload = %(payload)s"


def dr(made: Stage, *arguments: str, program: str = "restore") -> tuple[int, Any, str]:
    command = [sys.executable, "-m", "scripts.dr", program, "--plan", made.plan_path, "--format", "json", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, json.loads(ended.stdout) if ended.stdout.strip() else None, ended.stderr


@pytest.fixture
def beside(world: Stage) -> Iterator[Stage]:
    """Whatever a test leaves beside is dropped after it."""
    yield world
    dr(world, "--discard")


def copy_of(made: Stage) -> str:
    return names.beside(made.plan, made.active, made.stores[0])


def spoiled(dsn: str) -> int:
    ((count,),) = rows_at(dsn, SPOILED, {"payload": SPOILT})
    return int(count)


def test_the_service_is_left_alone_until_it_is_switched_to_what_was_looked_at(beside: Stage) -> None:
    assert dr(beside, "--switch", "--yes")[0] == 3, "nothing is restored beside yet"
    with beside.writing() as workload:
        at = datetime.now(UTC).replace(microsecond=0)
        beside.wait_for_writes(workload, at.timestamp() + 1)
        damage(beside, at)
        wait_until_restorable(beside, at)
        identifier, began = beside.identifier(), time.time()
        code, seen, said = dr(beside, "--to-time", at.isoformat(), "--beside")
        assert code == 0, said
        beside.wait_for_writes(workload, began)
        assert beside.identifier() == identifier, "the service has what it had"
        (copy,) = seen["copies"]
        assert copy["identifier"] == copy_of(beside)
        assert [(each["name"], each["passed"]) for each in copy["checks"]] == [("spoiled", True)]
        assert spoiled(beside.world.admin_dsn(copy_of(beside))) == 0 < spoiled(beside.dsn())
        again = dr(beside, "--to-time", at.isoformat(), "--beside")
        assert (again[0], "is restored beside already" in again[2]) == (3, True)
        code, _, said = dr(beside, "--switch", "--yes")
        assert code in {0, 9}, said
        beside.wait_for_writes(workload, time.time())
    assert beside.identifier() != identifier
    assert spoiled(beside.dsn()) == 0
    assert copy_of(beside) not in {each["identifier"] for each in beside.world.status()["databases"]}


def test_a_copy_is_dropped_and_the_service_goes_on(beside: Stage) -> None:
    identifier, at = beside.identifier(), datetime.now(UTC).replace(microsecond=0)
    wait_until_restorable(beside, at)
    assert dr(beside, "--latest", "--beside")[0] == 0
    code, gone, _ = dr(beside, "--discard")
    assert (code, gone["dropped"]) == (0, [copy_of(beside)])
    assert (dr(beside, "--discard")[0], dr(beside, "--switch", "--yes")[0]) == (0, 3)
    assert beside.identifier() == identifier


def test_what_contradicts_itself_or_cannot_be_is_refused_before_anything_is_made(beside: Stage) -> None:
    future = dr(beside, "--to-time", "2999-01-01T00:00:00+00:00", "--beside")
    early = dr(beside, "--to-time", "2001-01-01T00:00:00+00:00", "--beside")
    both = dr(beside, "--switch", "--discard")
    aimed = dr(beside, "--discard", "--latest")
    assert (future[0], early[0], both[0], aimed[0]) == (2, 3, 2, 2)
    assert "can be restored to between" in early[2]
    assert copy_of(beside) not in {each["identifier"] for each in beside.world.status()["databases"]}


# a breach

HARD_TO_REPEAT = ("renew_logins",)


async def until_seen_anew(watcher: Watch, stolen: str) -> None:
    async with asyncio.timeout(WITHIN):
        while True:
            await watcher.step()
            logins = [each.login for each in watcher._watched.values()]
            if all(each.password != stolen for each in logins) and not watcher.verdict.failing():
                return
            await asyncio.sleep(watcher.plan.detection.interval.total_seconds())


def test_a_breach_is_contained_although_the_program_is_killed(world: Stage, tmp_path: Path) -> None:
    plan, site, owner = world.plan, world.active, names.database_user(world.plan)
    stolen, where = world.password(site), world.dsn()
    inside, watcher = Held(with_login(where, owner, stolen)), aimed(plan)
    with world.writing() as workload:
        began = time.time()
        options = options_for(plan, world.topology, since=(datetime.now(UTC) - timedelta(hours=1)).isoformat())
        run_id = killed_everywhere(world, "contain", options, ("acted",), tmp_path, only=HARD_TO_REPEAT)
        world.wait_for_writes(workload, time.time())
        loss, _ = world.judge(workload, datetime.fromtimestamp(began, UTC))
    assert loss.lost == 0
    assert not inside.answers(), "a session that was opened with the old password"
    assert not can_log_in(world, site, owner, stolen)
    assert can_log_in(world, site, owner, world.password(site))
    asyncio.run(until_seen_anew(watcher, stolen))
    assert not watcher.outcomes, "a watcher whose login is old has not seen that the database is down"
    watcher.clouds.close()
    ended = read(path_of(run_id))
    roles = next(
        each.evidence["found"]["roles"] for each in ended if each.name == "end_role_sessions" and each.status == "done"
    )
    assert roles == [names.agent_role(plan, site), names.service_role(plan, site, SERVICE)]
    kept = folder("breaches") / run_id
    assert kept.joinpath("recent.jsonl").read_text().count("\n") > 0
    assert not kept.joinpath("unknown.jsonl").exists(), "what could not be asked is said, and stops nothing"


def test_a_breach_is_contained_where_the_service_runs_and_nowhere_else(world: Stage) -> None:
    with pytest.raises(BadInput, match="before it begins"):
        options_for(world.plan, world.topology, "2026-01-02T00:00:00+00:00", "2026-01-01T00:00:00+00:00")
    options = Options(to="backup", more={"disaster": "compromise", "contained": True})
    outcome = run("contain", world.plan, options, plan_path=world.plan_path)
    assert isinstance(outcome.error, Refused)
    assert "backup is not the active site" in str(outcome.error)
    code, found, _ = dr(world, "--assess", "--since", "2026-01-01T00:00:00+00:00", program="contain")
    assert (code, list(found["rows"])) == (1, ["recent"]), "one of the questions cannot be asked"
    assert "no_such_table" in found["said"]["unknown"]
    assert dr(world, "--assess", "--since", "2999-01-01T00:00:00+00:00", program="contain")[0] == 2
