"""Which run is unfinished, and where it may be continued."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model import Topology, load_plan
from scripts.clouds.access import Clouds
from scripts.core.errors import BadInput
from scripts.runs import run_records
from scripts.runs.journal import Journal
from scripts.runs.runbook import Context, Options
from scripts.stacks.stacks import Stacks


def begun(run: str, to: str = "secondary") -> run_records.RunRecord:
    plan = load_plan("samia")
    context = Context(
        run=run,
        plan=plan,
        topology=Topology.initial(plan),
        stacks=Stacks(plan),
        journal=Journal.of(run),
        clouds=Clouds(plan),
        options=Options(to=to, overrides=frozenset({"fencing"}), more={"lost": ["primary"]}),
    )
    record = run_records.of_context(context, "failover")
    run_records.save(record)
    return record


def test_a_record_is_all_that_another_process_needs() -> None:
    begun("r1")
    found = run_records.load("r1")
    assert found.options_given() == Options(
        to="secondary", overrides=frozenset({"fencing"}), more={"lost": ["primary"]}
    )
    assert found.topology_before() == Topology.initial(load_plan("samia"))


@pytest.mark.parametrize(
    ("status", "is_open"), [("running", True), ("failed", True), ("interrupted", True), ("done", False)]
)
def test_what_is_not_done_must_be_finished_first(status: str, is_open: bool) -> None:
    begun("r1")
    run_records.update("r1", status=status)
    found = run_records.unfinished("samia")
    assert (found is not None) is is_open
    assert run_records.unfinished("comet") is None


def test_a_rehearsal_is_never_continued_on_a_real_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DR_SANDBOX", "/some/world")
    monkeypatch.setenv("DR_PROJECT", "/some/world/project")
    begun("r1")
    assert run_records.unfinished("samia") is not None
    monkeypatch.delenv("DR_SANDBOX")
    assert run_records.unfinished("samia") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "not a record that this program reads"),
        (json.dumps({"v": 2}), "not a record that this program reads"),
        (json.dumps({"v": 1, "run": "r1", "surprise": 1}), "surprise"),
    ],
)
def test_a_damaged_record_is_bad_input_and_hides_no_other(home: Path, text: str, says: str) -> None:
    begun("r2")
    (home / "runs" / "r1.json").write_text(text)
    with pytest.raises(BadInput, match=says):
        run_records.load("r1")
    assert [record.run for record in run_records.everything()] == ["r2"]


def test_names_that_lead_elsewhere_are_refused() -> None:
    for name in ("../x", "/etc/passwd", "", "a/b", ".hidden"):
        with pytest.raises(BadInput, match="is not the name of a run"):
            run_records.load(name)
