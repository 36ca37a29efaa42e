"""Taking a run up again: what its record says that people agreed to is judged anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from model import Plan, Topology, load_plan
from scripts.clouds.access import Clouds
from scripts.core.errors import ApprovalMissing, BadInput, DrError, Refused
from scripts.people import approvals
from scripts.runbooks.agreed_anew import agreed_anew
from scripts.runbooks.run import resume
from scripts.runs import run_records
from scripts.runs.journal import Journal
from scripts.runs.runbook import Context, Options
from scripts.stacks.stacks import Stacks

PLAN = load_plan("samia").model_copy(update={"approvals": {"regional_outage": 2}, "people": ("Ada", "Grace", "Lin")})
RUN = "failover-20260102-030405-a1b2"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DR_HOME", str(tmp_path / "home"))
    operated_by(monkeypatch, "ada")


def operated_by(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(approvals, "user", lambda: name)


def begun(*agreed: str, says_so: bool = True) -> run_records.RunRecord:
    """A failover that Ada and others began and that was killed, with the first entry of its journal."""
    journal = Journal.of(RUN)
    options = Options("secondary", approved_by=agreed, more={"commander": "Lin"})
    context = Context(
        run=RUN, plan=PLAN, topology=Topology.initial(PLAN), stacks=Stacks(PLAN), journal=journal, clouds=Clouds(PLAN),
        options=options,
    )  # fmt: skip
    record = run_records.save(run_records.of_context(context, "failover"))
    if says_so:
        said = {"options": record.options, "topology": record.topology, "plan": record.plan, "system": record.system}
        journal.write("run", "failover", "Begin the failover of samia", status="begun", evidence=said)
    journal.close()
    return record


def edited(change: Callable[[dict[str, Any]], None]) -> run_records.RunRecord:
    path = run_records.path_of(RUN)
    raw = json.loads(path.read_text(encoding="utf-8"))
    change(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")
    return run_records.load(RUN)


def without(name: str) -> Plan:
    return PLAN.model_copy(update={"people": tuple(each for each in PLAN.people if each != name)})


def test_what_nobody_changed_goes_on_as_it_was_agreed_to() -> None:
    assert agreed_anew(begun("Ada", "Grace"), PLAN).approved_by == ("Ada", "Grace")


EDITS: dict[str, Callable[[dict[str, Any]], None]] = {
    "a name": lambda raw: raw["options"]["approved_by"].append("Grace"),
    "a lesser disaster": lambda raw: raw["options"]["more"].update(disaster="application_failure"),
    "another commander": lambda raw: raw["options"]["more"].update(commander="Grace"),
    "an override": lambda raw: raw["options"].update(overrides=["fencing"]),
    "a loss": lambda raw: raw["options"].update(accept_data_loss_seconds=timedelta(days=1).total_seconds()),
    "where to": lambda raw: raw["options"].update(to="primary"),
    "another table": lambda raw: raw.update(runbook="database_failover"),
    "another plan": lambda raw: raw.update(plan="/tmp/plan.yaml"),
    "another system": lambda raw: raw.update(system="comet"),
    "the topology": lambda raw: raw["topology"].update(epoch=raw["topology"]["epoch"] + 1),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_record_that_was_edited_is_refused(edit: str) -> None:
    begun("Ada")
    with pytest.raises(Refused, match="is not what its journal says that it began with"):
        agreed_anew(edited(EDITS[edit]), PLAN, ["Grace"])


def test_who_left_the_plan_counts_no_more_and_others_can_agree_now() -> None:
    record = begun("Ada", "Grace")
    with pytest.raises(ApprovalMissing, match="2 people must agree, and only Ada did"):
        agreed_anew(record, without("Grace"))
    assert agreed_anew(record, without("Grace"), ["Lin"]).approved_by == ("Ada", "Lin")
    with pytest.raises(BadInput, match="is not among the people of the plan"):
        agreed_anew(record, without("Grace"), ["Grace"])


def test_a_plan_that_asks_for_more_people_since_gets_them() -> None:
    record = begun("Ada", "Grace")
    with pytest.raises(ApprovalMissing, match="3 people must agree"):
        agreed_anew(record, PLAN.model_copy(update={"approvals": {"regional_outage": 3}}))


def test_who_goes_on_agrees_and_a_commander_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    record = begun("Ada")
    with pytest.raises(ApprovalMissing):
        agreed_anew(record, PLAN)  # Lin commands it, and did not agree
    operated_by(monkeypatch, "grace")
    assert agreed_anew(record, PLAN).approved_by == ("Ada",)


def test_names_that_no_journal_vouches_for_count_for_nobody() -> None:
    record = begun("Ada", "Grace", says_so=False)
    with pytest.raises(ApprovalMissing, match="only Ada did"):
        agreed_anew(record, PLAN)


@pytest.mark.parametrize("name", [7, None, ["Grace"], "Gr\u0430ce", "grace\u200b", "", "Mallory"])
def test_what_is_no_name_of_the_plans_people_is_left_out(name: Any) -> None:
    record = begun(*["Ada", name])
    with pytest.raises(ApprovalMissing, match="only Ada did"):
        agreed_anew(record, PLAN)


def test_a_resume_is_refused_before_anything_is_done() -> None:
    begun("Ada")
    with pytest.raises(DrError, match="2 people must agree, and only Ada did"):
        resume(RUN, plan=PLAN)
    assert run_records.load(RUN).attempt == 1
