"""
Digests, event logs and states written step by step, for what `worlds` leaves out: several steps on one resource,
refreshes, renames, failures. The fields are those of `display.PreviewDigest`, `apitype.EngineEvent` and
`apitype.ResourceV3` of the Pulumi CLI.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from previews.analysis import Request, analyse
from previews.document import compose
from previews.markdown import plain
from previews.report import Report
from tests.previews.worlds import STACK_TYPE, urn

Json = dict[str, Any]
DATABASE = "aws:rds/instance:Instance"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SAME = object()


def database(**changes: Any) -> Json:
    """Inputs of a database that has all it should; None takes an input away."""
    inputs = {
        "identifier": "shop-core",
        "engine": "postgres",
        "backupRetentionPeriod": 14,
        "multiAz": True,
        "deletionProtection": True,
        "region": "eu-north-1",
    }
    return {key: value for key, value in {**inputs, **changes}.items() if value is not None}


def state(kind: str, name: str, inputs: Json, stack: str = "prod", project: str = "shop", **more: Any) -> Json:
    """One resource as a state has it."""
    return {
        "urn": urn(stack, kind, name, project),
        "custom": True,
        "id": f"{name}-id",
        "type": kind,
        "inputs": inputs,
        "outputs": {"arn": f"arn:aws:x:eu-north-1:1:{name}"},
        **more,
    }


def step(op: str, old: Json | None, new: Any = _SAME, **more: Any) -> Json:
    """A step between two states; `new` is the old one where it is left out. The engine's names, for both formats."""
    new = old if new is _SAME else new
    side = new or old or {}
    return {"op": op, "urn": side.get("urn"), "type": side.get("type"), "old": old, "new": new, **more}


def digest(steps: list[Json], summary: Json | None = None, diagnostics: list[str] | None = None) -> str:
    """What `pulumi preview --json` prints: parts that are empty are left out, as the CLI does."""
    body: Json = {
        "config": {"aws:region": "eu-north-1"},
        "steps": [
            {
                "op": each["op"],
                "urn": each["urn"],
                **({"oldState": each["old"]} if each["old"] else {}),
                **({"newState": each["new"]} if each["new"] else {}),
                "detailedDiff": each.get("detailedDiff"),
                **({"replaceReasons": each["keys"]} if each.get("keys") else {}),
            }
            for each in steps
        ],
        "diagnostics": [{"message": text, "severity": "error"} for text in diagnostics or []],
        "duration": 1_234_567,
        "changeSummary": summary,
    }
    return json.dumps({key: value for key, value in body.items() if value}, indent=4)


def log(events: list[Json], summary: Json | None = None, **more: Any) -> str:
    """An event log: the events between a prelude and a summary. `begins` and `ends` make those of steps."""
    stream = [{"preludeEvent": {"config": {"aws:region": "eu-north-1"}}}, *events]
    packs = more.pop("packs", {"dr": "1.0.0"})
    if summary is not None:
        stream += [{"summaryEvent": {"resourceChanges": summary, "PolicyPacks": packs, "isPreview": True, **more}}]
    stream += [{"cancelEvent": {}}]
    return "".join(json.dumps({"sequence": n, "timestamp": 1, **event}) + "\n" for n, event in enumerate(stream))


def begins(each: Json) -> Json:
    return {"resourcePreEvent": {"metadata": each, "planning": True}}


def ends(each: Json) -> Json:
    return {"resOutputsEvent": {"metadata": each, "planning": True}}


def both(each: Json) -> list[Json]:
    return [begins(each), ends(each)]


def error(message: str, severity: str = "error") -> Json:
    return {"diagnosticEvent": {"message": message, "color": "never", "severity": severity}}


def export(resources: list[Json]) -> str:
    """What `pulumi stack export` prints."""
    return json.dumps(
        {"version": 3, "deployment": {"manifest": {"time": "2026-01-01T00:00:00Z"}, "resources": resources}}
    )


def root(stack: str = "prod", project: str = "shop") -> Json:
    return state(STACK_TYPE, f"{project}-{stack}", {}, stack, project, custom=False, id="")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def report(folder: Path, text: str, state_text: str | None = None, **more: Any) -> Report:
    """The report on one stack, prod."""
    states = {} if state_text is None else {"prod": write(folder, "state.json", state_text)}
    return analyse(Request({"prod": write(folder, "preview.json", text)}, states=states, **more))


def headline(of: Report) -> str:
    return "\n".join(plain(words) for _, words in compose(of).headline)
