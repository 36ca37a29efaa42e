"""Previews that the Pulumi CLI really wrote (the recordings of tests/engine/kit) are read as what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from previews.analysis import Request, analyse
from previews.document import compose
from previews.markdown import plain, render
from previews.reading import read_preview
from previews.report import Report

RECORDED = Path(__file__).parents[1] / "engine" / "kit" / "recorded"
# What a recording calls the event, and where the engine keeps its fields.
KINDS = {
    "prelude": "preludeEvent",
    "resourcePre": "resourcePreEvent",
    "resOutputs": "resOutputsEvent",
    "resOpFailed": "resOpFailedEvent",
    "diagnostic": "diagnosticEvent",
    "policy": "policyEvent",
    "summary": "summaryEvent",
    "cancel": "cancelEvent",
}


def steps(name: str) -> list[dict[str, Any]]:
    recording: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = recording["steps"]
    return found


def as_engine_event(event: dict[str, Any]) -> dict[str, Any]:
    """A recording flattens events; the engine nests the fields of a step under `metadata`."""
    fields = {key: value for key, value in event.items() if key != "kind"}
    kind = event["kind"]
    name = KINDS.get(kind, f"{kind}Event")
    return {name: {"metadata": fields} if kind in {"resourcePre", "resOutputs", "resOpFailed"} else fields}


DIGESTS = [
    (name, number)
    for name in ("18_preview_json", "21_policies")
    for number, step in enumerate(steps(name))
    if step["op"] == "preview" and isinstance(step.get("stdout"), dict)
]
LOGS = [
    (path.stem, number)
    for path in sorted(RECORDED.glob("*.json"))
    for number, step in enumerate(steps(path.stem))
    if step["op"] == "preview" and any(event["kind"] == "summary" for event in step.get("events") or [])
]


def write_digest(folder: Path, name: str, number: int) -> Path:
    file = folder / "digest.json"
    file.write_text(json.dumps(steps(name)[number]["stdout"], indent=4))
    return file


def write_log(folder: Path, name: str, number: int) -> Path:
    file = folder / "events.json"
    file.write_text("".join(json.dumps(as_engine_event(e)) + "\n" for e in steps(name)[number]["events"]))
    return file


def report_on(file: Path) -> Report:
    return analyse(Request({"dev": file}, project="kit"))


@pytest.mark.parametrize(("name", "number"), DIGESTS)
def test_a_recorded_digest_is_read(name: str, number: int, tmp_path: Path) -> None:
    recorded = steps(name)[number]
    preview = read_preview(write_digest(tmp_path, name, number), "dev")
    counts: dict[str, int] = {}
    for step in preview.steps:
        counts[step.op] = counts.get(step.op, 0) + 1
    for op, count in recorded["stdout"]["changeSummary"].items():
        assert counts.get(op, 0) == count or op == "same", op
    assert all(step.known for step in preview.steps)
    assert not preview.has_policies
    assert render(compose(report_on(tmp_path / "digest.json")), "kit")


@pytest.mark.parametrize(("name", "number"), LOGS)
def test_a_recorded_log_is_read(name: str, number: int, tmp_path: Path) -> None:
    recorded = steps(name)[number]
    preview = read_preview(write_log(tmp_path, name, number), "dev")
    summary = next(event for event in recorded["events"] if event["kind"] == "summary")
    counts: dict[str, int] = {}
    for step in preview.steps:
        counts[step.op] = counts.get(step.op, 0) + step.is_change
    if recorded["exit"] == 0:  # one that fails counts only what it had finished
        for op in ("create", "update", "delete", "replace"):
            assert counts.get(op, 0) == summary["resourceChanges"].get(op, 0), op
    assert all(step.known for step in preview.steps)
    assert len(preview.findings) == sum(event["kind"] == "policy" for event in recorded["events"])
    if recorded["exit"] == 0:
        assert preview.complete


def test_a_recorded_replacement_is_counted_once_with_its_cause(tmp_path: Path) -> None:
    for file in (write_digest(tmp_path, "18_preview_json", 5), write_log(tmp_path, "18_preview_json", 5)):
        preview = read_preview(file, "dev")
        (step,) = (step for step in preview.steps if step.op == "replace")
        assert step.causes == ("region",)
        assert step.changed == ("region",)


def test_recorded_unknown_and_secret_values_stay_hidden(tmp_path: Path) -> None:
    comment = render(compose(report_on(write_digest(tmp_path, "18_preview_json", 5))), "kit")
    assert "04da6b54" not in comment
    (line,) = (plain(words) for _, words in compose(report_on(tmp_path / "digest.json")).headline)
    assert line.startswith("Deleted or replaced, and not known whether it holds data: ")


def test_recorded_policy_results_come_from_the_log_alone(tmp_path: Path) -> None:
    log = report_on(write_log(tmp_path, "21_policies", 3))
    assert [(f.policy, f.pack, f.level) for f in log.findings.unsure] == [("small", "kit-pack", "mandatory")]
    assert not log.failed  # the rule refuses the change; the preview has reached everything
    assert not log.quiet
    digest = report_on(write_digest(tmp_path, "21_policies", 5))
    assert digest.findings.broken == 0
    assert digest.failed
    assert not digest.quiet
