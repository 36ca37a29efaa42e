"""A run that consists of others is one run to a person: in the list, in the journal and in the report."""

import json
from contextlib import AbstractContextManager
from typing import Any

import pytest

from model import Topology, load_plan
from scripts.core.errors import DrError, EngineFailed, Refused
from scripts.dr import main
from scripts.runs.journal import Journal, read, verify
from scripts.runs.journal import path_of as journal_of
from scripts.runs.parts import KEY, NOTE, Whole, parts_of, settle, whole, whole_of

SAMIA = load_plan("samia")


def begun(sentence: str = "Begin the failback of samia to primary") -> AbstractContextManager[Whole]:
    evidence = {"plan": "samia", "topology": Topology.initial(SAMIA).to_config(), "options": {"to": "primary"}}
    return whole("failback", "samia", sentence, evidence)


def a_part(run: str, of: str, said: str) -> None:
    journal = Journal.of(run)
    evidence = {"system": "samia", "plan": "samia", "options": {"more": {KEY: of}}}
    journal.write("run", "reprotect", f"Begin {said}", status="begun", evidence=evidence)
    journal.write("step", "any", said, status="done")
    journal.write("end", "reprotect", "Done", status="done")
    journal.close()


@pytest.fixture
def failback() -> str:
    with begun() as it:
        for runbook, site in (("reprotect", "primary"), ("switchover", "primary"), ("reprotect", "secondary")):
            a_part(it.begin(runbook, site), it.run, f"{runbook} {site} was done")
    return str(it.run)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_journal_shows_every_part_in_the_order_of_time(failback: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("journal", failback), ("journal",)):
        shown = [entry["sentence"] for entry in said(capsys, *words)]
        done = [sentence for sentence in shown if sentence.endswith("was done")]
        expected = [f"{part} was done" for part in ("reprotect primary", "switchover primary", "reprotect secondary")]
        assert [sentence for sentence in done if not sentence.startswith("Begin")] == expected
        assert shown[0] == "Begin the failback of samia to primary"
        assert shown[-1] == "Every part is done"


def test_the_list_shows_one_run_and_a_part_by_its_name_shows_itself(
    failback: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [run["run"] for run in said(capsys, "journal", "list")] == [failback]
    part = parts_of(read(journal_of(failback)))[1]
    assert whole_of(part) == failback
    assert {entry["run"] for entry in said(capsys, "journal", part)} == {part}


def test_the_report_holds_every_part(failback: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = said(capsys, "report")
    assert report["run"]["run"] == failback
    parts = [[run["run"] for run in each["runs"]] for each in report["scenarios"]]
    assert [each for (each,) in parts] == parts_of(read(journal_of(failback)))


def broken_off(error: DrError, *, ran: bool) -> Whole:
    """A failback whose first part ran, or was refused before it did, and that ended with an error."""
    try:
        with begun() as it:
            part = it.begin("reprotect", "primary")
            if ran:
                a_part(part, it.run, "one")
            raise error
    except type(error):
        return it


def test_what_broke_off_is_gone_on_with_and_what_is_done_is_not() -> None:
    first = broken_off(EngineFailed("the engine failed"), ran=True)
    with begun() as second:
        a_part(second.begin("switchover", "primary"), second.run, "two")
    assert second.run == first.run
    assert len(parts_of(read(journal_of(first.run)))) == 2
    assert verify(journal_of(first.run)).complete
    with begun() as third:
        pass
    assert third.run != first.run


def test_what_broke_off_is_over_once_nothing_is_left_to_do() -> None:
    first = broken_off(EngineFailed("the engine failed"), ran=True)
    settle("failback", "another-system")
    settle("failback", "samia")
    assert [entry.status for entry in read(journal_of(first.run)) if entry.kind == "end"] == ["failed", "done"]
    with begun() as later:
        pass
    assert later.run != first.run


def test_a_part_that_was_refused_is_no_missing_run(capsys: pytest.CaptureFixture[str]) -> None:
    it = broken_off(Refused("primary is isolated"), ran=False)
    assert any(entry.name == NOTE for entry in read(journal_of(it.run)))
    report = said(capsys, "report", it.run)
    assert report["scenarios"] == []
    assert report["run"]["status"] == "refused"
