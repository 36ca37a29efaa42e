"""A bad migration is undone: the databases go back to just before it, and everything else follows."""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from model import Plan, role_of
from scripts.clouds.aws.session import Session
from scripts.clouds.protocol import PointKind
from scripts.core.errors import CheckFailed
from scripts.core.home import project_dir
from scripts.drills.database import SPOILT, damage, wait_until_restorable
from scripts.drills.small_world import identifier
from scripts.drills.stage import Stage
from scripts.hook import run_by_hand
from scripts.probes.backups import usable
from scripts.restore import protect_again, restore
from scripts.runbooks.run import resume
from scripts.runs import run_records
from scripts.runs.divergences import kept as kept_rows
from scripts.runs.findings import GivenUp
from scripts.runs.journal import Entry, path_of, read
from scripts.runs.rows import RowEvent
from tests.asserts.databases import inside, orders
from tests.asserts.evidence import evidence_of
from tests.asserts.waiting import wait_until
from tests.asserts.writers import Recorder, assert_never_two_writers, assert_only_writer_is, assert_refuses_writes

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


def made_by_the_migration(made: Stage) -> None:
    """Tables that the moment does not have: one with a name of its own kind, and one that our role may not read."""
    with psycopg.connect(made.world.admin_dsn(identifier(made, "primary")), autocommit=True) as admin:
        admin.execute("""CREATE TABLE "made %s later" (id int); INSERT INTO "made %s later" VALUES (1), (2), (3)""")
        (owner,) = admin.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'").fetchall()[0]
        admin.execute(SQL('ALTER TABLE "made %s later" OWNER TO {}').format(Identifier(owner)))
        admin.execute("CREATE TABLE nobodys (id int); INSERT INTO nobodys VALUES (1)")
        admin.execute("CREATE ROLE nobodys_owner; ALTER TABLE nobodys OWNER TO nobodys_owner")


def with_own(plan: Plan, gate: Path) -> Plan:
    """The plan with checks and hooks of its user; `gate` is a file without which the restored databases stay closed."""
    spoilt = f"SELECT count(*) FROM orders WHERE payload = '{SPOILT}'"
    newest = "SELECT max(pg_xact_commit_timestamp(xmin)) FROM orders"
    core: dict[str, Any] = {"kind": "sql", "store": "core"}
    command: dict[str, Any] = {"kind": "command"}
    checks = [
        {**core, "name": "clean", "at": ["before_switch"], "query": spoilt, "count": {"equals": 0}, "may_stop": True},
        {**core, "name": "writes", "at": ["before_switch"], "query": "DELETE FROM orders", "rows": {"equals": 0}},
        {**command, "name": "gate", "at": ["before_switch"], "command": ["test", "-e", str(gate)], "may_stop": True},
        {**core, "name": "fresh", "at": ["after_restore"], "query": newest, "age": "15m"},
        {"name": "health", "kind": "http", "at": ["after_restore"], "path": "/health/db", "body": {"writable": True}},
        {**command, "name": "job", "at": ["after_restore"], "service": "shop", "command": ["manage", "wait", "0"]},
    ]  # fmt: skip
    say = "COMMENT ON TABLE orders IS '{}'"
    hooks = {
        "read_only_on": {
            "service": "shop",
            "login": "migration",
            "command": ["manage", "sql", say.format("read only")],
        },
        "migrate": {"service": "shop", "login": "migration", "command": ["manage", "sql", say.format("migrated")]},
        "read_only_off": {
            "service": "shop",
            "command": ["manage", "sql", "SELECT no_such_function()"],
            "may_stop": False,
        },
        "slow": {"service": "shop", "command": ["manage", "wait", "600"], "timeout": "1s"},
    }
    return Plan.model_validate({**plan.model_dump(), "checks": checks, "hooks": hooks})


def outcomes(entries: Iterable[Entry], moment: str) -> dict[str, str]:
    """What the journal says of the plan's own checks at a moment, the last time that they were asked."""
    return {entry.name: entry.status for entry in entries if entry.kind == "probe" and entry.phase == moment}


