"""Who must say yes, and that nothing else counts as a yes."""

from __future__ import annotations

import ast
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_args

import pytest

from model import Plan, Topology, load_plan
from model.governance import Decision
from scripts import destroy, dr, failover, lease, up
from scripts.compromise import compromise
from scripts.contain import contain
from scripts.core.errors import ApprovalMissing, BadInput
from scripts.failback import failback
from scripts.hook import run_by_hand
from scripts.import_dump import import_store
from scripts.people import approvals
from scripts.recover import recover
from scripts.restore import disaster_of, restore
from scripts.rollback import rollback
from scripts.runbooks.decided import A_RUN, BY_PROGRAM, LOOKS, decided
from scripts.runbooks.run import run
from scripts.runs import journal, lock, run_records
from scripts.runs.runbook import Options

if TYPE_CHECKING:
    from scripts.stacks.stacks import Stacks


def test_the_plan_says_how_many() -> None:
    plan = load_plan("samia")
    assert approvals.needed(plan, "compromise") == 2
    assert approvals.needed(plan, "regional_outage") == 1
    assert approvals.needed(plan, "database_failure") == 1, "at least the operator"


@pytest.fixture(autouse=True)
def ada(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account that runs the tests, by a name that they can speak of."""
    monkeypatch.setattr(approvals, "user", lambda: "ada")


def test_two_people_are_two_people() -> None:
    with pytest.raises(ApprovalMissing, match=r"2 people must agree, and only ada did") as caught:
        approvals.ask("The data is restored", "samia", people=2, yes=True, approved_by=["ada", " ada "])
    assert caught.value.exit_code == 5
    found = approvals.ask("The data is restored", "samia", people=2, yes=True, approved_by=["grace"])
    assert found == approvals.Approval(("ada", "grace"), "flag")


@pytest.mark.parametrize("name", ["Ada", "ADA ", " a d a", "ada\u0301", "ada.", "\uff41\uff44\uff41"])
def test_one_person_in_two_spellings_is_one_person(name: str) -> None:
    with pytest.raises((ApprovalMissing, BadInput)):
        approvals.ask("The data is restored", "samia", people=2, yes=True, approved_by=[name])


@pytest.mark.parametrize(
    "name",
    ["\u0430da", "ad\u200ba", "a\u2060da", "-", "", "...", "42", "ada\x1b[31m", "\u202egrace", "\u03b1da", "g" * 200],
)
def test_what_cannot_be_told_from_another_name_is_none(name: str) -> None:
    with pytest.raises((BadInput, ApprovalMissing)):
        approvals.ask("The data is restored", "samia", people=2, yes=True, approved_by=[name])


@pytest.mark.parametrize(("one", "other"), [("paul", "pau1"), ("modern", "modem"), ("olga", "0lga"), ("zoe", "zoë")])
def test_names_that_look_alike_do_not_make_two(one: str, other: str) -> None:
    with pytest.raises(BadInput):
        approvals.ask("It moves", "samia", people=3, yes=True, approved_by=[one, other])


def test_where_the_plan_lists_people_they_alone_count() -> None:
    people = ("Ada", "Grace")
    with pytest.raises(BadInput, match="is not among the people of the plan"):
        approvals.ask("It moves", "samia", people=2, known=people, yes=True, approved_by=["Mallory"])
    assert approvals.ask("It moves", "samia", people=2, known=people, yes=True, approved_by=["GRACE"]).by == people
    with pytest.raises(ApprovalMissing, match="only nobody of the plan did"):
        approvals.ask("It moves", "samia", known=("Grace",), yes=True)


def test_the_operators_name_is_that_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    monkeypatch.setenv("USER", "grace")
    assert lock.user() != "grace"


SAMIA = load_plan("samia")


def plan_with(**approvals: int) -> Plan:
    return SAMIA.model_copy(update={"approvals": approvals})


def test_what_sets_a_rule_aside_needs_as_many_as_anything() -> None:
    plan = plan_with(regional_outage=2)
    for decision in ("override_fencing", "declare_clean", "delete_data", "give_up_old_copy"):
        assert approvals.needed(plan, decision) == 2
        assert approvals.needed(plan_with(regional_outage=2, **{decision: 1}), decision) == 1
    assert approvals.needed(plan, "database_failure") == 1
    assert approvals.needed(plan, "database_failure", "override_fencing") == 2


@pytest.mark.parametrize("declared", ["database_failure", "application_failure", "regional_outage", ""])
@pytest.mark.parametrize("override", ["", "it is off"])
def test_a_lesser_disaster_is_no_way_around_the_second_person(declared: str, override: str) -> None:
    plan, topology = plan_with(regional_outage=2), Topology.initial(SAMIA)
    to = SAMIA.warm.name if SAMIA.warm else ""
    options = failover.options_for(plan, topology, to, disaster=declared, override_fencing=override)
    assert approvals.needed(plan, *decided("failover", plan, topology, options)) == 2


def test_a_planned_move_and_a_loss_are_decisions_of_their_own() -> None:
    plan, topology = plan_with(planned_move=2, accept_data_loss=3), Topology.initial(SAMIA)
    to = SAMIA.warm.name if SAMIA.warm else ""
    planned = failover.options_for(plan, topology, to, planned=True)
    assert approvals.needed(plan, *decided("switchover", plan, topology, planned)) == 2
    lossy = failover.options_for(plan, topology, to, accept_data_loss=timedelta(minutes=5))
    assert approvals.needed(plan, *decided("failover", plan, topology, lossy)) == 3


AN_HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
WARM = SAMIA.warm.name if SAMIA.warm else ""
# None of these asks anybody, as `dr` does: they are what a program of one's own would call.
WAYS_IN: dict[str, Callable[[Plan], Any]] = {
    "failover": lambda plan: failover.failover(plan, WARM),
    "a lesser disaster": lambda plan: failover.failover(plan, WARM, disaster="application_failure"),
    "planned": lambda plan: failover.failover(plan, WARM, planned=True),
    "override": lambda plan: failover.failover(plan, WARM, override_fencing="it is off"),
    "loss": lambda plan: failover.failover(plan, WARM, accept_data_loss=timedelta(hours=1)),
    "failback": lambda plan: failback(plan, to=WARM),
    "restore": lambda plan: restore(plan, AN_HOUR_AGO),
    "compromise": lambda plan: compromise(plan, AN_HOUR_AGO),
    "contain": contain,
    "reopen": lambda plan: run("reopen", plan, Options(plan.primary.name)),
    "old copy": lambda plan: run("reprotect", plan, Options(WARM, more={"give_up_old_copy": True})),
    "differences": lambda plan: run("reprotect", plan, Options(WARM, more={"give_up_differences": 1})),
    "clean": lambda plan: run("reprotect", plan, Options(WARM, more={"declared_clean": "I say so"})),
    "hook": lambda plan: run_by_hand(plan, "migrate", plan.primary.name),
    "import": lambda plan: import_store(plan, *cast("Any", (None, None, None, None))),
    "import beside": lambda plan: import_store(plan, *cast("Any", (None, None, None, None)), into="other"),
    "rollback": lambda plan: rollback(plan, plan.services[0].name),
    "recover": lambda plan: recover(plan, plan.services[0].name, begin="restart"),
    "one rung": lambda plan: recover(plan, plan.services[0].name, begin="rollback"),
    "up": lambda plan: up.carry_out(cast("Stacks", SimpleNamespace(plan=plan)), [plan.traffic.stack], "samia", ()),
    "open": lambda plan: run("open", plan, Options(plan.primary.name)),
    "destroy what holds no data": lambda plan: destroy.carry_out(
        cast("Stacks", SimpleNamespace(plan=plan)), [], [], ()
    ),
    "destroy": lambda plan: destroy.carry_out(cast("Stacks", SimpleNamespace(plan=plan)), [], ["samia-prod"], ()),
    "lease": lambda plan: lease.carry_out(
        plan, Topology.initial(plan), cast("Any", None), cast("Any", None), evidence="I know",
        approval=approvals.Approval(("ada",), "flag"),
    ),
}  # fmt: skip


ALONE = {
    "planned": "planned_move",
    "failback": "planned_move",
    "reopen": "planned_move",
    "loss": "accept_data_loss",
    "restore": disaster_of(SAMIA),
    "compromise": "compromise",
    "contain": "compromise",
    "hook": "run_hook",
    "import": "import_data",
    "import beside": "import_data",
    "rollback": "roll_back_service",
    "recover": "application_failure",
    "one rung": "roll_back_service",
    "up": "change_stacks",
    "open": "change_stacks",
    "destroy what holds no data": "change_stacks",
}
"""The one decision that the plan asks two people for; without a name here it is the regional outage."""


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("everything", [True, False], ids=["each is asked for", "one is asked for"])
def test_nobody_gets_around_the_second_person_by_a_program(
    way: str, everything: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DR_PROJECT", str(tmp_path))
    decisions = [*get_args(Decision), *(each.disaster for each in SAMIA.objectives)]
    alone = ALONE.get(way, "regional_outage")
    plan = plan_with(**dict.fromkeys(decisions if everything else [alone], 2))
    with pytest.raises(ApprovalMissing, match="2 people must agree, and only ada did"):
        WAYS_IN[way](plan)
    assert run_records.everything() == []
    assert [name for name in journal.runs() if not name.startswith("failback")] == []


def test_every_program_says_what_it_decides() -> None:
    assert set(BY_PROGRAM) == set(dr.PROGRAMS)
    named = set().union(*BY_PROGRAM.values()) - A_RUN
    assert named <= set(get_args(Decision))


# What moves, changes or deletes something of the real system, and what a program that calls it has to ask before.
ACTS = frozenset({"bring_back", "create_database", "delete_left_behind", "give_up", "provision", "run_hook_at",
                  "run_once", "switch", "take_down", "write_topology"})  # fmt: skip
ASKS = frozenset({"require", "run", "resume", "go_on"})


def called(path: Path) -> set[str]:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {each.attr if isinstance(each, ast.Attribute) else each.id for each in calls
            if isinstance(each, ast.Attribute | ast.Name)}  # fmt: skip


@pytest.mark.parametrize("program", sorted(BY_PROGRAM))
def test_no_program_acts_without_asking_how_many_agreed(program: str) -> None:
    """One that decides asks where it acts; one that looks does not act, nor ask anybody for a yes."""
    path = Path(*dr.PROGRAMS[program][0].split(".")).with_suffix(".py")
    names, decides = called(Path(dr.__file__).parents[1] / path), BY_PROGRAM[program]
    if decides == LOOKS:
        ours = {"ask"} if program == "checks" else set()  # it asks checks
        assert program == "sandbox" or not names & (ACTS | {"ask", "run_lock"}) - ours
    elif decides != A_RUN:
        assert {"require", "needed"} <= names
    elif program != "drill":  # it acts in a world of its own
        assert names & ASKS


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
