"""States, digests and stacks that do not belong together are refused; renames are followed in every reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from previews.analysis import Request, analyse
from scripts.core.errors import BadInput
from tests.previews.logs import DATABASE, both, database, digest, export, log, report, root, state, step, write

CORE = state(DATABASE, "core", database())
UPDATE = step("update", state(DATABASE, "core", database(multiAz=False)), CORE, detailedDiff={"multiAz": {}})
names = st.text("abcdefghijklmnop-_.", min_size=1, max_size=12).filter(lambda name: name.strip("-_.") == name)
SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SOME
@given(stack=st.just("prod") | names, project=st.just("shop") | names)
def test_the_state_of_another_stack_is_refused(stack: str, project: str, tmp_path: Path) -> None:
    recorded = export([state(DATABASE, "core", database(), stack, project)])
    text = digest([UPDATE], {"update": 1})
    if (stack, project) == ("prod", "shop"):
        assert report(tmp_path, text, recorded)
        return
    with pytest.raises(BadInput, match="and the preview is of prod of shop"):
        report(tmp_path, text, recorded)


@SOME
@given(old=names, new=names, stack=st.sampled_from(["prod", "dr"]))
def test_a_rename_is_one_resource_in_every_reader(old: str, new: str, stack: str, tmp_path: Path) -> None:
    was = state(DATABASE, old, database(multiAz=False), stack)
    now = state(DATABASE, new, database(), stack)
    renamed = step("update", was, now, detailedDiff={"multiAz": {}})
    renamed["urn"] = now["urn"]
    logged = report(tmp_path, log(both(renamed), {"update": 1}))
    digested = report(tmp_path, digest([renamed], {"update": 1}), export([was]))
    assert digested.table == logged.table
    assert digested.stronger == logged.stronger
    assert not logged.losses
    assert any(row.label == "database failure" and row.direction == "stronger" for row in logged.table)


def test_a_renamed_project_is_followed(tmp_path: Path) -> None:
    was = state(DATABASE, "core", database(multiAz=False), project="store")
    renamed = step("update", was, CORE)
    renamed["urn"] = CORE["urn"]
    assert report(tmp_path, digest([renamed], {"update": 1}), export([was])).stronger


def test_the_same_stack_twice_is_refused(tmp_path: Path) -> None:
    text = digest([UPDATE], {"update": 1})
    files = {name: write(tmp_path, f"{name}.json", text) for name in ("prod", "dr")}
    with pytest.raises(BadInput, match="are both of stack prod of project shop"):
        analyse(Request(files))


def test_files_that_are_swapped_are_refused(tmp_path: Path) -> None:
    other = state(DATABASE, "core", database(), "dr")
    files = {
        "prod": write(tmp_path, "prod.json", digest([step("same", other)], {"same": 1})),
        "dr": write(tmp_path, "dr.json", digest([step("same", state(DATABASE, "x", {}, "third"))], {"same": 1})),
    }
    with pytest.raises(BadInput, match="is of stack dr, and is given as prod"):
        analyse(Request(files))


def test_a_file_of_two_stacks_is_refused(tmp_path: Path) -> None:
    other = state(DATABASE, "core", database(), "dr")
    with pytest.raises(BadInput, match="holds resources of stack dr of shop and stack prod of shop"):
        report(tmp_path, digest([step("same", CORE), step("same", other)], {"same": 2}))


def test_a_base_of_another_stack_is_refused(tmp_path: Path) -> None:
    base = write(tmp_path, "base.json", log(both(step("same", state(DATABASE, "core", {}, "staging"))), {"same": 1}))
    with pytest.raises(BadInput, match="the base given for prod is of stack staging"):
        report(tmp_path, digest([UPDATE], {"update": 1}), base={"prod": base})


def test_a_finding_on_a_renamed_resource_is_not_new(tmp_path: Path) -> None:
    was = state(DATABASE, "db", database())
    policy = {
        "message": "too weak",
        "policyName": "DR-RET-001",
        "policyPackName": "dr",
        "enforcementLevel": "mandatory",
        "severity": "high",
    }
    base = log([*both(step("same", was)), {"policyEvent": {**policy, "resourceUrn": was["urn"]}}], {"same": 1})
    renamed = step("same", was, CORE)
    renamed["urn"] = CORE["urn"]
    new = log([*both(renamed), {"policyEvent": {**policy, "resourceUrn": CORE["urn"]}}], {"same": 1})
    found = report(tmp_path, new, base={"prod": write(tmp_path, "base.json", base)})
    assert len(found.findings.old) == 1
    assert not found.findings.new


def test_a_state_of_another_time_is_not_taken_for_complete(tmp_path: Path) -> None:
    text = digest([step("same", root()), UPDATE], {"same": 1, "update": 1})
    found = report(tmp_path, text, export([root()]))
    assert found.doubted
    assert not found.stacks[0].complete
    assert report(tmp_path, text, export([root(), UPDATE["old"]])).stacks[0].complete


def test_the_comment_is_named_after_the_project_of_the_urns(tmp_path: Path) -> None:
    assert report(tmp_path, digest([step("same", CORE)], {"same": 1})).project == "shop"
    other = state(DATABASE, "core", database(), project="bank")
    assert report(tmp_path, digest([step("same", other)], {"same": 1})).project == "bank"
    assert report(tmp_path, digest([step("same", other)], {"same": 1}), project="mine").project == "mine"


def test_a_state_that_holds_a_resource_twice_is_refused(tmp_path: Path) -> None:
    text = digest([UPDATE], {"update": 1})
    with pytest.raises(BadInput, match="holds core twice"):
        report(tmp_path, text, export([CORE, CORE]))
    assert report(tmp_path, text, export([CORE, {**CORE, "delete": True}]))