def comment(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        return str(connection.execute("SELECT obj_description('orders'::regclass)").fetchall()[0][0])


def test_the_databases_go_back_to_just_before_a_bad_migration(made: Stage, tmp_path: Path) -> None:
    epoch, damaged = made.topology.epoch, identifier(made, "primary")
    gate = tmp_path / "gate"
    plan = with_own(made.plan, gate)
    at_the_end: dict[str, Any] = {}
    hooked: list[str] = []

    def look(event: RowEvent) -> None:
        if event.row.name == "retire_damaged" and event.what == "begun":
            assert_refuses_writes(made.world.admin_dsn(damaged))
            at_the_end.update(orders(made.world.admin_dsn(damaged), "payload"))
            hooked.append(comment(made.world.admin_dsn(damaged)))

    with Recorder(made.world) as recorder, made.writing() as workload:
        made.wait_for_writes(workload, time.time() + 1)
        at = datetime.now(UTC).replace(microsecond=0)
        made.wait_for_writes(workload, at.timestamp() + 1)
        committed = orders(made.dsn(), "pg_xact_commit_timestamp(xmin)")
        made_by_the_migration(made)
        fault_at = damage(made, at)
        wait_until_restorable(made, at)
        outcome = restore(plan, at.isoformat(), observer=look, plan_path=made.plan_path, fault_at=fault_at.isoformat())
        assert isinstance(outcome.error, CheckFailed), outcome.error
        assert str(outcome.error) == "1 of 3 checks of primary stop the run: gate: it ended with 1"
        assert outcomes(read(path_of(outcome.run)), "before_switch") == {
            "clean": "passed", "writes": "failed", "gate": "failed",
        }  # fmt: skip
        assert_refuses_writes(made.dsn())
        gate.touch()
        outcome = resume(outcome.run, plan=plan, observer=look)
        assert outcome.error is None, outcome.error
        made.wait_for_writes(workload, time.time())
        done_at = time.monotonic()
        made.wait_for_writes(workload, time.time())
        loss = (made.judge(workload, fault_at))[0]

    restored = orders(made.dsn(), "payload")
    before, after = ({key for key, moment in committed.items() if (moment <= at) is early} for early in (True, False))
    assert before, "nothing was written before the moment: the proof is empty"
    assert after, "nothing was written between the moment and the damage: the proof is empty"
    assert before <= restored.keys()
    assert not after & restored.keys()
    assert SPOILT not in restored.values()

    lost = at_the_end.keys() - restored.keys()
    acknowledged = {each["id"] for each in workload.acknowledged()}
    (found,) = outcome.found(GivenUp)
    assert found.rows == len(lost) + 3
    assert loss.lost == len(lost & acknowledged)
    assert found.changed == sum(payload == SPOILT for key, payload in at_the_end.items() if key in before)
    assert found.changed > 0
    tables = {it["name"]: it["missing"] for it in found.tables["core"] if it["kind"] == "table"}
    assert tables == {"orders": len(lost), '"made %s later"': 3}
    assert [each.name for each in found.unknown] == ["nobodys"]
    assert "may not read it, which belongs to nobodys_owner," in found.unknown[0].reason
    told = {(row["table"], row["which"], row["values"][0]) for each in kept_rows(outcome.run) for row in each.each()}
    assert {('"made %s later"', "missing", str(n)) for n in (1, 2, 3)} <= told
    assert {("orders", "missing", key) for key in lost} <= told
    span = found.until - found.since
    assert loss.first is not None
    assert loss.last is not None
    assert at.timestamp() <= loss.first <= loss.last <= found.until.timestamp()
    assert outcome.measures["loss"]["lost"] == found.rows
    assert outcome.measures["rpo_seconds"] == span.total_seconds()
    assert outcome.measures["objectives_met"] is True

    assert_never_two_writers(recorder, epochs=2)
    assert_only_writer_is(recorder, identifier(made, "primary"), since=done_at)
    assert {each.identifier for each in recorder.accepted() if each.epoch == epoch} == {damaged}
    assert made.topology.epoch == epoch + 1
    kept = evidence_of(outcome, "retire_damaged")["kept"]
    assert kept == [f"{damaged}-final"]
    for_forensics = inside(made, "primary", kept[0], "SELECT id::text, payload FROM orders")
    assert dict(for_forensics) == at_the_end
    assert made.preview_all("after the restore")

    own = list(read(path_of(outcome.run)))
    assert outcomes(own, "before_switch")["gate"] == "passed"
    assert outcomes(own, "after_restore") == {"fresh": "passed", "health": "passed", "job": "passed"}
    assert [*hooked, comment(made.dsn())] == ["read only", "migrated"]
    assert "the hook read_only_off FAILED in primary: " in outcome.results["run_hook:read_only_off"].said
    with pytest.raises(CheckFailed, match="it was ended after 1 s"):
        run_by_hand(plan, "slow", "primary")


def test_replica_and_cold_backups_follow_the_restored_one(left: Stage) -> None:
    plan, restored = left.plan, identifier(left, "primary")
    assert role_of(plan, left.topology, "secondary") == "fenced", "the test before has restored nothing"
    outcomes = protect_again(plan, left.plan_path, quiet=True)
    assert [outcome.status for outcome in outcomes] == ["done"]
    topology = left.topology
    assert role_of(plan, topology, "secondary") == "warm"
    assert topology.backups_of == {"primary": topology.incarnations("primary")}
    with left.writing() as workload:
        left.wait_for_writes(workload, time.time())
        newest = workload.acknowledged()[-1]
        wait_until(lambda: newest["id"] in orders(left.dsn("secondary")), timeout=60, what="the replica to follow")
        clouds = left.clouds()
        cold = clouds.at("tertiary")
        came_from = topology.stores["primary"]["core"].restored_from
        assert came_from is not None
        at = came_from.partition("@")[2]

        def arrived() -> bool:
            points = usable(plan, topology, "core", cold.restore_points("core"))
            return points[0].source == restored and points[0].newest.timestamp() > newest["acked_at"]

        wait_until(arrived, timeout=120, what="the log of the restored database to reach the cold site", every=0.3)
    there = [each for each in cold.restore_points("core") if each.source != restored]
    assert any(each.newest > datetime.fromisoformat(at) for each in there), "no damaged backup: the proof is empty"
    good = usable(plan, topology, "core", there)
    assert all(each.newest <= datetime.fromisoformat(at) for each in good)
    clouds.close()
    assert left.preview_all("after the re-protection")


@pytest.fixture
def unchanged(made: Stage) -> Iterator[None]:
    """Nothing is touched: neither settings, nor lease, nor whether writes are taken."""

    def settings() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in project_dir().glob("Pulumi.*.yaml")}

    before, topology = settings(), made.topology
    yield
    assert settings() == before
    lease = made.clouds().witness().read()
    assert lease is not None
    assert (lease.lease.site, lease.lease.epoch) == ("primary", topology.epoch)
    assert run_records.unfinished(made.plan.system) is None
    with made.writing():
        pass  # begins when writes are acknowledged


