"""Somebody had their hands in the active site: it is closed and kept, and the service goes on in a clean one."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model import names, role_of
from scripts.clouds.aws.isolation import OLDER_SESSIONS, SecurityGroups
from scripts.clouds.aws.session import Session
from scripts.compromise import compromise, options_for
from scripts.core.errors import Refused
from scripts.core.home import home, project_dir
from scripts.core.net import Unreachable
from scripts.drills.compromised import READER, add_reader, can_log_in
from scripts.drills.database import SPOILT, damage, wait_until_restorable
from scripts.drills.small_world import identifier, settle
from scripts.drills.stage import Stage
from scripts.failback import failback
from scripts.failover import failover
from scripts.probes.backups import usable
from scripts.probes.web import door_of, get
from scripts.reprotect import reprotect
from scripts.runs import run_records
from scripts.runs.journal import path_of, read
from scripts.runs.measure import measure
from tests.asserts.calls import calls, count
from tests.asserts.databases import inside, orders
from tests.asserts.writers import Recorder, assert_never_two_writers, assert_only_writer_is
from tests.drills.killed import killed_everywhere

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
CLOSED = ("primary", "secondary")


def test_the_service_goes_on_in_a_clean_site_from_a_clean_state(made: Stage, tmp_path: Path) -> None:
    """Although the program is killed in every row, when it has acted and nobody knows it yet."""
    plan, epoch, old = made.plan, made.topology.epoch, identifier(made, "primary")
    cold = plan.site("tertiary").region
    known, owner = made.password("primary"), names.database_user(plan)
    with Recorder(made.world) as recorder, made.writing() as workload:
        add_reader(made)
        made.wait_for_writes(workload, time.time() + 2)  # some of them lie a second before the moment, a whole one
        clean = datetime.now(UTC).replace(microsecond=0)
        made.wait_for_writes(workload, clean.timestamp() + 1)
        before = orders(made.dsn(), "created_at")
        broken_in_at = damage(made, clean)
        wait_until_restorable(made, clean, "tertiary")
        began = time.time()
        moments: dict[str, Any] = {"fault_at": broken_in_at.isoformat(), "detected_at": datetime.now(UTC).isoformat()}
        options = options_for(plan, clean.isoformat(), **moments)
        run = killed_everywhere(made, "compromise", options, ("acted",), tmp_path)
        granted = calls(made.world, since=began)
        made.wait_for_writes(workload, time.time())
        done_at = time.monotonic()
        made.wait_for_writes(workload, time.time())
        loss, _ = made.judge(workload, broken_in_at)

    journal = list(read(path_of(run)))
    steps = {entry.name: entry for entry in journal if entry.kind == "step"}
    found = {name: entry.evidence["found"] for name, entry in steps.items()}
    new_writer = [each for each in recorder.accepted() if each.identifier == identifier(made, "tertiary")]
    ended = steps["inspect_restored"].ended
    assert ended is not None
    looked_into_at = time.monotonic() - time.time() + ended.timestamp()
    assert new_writer[0].ended > looked_into_at, "nobody may write before somebody has looked inside"
    assert count(granted, "RestoreDBInstanceToPointInTime") == 1
    assert count(granted, "CreateDBSnapshot") == 1
    assert count(granted, "CopyDBSnapshot") == 1
    assert count(granted, "PutSecretValue") == 1
    restored = orders(made.dsn("tertiary"), "payload")
    early = {key for key, moment in before.items() if moment < clean - timedelta(seconds=1)}
    assert early, "nothing was written before the moment: the proof is empty"
    assert early <= restored.keys()
    assert SPOILT not in restored.values()
    assert loss.first is not None
    assert clean.timestamp() - 1 <= loss.first
    stake = found["fence_compromised_writer"]
    assert loss.last is not None
    assert loss.last <= datetime.fromisoformat(stake["stopped_at"]).timestamp()
    measures = measure(plan, journal)
    assert measures.objectives_met is True
    assert measures.disaster == "compromise"

    assert_never_two_writers(recorder, epochs=2)
    assert_only_writer_is(recorder, identifier(made, "tertiary"), since=done_at)
    topology = made.topology
    assert (topology.active_site, topology.epoch, topology.isolated) == ("tertiary", epoch + 1, CLOSED)
    assert made.preview_all("after the compromise")

    # Nothing of what the intruder holds is good any more.
    new = made.password("tertiary")
    assert new != known
    assert not can_log_in(made, "tertiary", owner, known)
    assert can_log_in(made, "tertiary", owner, new)
    assert not can_log_in(made, "tertiary", READER, READER)
    assert not can_log_in(made, "primary", owner, known)
    assert can_log_in(made, "primary", READER, READER), "what is evidence was not touched more than it must be"
    assert found["inspect_restored"]["cannot_log_in"] == {"core": ["dr_migrate", "dr_shop_service", READER]}
    clouds, session = made.clouds(), Session()
    for site in CLOSED:
        region = plan.site(site).region
        groups = found[f"isolate_site:{site}"]["openings"]
        assert len(groups) >= 2, "front door and database have a group each"
        assert all(each.closed for each in SecurityGroups(session, plan, site, [identifier(made, site)]).openings())
        had = [entry.evidence for entry in journal if entry.name == "isolating" and entry.evidence["site"] == site]
        assert {each["name"] for each in had[0]["rules"] if each["rules"]["ingress"]} == set(groups), (
            "what is given back"
        )
        assert had[0]["replicas"]["dr-sentinel"] == 1
        with pytest.raises(Unreachable):
            get(door_of(plan, clouds.at(site).front_door()), "/health")
        assert not any(found.ready for found in clouds.at(site).running().values())
        policy = session.client("iam", cold).get_role_policy(
            RoleName=names.nodes_role(plan, site), PolicyName=OLDER_SESSIONS
        )
        assert "aws:TokenIssueTime" in str(policy["PolicyDocument"])
        secrets = session.client("secretsmanager", region).list_secrets()["SecretList"]
        theirs = {each["Name"] for each in secrets}
        assert names.database_secret(plan, site, "core") in theirs, "no secret is seen there: the proof is empty"
        assert names.database_secret(plan, "tertiary", "core") not in theirs, "the new password is copied there"

    # What was compromised is kept where the clean site is, and is never restored into service.
    kept = found["preserve_evidence:core"]
    assert kept["sites"] == ["primary", "tertiary"]
    points = clouds.at("tertiary").restore_points("core")
    assert kept["snapshot"] in {each.name for each in points}
    assert kept["snapshot"] not in {each.name for each in usable(plan, topology, "core", points)}
    assert all(each.newest <= clean for each in usable(plan, topology, "core", points) if each.source == old)
    assert (SPOILT,) in inside(made, "tertiary", kept["snapshot"], "SELECT DISTINCT payload FROM orders")
    clouds.close()

    # No secret has got into anything that is written down.
    written = [*home().rglob("*.json*"), *home().rglob("*.sqlite*"), *project_dir().glob("Pulumi.*.yaml")]
    assert any(path.name == f"{run}.jsonl" for path in written)
    for path in written:
        held = path.read_bytes()
        assert new.encode() not in held, path
        assert known.encode() not in held, path


def dr(*arguments: str) -> tuple[int, list[str]]:
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.dr", *arguments], capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stderr.splitlines()[-2:]


@pytest.fixture
def closed(left: Stage) -> None:
    """After a compromise: the two sites are closed already where the test before has passed."""
    if left.topology.isolated == CLOSED:
        return
    settle(left)
    clean = datetime.now(UTC).replace(microsecond=0)
    wait_until_restorable(left, clean, "tertiary")
    outcome = compromise(left.plan, clean.isoformat(), plan_path=left.plan_path, approved_by=("the drill",))
    assert outcome.error is None, outcome.error
    assert left.topology.isolated == CLOSED


@pytest.mark.usefixtures("closed")
def test_nothing_goes_back_to_a_closed_site_until_somebody_says_that_it_is_clean(left: Stage) -> None:
    before = left.topology
    with pytest.raises(Refused, match="found compromised"):
        reprotect(left.plan, "primary", plan_path=left.plan_path)
    with pytest.raises(Refused, match="fenced"):
        failover(left.plan, "primary", planned=True, plan_path=left.plan_path)
    code, lines = dr("failback", "--plan", left.plan_path, "--yes")
    assert code == 3, lines
    assert lines == [
        "error: primary was found compromised and is isolated",
        'hint: when it has been built anew, say so: --declared-clean "how you know that it is clean"',
    ]
    assert left.topology == before
    assert run_records.unfinished(left.plan.system) is None


@pytest.mark.usefixtures("closed")
def test_a_site_that_was_built_anew_comes_back_with_the_new_login(left: Stage) -> None:
    plan = left.plan
    for site in CLOSED:
        outcome = reprotect(plan, site, plan_path=left.plan_path, declared_clean="rebuilt from images, INC-7")
        assert outcome.error is None, outcome.error
        assert role_of(plan, left.topology, site) == "warm"
        assert left.password(site) == left.password("tertiary")
        decisions = [entry for entry in read(path_of(outcome.run)) if entry.name == "declared_clean"]
        assert ["INC-7" in entry.sentence for entry in decisions] == [True]
    assert left.topology.isolated == ()
    with left.writing() as workload:
        for outcome in failback(plan, plan_path=left.plan_path):
            assert outcome.error is None, outcome.error
        left.wait_for_writes(workload, time.time())
        loss, _ = left.judge(workload, None)
    assert loss.lost == 0
    assert left.active == "primary"
    assert left.preview_all("after the failback")
    clouds = left.clouds()
    assert get(door_of(plan, clouds.at("primary").front_door()), "/health/db").status == 200
    finals = {each.name for each in clouds.at("primary").restore_points("core")}
    clouds.close()
    assert any(name.endswith("-final") for name in finals), "what was compromised is kept to the end"


@pytest.fixture
def unchanged(made: Stage) -> Iterator[None]:
    before, lease = made.topology, made.clouds().witness().read()
    assert lease is not None
    yield
    assert made.topology == before
    after = made.clouds().witness().read()
    assert after is not None
    assert (after.lease.site, after.lease.epoch) == (lease.lease.site, lease.lease.epoch)
    assert run_records.unfinished(made.plan.system) is None
    with made.writing():
        pass


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--clean-before", "before lunch"), 2, "--clean-before: 'before lunch' is not a time"),
        (("--clean-before", ago(-1)), 2, "has not come yet"),
        (("--clean-before", ago(3)), 3, "holds no backup of core from before"),
        (("--clean-before", ago(0), "--to", "mars"), 2, "'mars' is not a site of minimal"),
        (("--clean-before", ago(0), "--to", "secondary"), 3, "secondary is not cold"),
        (("--clean-before", ago(0), "--compromised", "tertiary"), 2, "tertiary cannot be given up and take over"),
        (("--clean-before", ago(0), "--compromised", "secondary"), 3, "primary is active and counts as clean"),
        (("--accept-data-loss", "1ms"), 3, "of writes are given up"),
    ],
    ids=["malformed", "in the future", "no backup", "unknown site", "not clean", "itself", "nothing to leave", "loss"],
)
def test_what_is_refused(made: Stage, arguments: tuple[str, ...], code: int, said: str) -> None:
    if "--clean-before" not in arguments:
        now = datetime.now(UTC)
        wait_until_restorable(made, now, "tertiary")
        arguments = ("--clean-before", now.isoformat(), *arguments)
    ended, lines = dr("compromise", "--plan", made.plan_path, "--yes", *arguments)
    assert ended == code, lines
    assert said in lines[0]
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("hint: ")


def test_two_people_must_agree_where_the_plan_says_so(made: Stage) -> None:
    code, lines = dr("compromise", "--plan", "samia", "--yes", "--clean-before", ago(0))
    assert code == 5, lines
    assert "2 people must agree" in lines[0]
    assert made.topology.isolated == ()
