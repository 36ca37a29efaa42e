"""A command of the user ends in its time with all that it started, and what it said is kept without secrets."""

import sys
from pathlib import Path

import psutil
import pytest

from scripts.core.commands import LONGEST_SAID, run_bounded
from scripts.core.errors import BadInput
from tests.asserts.waiting import wait_until

# It starts a child that outlives it unless somebody ends that too, says its pid, and ignores a polite end.
HANGS = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_its_exit_and_its_words_are_told(tmp_path: Path) -> None:
    ran = run_bounded(python("print('three orders'); raise SystemExit(3)"), seconds=60, environment={}, folder=tmp_path)
    assert ran.exit_code == 3
    assert ran.why_not_done(60) == "it ended with 3: three orders"


def test_one_that_succeeds_has_no_reason(tmp_path: Path) -> None:
    assert run_bounded(python("pass"), seconds=60, environment={}, folder=tmp_path).why_not_done(60) is None


def test_one_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    ran = run_bounded(python(HANGS), seconds=3, environment={}, folder=tmp_path)
    assert ran.exit_code is None
    assert "it was ended after 3 s" in str(ran.why_not_done(3))
    child = int(ran.said)

    def gone() -> bool:
        return not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE

    wait_until(gone, timeout=30, what="the child of the command to end")


def test_it_has_no_variable_that_was_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS_ALONE", "x")
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    ran = run_bounded(python(code), seconds=60, environment={"GIVEN": "y"}, folder=tmp_path)
    assert ran.said.strip() == "['GIVEN']"


def test_a_secret_that_it_writes_is_not_kept(tmp_path: Path) -> None:
    ran = run_bounded(python("print('password=hunter2hunter2')"), seconds=60, environment={}, folder=tmp_path)
    assert "hunter2" not in ran.said


def test_of_much_output_the_end_is_kept(tmp_path: Path) -> None:
    ran = run_bounded(python("print('x' * 10**6); print('last')"), seconds=60, environment={}, folder=tmp_path)
    assert ran.said.endswith("last\n")
    assert len(ran.said) <= LONGEST_SAID


def test_one_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no-such-program cannot be started"):
        run_bounded(["no-such-program"], seconds=1, environment={}, folder=tmp_path)