def dr_restore(made: Stage, to_time: str, *more: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "scripts.dr", "restore", "--plan", made.plan_path, "--yes", "--to-time", to_time]
    ended = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr.splitlines()[-2:]


def in_a_day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("to_time", "code", "said", "hint"),
    [
        ("yesterday", 2, "--to-time: 'yesterday' is not a time", "write it as 2026-"),
        ("2026-02-30T12:00:00+00:00", 2, "is not a time", "write it as 2026-"),
        ("2026-01-31T12:00:00", 2, "says no zone", "write +00:00 behind it"),
        (in_a_day(1), 2, "has not come yet", "write it as 2026-"),
        (in_a_day(-1), 3, "can be restored to between", "choose a moment in between"),
    ],
    ids=["malformed", "no such day", "no zone", "in the future", "before the oldest"],
)
def test_a_moment_that_cannot_be(made: Stage, to_time: str, code: int, said: str, hint: str) -> None:
    ended, lines = dr_restore(made, to_time)
    assert ended == code, lines
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert lines[1].startswith(f"hint: {hint}")


@pytest.mark.usefixtures("unchanged")
def test_more_would_be_lost_than_is_allowed(made: Stage) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    wait_until_restorable(made, at)
    ended, lines = dr_restore(made, at.isoformat(), "--accept-data-loss", "1ms")
    assert ended == 3, lines
    assert "of writes are given up" in lines[0]
    assert lines[1].startswith("hint: accept it by name: --accept-data-loss")


@pytest.mark.usefixtures("unchanged")
def test_a_database_without_backups(made: Stage) -> None:
    clouds, region = made.clouds(), made.plan.primary.region
    rds, name = Session().client("rds", region, slow=True), identifier(made, "primary")
    days = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["BackupRetentionPeriod"]

    def keep(days: int) -> None:
        rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=days, ApplyImmediately=True)
        wait_until(
            lambda: any(
                each.source == name and each.kind is PointKind.CONTINUOUS
                for each in clouds.at("primary").restore_points("core")
            )
            is bool(days),
            timeout=60, what=f"backups to be kept for {days} days",
        )  # fmt: skip

    keep(0)
    try:
        ended, lines = dr_restore(made, in_a_day(0))
    finally:
        keep(days)
        clouds.close()
    assert ended == 3, lines
    assert f"{name} has no continuous backup" in lines[0]
    assert lines[1].startswith("hint: `dr status` shows")
