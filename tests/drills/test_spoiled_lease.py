"""The writer lease of a running service is spoiled: writes stop, a person sees why, and one command repairs it."""

import json
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.clouds.protocol import ConditionFailed, ObjectStore
from scripts.drills.stage import Stage
from scripts.fencing.lease import KEY
from tests.asserts.waiting import wait_until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


def lease(made: Stage, *arguments: str) -> Any:
    command = [sys.executable, "-m", "scripts.dr", "lease", *arguments, "--plan", made.plan_path, "--format", "json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def spoil(objects: ObjectStore) -> bool:
    """The bucket takes conditional writes alone, so a renewal may be quicker."""
    held = objects.read(KEY)
    assert held is not None
    with suppress(ConditionFailed):
        objects.replace(KEY, b"all your writes are belong to us", etag=held.etag)
        return True
    return False


def test_garbage_in_the_lease_is_shown_and_repaired(made: Stage) -> None:
    clouds = made.clouds()
    objects = clouds.at(made.plan.fencing.witness).objects()
    guard = clouds.engine("primary", "core", made.topology.incarnation("primary", "core")).guard
    with made.writing() as workload:
        spoiled_at = datetime.now(UTC)
        wait_until(lambda: spoil(objects), timeout=30, what="the lease to be spoiled")
        wait_until(lambda: not guard.is_open(), timeout=60, what="writes to stop with the lease")
        assert lease(made, "show")["verdict"] == "spoiled"
        lease(made, "repair", "--yes")
        assert lease(made, "show")["verdict"] == "good"
        made.wait_for_writes(workload, time.time())
        loss, outage = made.judge(workload, spoiled_at)
    clouds.close()
    assert (loss.lost, loss.doubled) == (0, 0)
    assert outage is not None
    assert made.active == "primary"
