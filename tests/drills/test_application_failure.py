"""One service is bad and its site is well: an earlier version runs again, and nothing else is touched."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes
import pytest

from model import names
from scripts.clouds.protocol import ManagedService
from scripts.core.errors import StillFailing
from scripts.core.waiting import wait_until
from scripts.drills.small_world import identifier, settle
from scripts.drills.stage import Stage
from scripts.probes.service_health import why_not_well
from scripts.recover import recover
from scripts.rollback import rollback
from scripts.runs import run_records
from scripts.runs.findings import RungClimbed, ServiceSeen, StackDeclares
from scripts.runs.runbook import Options, RunOutcome
from tests.asserts.waiting import MULTIPLIER
from tests.drills.killed import killed_everywhere

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
SERVICE = "shop"
BAD = {"image": "minimal/shop:bad", "command": ["no-such-program"]}
WITHIN = 60.0 * MULTIPLIER


def dr(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "scripts.dr", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr + ended.stdout


def managed(made: Stage) -> ManagedService:
    return made.clouds().at(made.active).service(SERVICE)


def deploy(made: Stage, changed: dict[str, Any]) -> None:
    """A new version of the service, past its stack, as a deployment job would."""
    where, context = os.environ["KUBECONFIG"], names.cluster(made.plan, made.active)
    with kubernetes.config.new_client_from_config(where, context=context) as api:
        apps, namespace = kubernetes.client.AppsV1Api(api), names.namespace(made.plan)
        container = apps.read_namespaced_deployment(SERVICE, namespace).spec.template.spec.containers[0].name
        template = {"spec": {"containers": [{"name": container, **changed}]}}
        apps.patch_namespaced_deployment(SERVICE, namespace, {"spec": {"template": template}})


def why_not(made: Stage) -> str | None:
    return why_not_well(made.plan, made.clouds(), made.active, SERVICE)


def until_well(made: Stage) -> None:
    wait_until(lambda: why_not(made) is None, seconds=WITHIN, what=f"{SERVICE} to be well", every=0.2)


@pytest.fixture(autouse=True)
def well(made: Stage) -> Iterator[str]:
    """The service is well before; afterwards it runs what it ran. Gives the content of that version."""
    settle(made)
    until_well(made)
    before = next(each for each in managed(made).versions() if each.is_wanted).content
    yield before
    made.world.heal()
    service = managed(made)
    service.roll_back(next(each.name for each in service.versions() if each.content == before))
    service.start(made.plan.service(SERVICE).replicas.active)
    until_well(made)


def test_the_version_before_runs_again_and_each_effect_happens_once(made: Stage, well: str, tmp_path: Path) -> None:
    deploy(made, BAD)
    assert why_not(made) is not None
    revision = max(int(each.name) for each in managed(made).versions())
    more = {"service": SERVICE, "well_within_seconds": WITHIN}
    killed_everywhere(made, "rollback", Options(to=made.active, more=more), ("acted",), tmp_path)
    wanted = next(each for each in managed(made).versions() if each.is_wanted)
    assert (wanted.content, int(wanted.name)) == (well, revision + 1), "it was rolled back once"
    assert why_not(made) is None


def test_a_named_version_runs_again_and_what_the_stack_declares_is_said(made: Stage, well: str) -> None:
    good = next(each for each in managed(made).versions() if each.is_wanted)
    deploy(made, {"image": "minimal/shop:2", "env": [{"name": "DR_RELEASE", "value": "2"}]})
    until_well(made)
    outcome = rollback(made.plan, SERVICE, to=good.name, plan_path=made.plan_path, well_within_seconds=WITHIN)
    assert outcome.error is None
    declared = outcome.found(StackDeclares)
    assert [(each.stack, each.artefact) for each in declared] == [("minimal-prod", good.artefact)]
    assert next(each for each in managed(made).versions() if each.is_wanted).content == well


def test_what_cannot_be_is_refused_before_anything_changes(made: Stage) -> None:
    wanted = managed(made).state()
    assert wanted is not None
    arguments = ("--plan", made.plan_path, "--yes")
    unknown = dr("rollback", "till", *arguments)
    gone = dr("rollback", SERVICE, "--to", "999", *arguments)
    already = dr("rollback", SERVICE, "--to", wanted.version, *arguments)
    elsewhere = dr("rollback", SERVICE, "--site", "mars", *arguments)
    assert (unknown[0], gone[0], already[0], elsewhere[0]) == (2, 3, 0, 2)
    assert "'till' is not a service of minimal" in unknown[1]
    assert "keeps no version 999 of shop" in gone[1]
    assert "done already: shop in primary is to run version" in already[1]
    assert managed(made).state() == wanted
    assert run_records.unfinished(made.plan.system) is None


def climbed(outcome: RunOutcome) -> dict[str, bool]:
    return {each.rung: each.helped for each in outcome.found(RungClimbed)}


def test_a_restart_helps_a_service_that_hangs(made: Stage, well: str) -> None:
    made.world.break_("service", region=made.plan.primary.region, name=SERVICE)
    wait_until(lambda: why_not(made) is not None, seconds=WITHIN, what=f"{SERVICE} to hang")
    outcome = recover(made.plan, SERVICE, plan_path=made.plan_path, well_within_seconds=WITHIN)
    assert outcome.error is None
    assert climbed(outcome) == {"restart": True}
    assert next(each for each in managed(made).versions() if each.is_wanted).content == well
    assert outcome.measures["rto_seconds"] is not None
    again = recover(made.plan, SERVICE, plan_path=made.plan_path)
    assert (again.run, again.status) == ("", "done"), "a service that is well is left alone"


def test_a_rollback_helps_a_version_that_never_comes_up(made: Stage, well: str) -> None:
    deploy(made, BAD)
    seconds = 10.0 * MULTIPLIER  # for each rung: the restart, which cannot help, takes all of it
    outcome = recover(made.plan, SERVICE, plan_path=made.plan_path, well_within_seconds=seconds)
    assert outcome.error is None
    assert climbed(outcome) == {"restart": False, "rollback": True}
    seen = outcome.found(ServiceSeen)[0]
    assert any("no such entry point in the image" in line for lines in seen.logs.values() for line in lines)
    assert next(each for each in managed(made).versions() if each.is_wanted).content == well


def test_where_nothing_helps_it_says_so_and_leaves_no_run_to_be_finished(made: Stage) -> None:
    made.world.break_("database", identifier=identifier(made, "primary"), hang=True)
    wait_until(lambda: why_not(made) is not None, seconds=WITHIN, what=f"{SERVICE} to miss its database")
    outcome = recover(made.plan, SERVICE, plan_path=made.plan_path, begin="scale", well_within_seconds=1.0)
    assert isinstance(outcome.error, StillFailing)
    assert outcome.exit_code == 9
    assert "`dr failover` moves the service" in outcome.error.hint
    assert climbed(outcome) == {"scale": False, "recreate": False}
    state = managed(made).state()
    assert state is not None
    assert state.wanted == made.plan.service(SERVICE).replicas.active, "what did not help was taken back"
    assert run_records.unfinished(made.plan.system) is None
