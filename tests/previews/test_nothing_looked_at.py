"""Nothing looked at is not nothing found: the report says so, and the gates refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.core.errors import BadInput
from scripts.preview import Gate, why_not_merge
from tests.previews.logs import (
    DATABASE,
    both,
    database,
    digest,
    error,
    export,
    headline,
    log,
    report,
    root,
    state,
    step,
)

CORE = state(DATABASE, "core", database())
SAME = step("same", CORE)
EVERY_GATE = list(Gate)


def test_a_preview_without_a_policy_pack_passes_no_gate_on_policies(tmp_path: Path) -> None:
    ran = report(tmp_path, log(both(SAME), {"same": 1}))
    assert why_not_merge(ran, [Gate.POLICY]) is None
    none_ran: tuple[dict[str, str] | None, ...] = ({}, None)
    for packs in none_ran:
        none = report(tmp_path, log(both(SAME), {"same": 1}, packs=packs))
        assert "a policy pack has to run" in str(why_not_merge(none, [Gate.POLICY]))
        assert why_not_merge(none, [Gate.WEAKER]) is None


@pytest.mark.parametrize("event", ["policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent"])
def test_a_pack_that_found_nothing_ran(event: str, tmp_path: Path) -> None:
    text = log([*both(SAME), {event: {"policyPackName": "dr", "passed": ["a"]}}], {"same": 1}, packs={})
    assert why_not_merge(report(tmp_path, text), [Gate.POLICY]) is None


def test_a_preview_that_failed_before_it_began_says_why(tmp_path: Path) -> None:
    for text in (
        log([error("error: incorrect passphrase")], None),
        digest([], None, ["error: incorrect passphrase"]),
        log([{"errorEvent": {"error": "incorrect passphrase"}}], None),
    ):
        found = report(tmp_path, text)
        assert headline(found).endswith("covers only what it reached: incorrect passphrase")
        assert not found.table
        assert all(why_not_merge(found, [gate]) for gate in EVERY_GATE)


def test_a_preview_that_was_cancelled_says_so(tmp_path: Path) -> None:
    found = report(tmp_path, log(both(SAME), None))
    assert "broken off before it came to its summary" in headline(found)
    assert all(why_not_merge(found, [gate]) for gate in EVERY_GATE)


def test_a_stream_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    whole = log(both(SAME), {"same": 1})
    with pytest.raises(BadInput, match="has no summary"):
        report(tmp_path, "\n".join(whole.splitlines()[:2]) + "\n")


def test_no_forecast_over_a_preview_that_failed(tmp_path: Path) -> None:
    for text in (
        digest([SAME], {"same": 1}, ["error: could not load plugin"]),
        log([*both(SAME), error("could not load plugin")], {"same": 1}, result="failed"),
    ):
        found = report(tmp_path, text)
        assert not found.table
        assert found.notes == ("No forecast: the previews of prod do not show every resource.",)


def test_a_digest_without_a_summary_is_of_unknown_completeness(tmp_path: Path) -> None:
    found = report(tmp_path, digest([step("delete", CORE, None)]))
    assert found.doubted
    assert dict(found.stacks[0].counts) == {"delete": 1}
    assert "not all may be here" in headline(found)
    assert not found.stacks[0].complete
    assert all(why_not_merge(found, [gate]) for gate in EVERY_GATE)
    assert not report(tmp_path, digest([SAME])).quiet


def test_a_digest_that_lacks_steps_is_doubted(tmp_path: Path) -> None:
    found = report(tmp_path, digest([step("create", None, CORE)], {"create": 3, "delete": 1}))
    assert any("counts 3 of create" in doubt for doubt in found.stacks[0].doubts)
    assert any("counts 1 of delete" in doubt for doubt in found.stacks[0].doubts)
    assert why_not_merge(found, [Gate.STATEFUL_REPLACE])


NO_STATES = {
    "only a version": {"version": 3},
    "null": {"version": 3, "deployment": None},
    "an empty deployment": {"version": 3, "deployment": {}},
    "resources are null": {"version": 3, "deployment": {"resources": None}},
    "resources are an object": {"version": 3, "deployment": {"resources": {}}},
    "another file": {"version": 3, "services": {}},
    "another spelling": {"version": 3, "checkpoint": {"Latest": {"resources": []}}},
    "a checkpoint that was never written": {"version": 3, "checkpoint": {"stack": "prod"}},
    "a version that is true": {"version": True, "deployment": {"resources": []}},
    "a digest": {"steps": [], "changeSummary": {}},
    "a list": [],
}


@pytest.mark.parametrize("case", NO_STATES)
def test_what_is_no_state_is_refused(case: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        report(tmp_path, digest([step("same", root())], {"same": 1}), json.dumps(NO_STATES[case]))


def test_the_state_of_a_stack_that_holds_nothing_is_read(tmp_path: Path) -> None:
    empty = json.dumps({"version": 3, "deployment": {"manifest": {"time": "2026-01-01T00:00:00Z"}}})
    assert report(tmp_path, digest([step("create", None, CORE)], {"create": 1}), empty).stacks[0].complete
    found = report(tmp_path, digest([step("create", None, CORE)], {"create": 1, "same": 7}), export([]))
    assert any("7 resources that the preview leaves unchanged" in doubt for doubt in found.stacks[0].doubts)


def test_the_log_of_an_update_is_no_preview(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="of an update, not of a preview"):
        report(tmp_path, log(both(SAME), {"same": 1}, isPreview=False))
