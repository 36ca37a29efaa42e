"""The program is killed at every row of a run, and inside every row, and started again: each effect happens once."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.drills.database import SPOILT, damage, wait_until_restorable
from scripts.drills.small_world import identifier
from scripts.drills.stage import Stage
from scripts.failover import lost_by_default
from scripts.restore import options_for
from scripts.runs.runbook import Options
from tests.asserts.calls import calls, count
from tests.asserts.databases import orders
from tests.asserts.writers import Recorder, assert_never_two_writers, assert_only_writer_is
from tests.drills.killed import killed_everywhere

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


def test_each_effect_of_a_failover_happens_once(made: Stage, tmp_path: Path) -> None:
    before = made.topology
    lost = lost_by_default(made.plan, before, "secondary")
    options = Options(to="secondary", more={"disaster": "regional_outage", "lost": lost})
    with Recorder(made.world) as recorder:
        made.lose("primary")
        since = time.time()
        killed_everywhere(made, "failover", options, ("begun", "acted"), tmp_path)
        finished = time.monotonic()
        made_calls = calls(made.world, since=since)
        with made.writing():
            pass
    assert count(made_calls, "PromoteReadReplica") == 1
    assert made.topology.epoch == before.epoch + 1
    seen = made.clouds("primary").witness().read()
    assert seen is not None
    assert (seen.lease.site, seen.lease.epoch) == ("secondary", before.epoch + 1)
    assert_never_two_writers(recorder)
    assert_only_writer_is(recorder, identifier(made, "secondary"), since=finished)


def test_each_effect_of_a_restore_happens_once(made: Stage, tmp_path: Path) -> None:
    before, damaged = made.topology, identifier(made, "primary")
    with Recorder(made.world) as recorder, made.writing() as workload:
        at = datetime.now(UTC).replace(microsecond=0)
        made.wait_for_writes(workload, at.timestamp() + 1)
        damage(made, at)
        wait_until_restorable(made, at)
        since = time.time()
        options = options_for(made.plan, before, at.isoformat(), None)
        killed_everywhere(made, "restore", options, ("acted",), tmp_path)
        made_calls = calls(made.world, since=since)
        made.wait_for_writes(workload, time.time())
        loss, _ = made.judge(workload, at)
    assert count(made_calls, "RestoreDBInstanceToPointInTime") == 1
    assert loss.first is not None
    assert loss.first >= at.timestamp()
    assert SPOILT not in orders(made.dsn(), "payload").values()
    assert made.topology.epoch == before.epoch + 1
    assert_never_two_writers(recorder, epochs=2)
    assert {each.identifier for each in recorder.accepted() if each.epoch == before.epoch} == {damaged}
    finals = {each.name for each in made.clouds().at("primary").restore_points("core")}
    assert f"{damaged}-final" in finals
