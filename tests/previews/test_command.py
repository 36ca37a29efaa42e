"""`dr preview` as a person and a CI job use it: formats, gates, exit codes, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.dr import main
from tests.previews import samples
from tests.previews.worlds import STACK_TYPE, World, changed, find, finding, put, remove, write_digests, write_events


def weaker(world: World) -> World:
    return changed(world, lambda w: put(find(w, "prod", "core"), "backupRetentionPeriod", 2))


def test_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    files = write_events(tmp_path, world, weaker(world))
    shown = {}
    for form in ("markdown", "json", "text", "html"):
        assert main(["preview", *files, "--plan", "samia", "--format", form]) == 0
        shown[form] = capsys.readouterr().out
    assert shown["markdown"].startswith("<!-- dr-preview:shop-samia-")
    assert shown["html"].startswith("<!doctype html>")
    body = json.loads(shown["json"])
    assert body["is_weaker"] is True
    assert body["weaker"][0]["label"] == "backup retention"
    for text in shown.values():
        assert "14 days" in text
        assert "2 days" in text


@pytest.mark.parametrize(
    ("gate", "exit_code", "words"),
    [
        ("weaker", 3, "makes recovery weaker"),
        ("stateful-replace", 0, ""),
        ("policy", 3, "breaks 1 mandatory rules"),
    ],
)
def test_gates(gate: str, exit_code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    rules = {"prod": [finding("prod", find(world, "prod", "core"), "DR-RET-001")]}
    files = write_events(tmp_path, world, weaker(world), rules)
    assert main(["preview", *files, "--fail-on", gate]) == exit_code
    captured = capsys.readouterr()
    assert "Recovery preview" in captured.out
    assert words in captured.err


def test_gates_pass_what_is_harmless(tmp_path: Path) -> None:
    world = samples.aws()
    files = write_events(tmp_path, world, world)
    gates = ["--fail-on", "weaker", "--fail-on", "policy", "--fail-on", "stateful-replace"]
    assert main(["preview", *files, "--plan", "samia", *gates]) == 0


def test_the_policy_gate_refuses_a_digest_which_cannot_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    files = write_digests(tmp_path, world, world)
    assert main(["preview", *files, "--fail-on", "policy"]) == 3
    assert "no policy results" in capsys.readouterr().err


def test_the_replace_gate_lets_a_retained_resource_go(tmp_path: Path) -> None:
    world = samples.aws()
    find(world, "prod", "uploads")["retain"] = True
    files = write_events(tmp_path, world, changed(world, lambda w: remove(w, "prod", "uploads")))
    assert main(["preview", *files, "--fail-on", "stateful-replace"]) == 0
    find(world, "prod", "uploads")["retain"] = False
    files = write_events(tmp_path, world, changed(world, lambda w: remove(w, "prod", "uploads")))
    assert main(["preview", *files, "--fail-on", "stateful-replace"]) == 3


def test_new_findings_stand_apart_from_old_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    (tmp_path / "base").mkdir()
    old = finding("prod", find(world, "prod", "media", "bucket"), "DR-GEO-002", "medium", "advisory")
    new = finding("prod", find(world, "prod", "core"), "DR-RET-001", "critical")
    stack = finding("prod", None, "DR-SITE-003", "low")
    base = write_events(tmp_path / "base", world, world, {"prod": [old, stack]})
    files = write_events(tmp_path, world, weaker(world), {"prod": [old, new, stack]})
    arguments = [part for file in base for part in ("--base", file)]
    assert main(["preview", *files, *arguments, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [entry["policy"] for entry in found["new"]] == ["DR-RET-001"]
    assert [entry["policy"] for entry in found["old"]] == ["DR-SITE-003", "DR-GEO-002"]
    assert found["unsure"] == []
    # Without a base: the bucket does not change, the database does, and the stack cannot be told.
    assert main(["preview", *files, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [entry["policy"] for entry in found["old"]] == ["DR-GEO-002"]
    assert {entry["policy"] for entry in found["unsure"]} == {"DR-RET-001", "DR-SITE-003"}
    assert found["new"] == []


def saying(policy: dict[str, Any], kind: str, level: str = "advisory") -> dict[str, Any]:
    return policy | {"message": f"Backups are kept\n{kind}: retention is 2", "enforcementLevel": level}


def test_what_is_waived_or_not_known_is_shown_and_counts_as_broken_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = samples.aws()
    core = finding("prod", find(world, "prod", "core"), "DR-RET-001")
    said = [saying(core, "waived"), saying(core | {"policyName": "DR-GEO-002"}, "unknown")]
    files = write_events(tmp_path, world, world, {name: said if name == "prod" else [] for name in world})
    assert main(["preview", *files, "--fail-on", "policy", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["quiet"]
    assert [row for row in report["table"] if row["group"] == "Rules broken"] == []
    found = report["findings"]
    assert ([f["policy"] for f in found["waived"]], [f["policy"] for f in found["unknown"]]) == (
        ["DR-RET-001"],
        ["DR-GEO-002"],
    )
    assert main(["preview", *files]) == 0
    assert "Waived policy findings" in capsys.readouterr().out


def test_a_waiver_that_has_ended_makes_its_finding_a_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = samples.aws()
    (tmp_path / "base").mkdir()
    core = finding("prod", find(world, "prod", "core"), "DR-RET-001")
    base = write_events(tmp_path / "base", world, world, {"prod": [saying(core, "waived")]})
    files = write_events(tmp_path, world, world, {"prod": [core]})
    arguments = [part for file in base for part in ("--base", file)]
    assert main(["preview", *files, *arguments, "--fail-on", "policy", "--format", "json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert [entry["policy"] for entry in report["findings"]["new"]] == ["DR-RET-001"]
    assert [(row["before"], row["after"]) for row in report["table"] if row["group"] == "Rules broken"] == [("0", "1")]


def test_what_stops_an_update_is_broken_whatever_it_says_of_itself(tmp_path: Path) -> None:
    world = samples.aws()
    core = finding("prod", find(world, "prod", "core"), "DR-RET-001")
    files = write_events(tmp_path, world, weaker(world), {"prod": [saying(core, "waived", "mandatory")]})
    assert main(["preview", *files, "--fail-on", "policy"]) == 3


def test_a_state_fills_in_what_a_digest_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    files = write_digests(tmp_path, world, weaker(world))
    states = []
    for stack, items in world.items():
        resources = [
            {
                "urn": f"urn:pulumi:{stack}::shop::{item['type']}::{item['name']}",
                "type": item["type"],
                "custom": item["type"] != STACK_TYPE,
                "inputs": item["inputs"],
                "outputs": item["outputs"],
                "protect": item["protect"],
            }
            for item in items
        ]
        file = tmp_path / f"{stack}.state.json"
        file.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
        states += ["--state", f"{stack}={file}"]
    assert main(["preview", *files, "--plan", "samia"]) == 0
    assert "No forecast" in capsys.readouterr().out
    assert main(["preview", *files, *states, "--plan", "samia"]) == 0
    shown = capsys.readouterr().out
    assert "RPO (forecast)" in shown
    assert "No forecast" not in shown


def test_a_missing_stack_gives_no_forecast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    files = [file for file in write_events(tmp_path, world, world) if not file.startswith("cold=")]
    assert main(["preview", *files, "--plan", "samia"]) == 0
    assert "No forecast: there is no preview of the stacks cold" in capsys.readouterr().out


def test_a_looser_plan_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    text = Path("plans/samia.yaml").read_text(encoding="utf-8")
    looser = tmp_path / "looser.yaml"
    looser.write_text(text.replace("rpo: 15m, rto: 60m", "rpo: 4h, rto: 24h"))
    files = write_events(tmp_path, world, world)
    assert main(["preview", *files, "--plan", str(looser), "--base-plan", "samia"]) == 0
    shown = capsys.readouterr().out
    assert "RTO objective regional outage 1 h → 24 h" in shown
    assert "No recovery-relevant change" not in shown


def test_cost_and_drills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = samples.aws()
    after = changed(world, lambda w: put(find(w, "prod", "core"), "instanceClass", "db.r6g.xlarge"))
    past = tmp_path / "dr-tests"
    past.mkdir()
    (past / "2026-Q2-regional-outage.md").write_text("# Drill\n\nfinished: 2026-05-04\n")
    (past / "2026-Q3-regional-outage.md").write_text("# Drill\n\nfinished: 2026-08-14\n")
    (past / "README.md").write_text("about")
    drill = tmp_path / "drill.json"
    drill.write_text('{"scenario": "regional_outage", "rto_seconds": 41.5, "rpo_seconds": 0.2, "met": true}')
    more = ["--prices", "prices/example.yaml", "--drill", str(drill), "--past-drills", str(past)]
    assert main(["preview", *write_events(tmp_path, world, after), "--plan", "samia", *more]) == 0
    shown = capsys.readouterr().out
    assert "Monthly cost" in shown
    assert "+330 USD" in shown
    assert "regional outage (2026-08-14)" in shown
    assert "42 s" in shown
    after = changed(after, lambda w: put(find(w, "traffic", "api"), "ttl", 600))
    assert main(["preview", *write_events(tmp_path, world, after), "--plan", "samia", *more]) == 0
    assert "stale: regional outage" in capsys.readouterr().out


REFUSED = {
    "no file": (None, "cannot be read"),
    "empty": ("", "is empty"),
    "no JSON": ("hello", "neither a preview digest nor an event log"),
    "cut short": ('{"steps": [{"op": "create", "urn": "urn:pul', "is no complete JSON"),
    "something else": ('{"hello": 1}', "has neither `steps` nor `changeSummary`"),
    "trailing data": ('{"steps": []} {}', "Extra data"),
    "a list of steps of another shape": ('{"steps": {"a": 1}}', "Expecting a list of steps"),
    "a step that is no object": ('{"steps": [1]}', "steps[0]: a number instead of an object"),
    "no urn": ('{"steps": [{"op": "create"}]}', "steps[0].urn: nothing instead of a URN"),
    "a bad urn": ('{"steps": [{"op": "create", "urn": "x"}]}', "steps[0].urn: is no URN"),
    "no op": ('{"steps": [{"urn": "urn:pulumi:a::b::c::d"}]}', "steps[0].op: nothing instead of text"),
    "NaN": ('{"steps": [], "duration": NaN}', "NaN is no JSON"),
    "inputs of another shape": (
        '{"steps": [{"op": "create", "urn": "urn:pulumi:a::b::c::d", "newState": {"type": "c", "inputs": [1]}}]}',
        "steps[0].newState.inputs: a list instead of an object",
    ),
    "a log without summary": ('{"preludeEvent": {}}\n', "has no summary"),
    "two previews in a log": ('{"summaryEvent": {}}\n{"summaryEvent": {}}\n', "more than one preview"),
    "a broken line": ('{"preludeEvent": {}}\n{"summ\n', "line 2: is no complete JSON"),
    "nested deeply": ('{"steps": [], "x": ' + "[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_preview_is_refused(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, words = REFUSED[case]
    file = tmp_path / "preview.json"
    if text is not None:
        file.write_text(text)
    assert main(["preview", f"prod={file}"]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert str(file) in captured.err
    assert "hint: " in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["=x"], "is not STACK=FILE"),
        (["a=x", "a=y"], "is given twice"),
        (["prod=x", "--state", "dr=y"], "which has no preview"),
        (["prod=x", "--format", "pdf"], "pdf"),
        (["prod=x", "--fail-on", "everything"], "everything"),
        (["prod=x", "--plan", "nowhere"], "plans/nowhere.yaml"),
        (["--plan", "samia", "mars"], "is not a stack of samia"),
    ],
)
def test_bad_usage(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_an_unknown_operation_is_never_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    urn = "urn:pulumi:prod::shop::aws:rds/instance:Instance::core"
    file = tmp_path / "p.json"
    file.write_text(
        json.dumps({"steps": [{"op": "teleport", "urn": urn, "newState": None}], "changeSummary": {"teleport": 1}})
    )
    assert main(["preview", f"prod={file}"]) == 0
    shown = capsys.readouterr().out
    assert "1 step with an operation that this version does not know" in shown
    assert "No recovery-relevant change" not in shown
    assert main(["preview", f"prod={file}", "--fail-on", "weaker"]) == 3


def test_a_failed_preview_is_never_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.json"
    diagnostics = [{"severity": "error", "message": "error: no such region"}]
    file.write_text(json.dumps({"steps": [], "changeSummary": {}, "diagnostics": diagnostics}))
    assert main(["preview", f"prod={file}"]) == 0
    shown = capsys.readouterr().out
    assert "failed, and this report covers only what it reached: no such region" in shown
    assert "No recovery-relevant change" not in shown
    assert main(["preview", f"prod={file}", "--fail-on", "stateful-replace"]) == 3


def test_utf16_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-8-sig"):
        file = tmp_path / f"{encoding}.json"
        file.write_text('{"steps": [], "changeSummary": {}}', encoding=encoding)
        assert main(["preview", f"prod={file}"]) == 0
