"""Who must say yes, and that nothing else counts as a yes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from model import load_plan
from scripts.core.errors import ApprovalMissing
from scripts.people import approvals


def test_the_plan_says_how_many() -> None:
    plan = load_plan("samia")
    assert approvals.needed(plan, "compromise") == 2
    assert approvals.needed(plan, "regional_outage") == 1
    assert approvals.needed(plan, "database_failure") == 1, "at least the operator"


def test_two_people_are_two_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    with pytest.raises(ApprovalMissing, match=r"2 people must agree, and only ada did") as caught:
        approvals.ask("The data is restored", "samia", people=2, yes=True, approved_by=["ada", " ada "])
    assert caught.value.exit_code == 5
    found = approvals.ask("The data is restored", "samia", people=2, yes=True, approved_by=["grace"])
    assert found == approvals.Approval(("ada", "grace"), "flag")


def test_without_a_person_there_is_no_yes() -> None:
    program = "from scripts.people import approvals; approvals.ask('It moves', 'samia')"
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert "It moves: nobody can be asked here" in done.stderr


@pytest.mark.parametrize(("typed", "accepted"), [("samia\n", True), ("yes\n", False), ("\n", False), ("\x04", False)])
def test_at_a_terminal_the_words_must_be_typed(typed: str, accepted: bool) -> None:
    ours, theirs = pty.openpty()
    program = "from scripts.people import approvals; print('SAID', approvals.ask('It moves', 'samia').how)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        os.write(ours, typed.encode())
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "It moves." in err
    assert ("SAID typed" in out) is accepted
    assert ("samia was not typed" in err) is not accepted
