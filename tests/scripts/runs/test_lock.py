"""One run at a time for each plan, and whose it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from scripts.core.errors import Locked
from scripts.runs.lock import owner_of, run_lock

HOLDER = """
import sys
from scripts.runs.lock import run_lock
with run_lock("samia", "dr failover --to secondary"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder() -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=30)


def test_a_second_run_is_told_whose_the_first_is(holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Locked) as caught, run_lock("samia", "dr failback"):
        pass
    end(holder)
    assert f"(pid {holder.pid}) runs `dr failover --to secondary` since 20" in str(caught.value)
    assert caught.value.exit_code == 4
    with run_lock("samia", "dr failback"):
        pass


def test_a_holder_that_was_killed_holds_nothing(holder: subprocess.Popen[str]) -> None:
    owner = owner_of("samia")
    assert owner is not None
    assert owner.pid == holder.pid
    holder.send_signal(signal.SIGKILL)
    end(holder)
    assert owner_of("samia") is None
    with run_lock("samia", "dr failback") as owner:
        assert owner.pid == os.getpid()
        assert owner_of("samia") == owner
    assert owner_of("samia") is None


def test_the_same_process_does_not_get_it_twice() -> None:
    with run_lock("samia", "dr failover"), pytest.raises(Locked, match="dr failover"), run_lock("samia", "dr drill"):
        pass


def test_other_plans_and_other_worlds_are_not_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with run_lock("samia", "dr failover"), run_lock("comet", "dr failover"):
        monkeypatch.setenv("DR_SANDBOX", "/some/world")
        with run_lock("samia", "dr drill"):
            pass
