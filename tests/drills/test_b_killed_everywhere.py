"""
The program is killed at every row of a failover, and inside every row, and started again: each effect happens once.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.core import records
from scripts.core.runbook import Options
from scripts.drills.small_world import identifier, settle
from scripts.drills.stage import Stage
from scripts.runbooks.tables import table
from tests.asserts.calls import calls, count
from tests.asserts.writers import Recorder, assert_never_two_writers, assert_only_writer_is

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1200)]


def test_each_effect_happens_once(made: Stage, tmp_path: Path) -> None:
    settle(made)
    before = made.topology
    rows = table("failover", made.plan, Options()).rows
    deaths = 0
    run = records.new_run_id("failover")
    command = [sys.executable, "-m", "tests.drills.killed", made.plan_path, "secondary", str(tmp_path), run]
    with Recorder(made.world) as recorder:
        made.lose("primary")
        since = time.time()
        while True:
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode != -signal.SIGKILL:
                break
            deaths += 1
            assert deaths <= 2 * len(rows), "it dies of something else"
        assert ended.returncode == 0, ended.stdout + ended.stderr
        finished = time.monotonic()
        made_calls = calls(made.world, since=since)
        with made.writing():
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{row.name}.{at}" for row in rows for at in ("begun", "acted")
    )
    assert deaths >= len(rows), "rows side by side may die together, but no row lived through its turn"
    assert count(made_calls, "PromoteReadReplica") == 1
    assert made.topology.epoch == before.epoch + 1
    seen = made.clouds("primary").witness().read()
    assert seen is not None
    assert (seen.lease.site, seen.lease.epoch) == ("secondary", before.epoch + 1)
    assert_never_two_writers(recorder)
    assert_only_writer_is(recorder, identifier(made, "secondary"), since=finished)
    assert records.load(run).status == "done"
