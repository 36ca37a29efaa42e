"""`pulumi preview --json`: one document at the end."""

from collections.abc import Callable
from typing import Any

from sandbox.engine import gojson
from sandbox.engine.events import StepView
from sandbox.engine.state import State, resource_json
from sandbox.engine.urns import STACK_TYPE
from sandbox.engine.values import Asset, Secret, Value

Json = Any
_REPLACING = ("create-replacement", "delete-replaced", "discard-replaced", "read-replacement", "import-replacement")


def _shown(value: Value) -> Value:
    kind = type(value)
    if kind is Secret:
        return "[secret]"
    if kind is dict:
        return {k: _shown(v) for k, v in value.items()}
    if kind is list:
        return [_shown(v) for v in value]
    return value


class Digest:
    """
    Collects the steps and diagnostics of a preview, and hands the document to `put` at the end.

    `sames` shows resources that stay as they are, `replacements` the single steps of a replacement, `outputs` what the
    stack itself exports.
    """

    wants_states = False

    def __init__(
        self, put: Callable[[str], None], *, sames: bool = False, replacements: bool = False, outputs: bool = True
    ) -> None:
        self._put, self._sames, self._replacements, self._outputs = put, sames, replacements, outputs
        self._found: dict[str, Json] = {}
        self._steps: list[dict[str, Json]] = []
        self._seen: dict[str, str] = {}
        self._places: dict[str, list[int]] = {}  # of the steps of a resource
        self._diagnostics: list[dict[str, Json]] = []

    def event(self, kind: str, body: dict[str, Json], step: StepView | None) -> None:
        if kind == "preludeEvent" and body["config"]:
            self._found["config"] = body["config"]
        elif kind == "diagnosticEvent" and not body.get("ephemeral") and body["severity"] != "debug":
            prefix = "" if body["severity"].startswith("info") else f"{body['severity']}: "
            entry = {"urn": body["urn"]} if body.get("urn") else {}
            self._diagnostics.append({**entry, "message": prefix + body["message"], "severity": body["severity"]})
        elif kind == "resourcePreEvent" and step is not None and self._show(step):
            self._seen[step.urn] = step.op
            self._places.setdefault(step.urn, []).append(len(self._steps))
            self._steps.append(self._entry(step, step.op))
        elif kind == "resOutputsEvent" and step is not None and self._seen.get(step.urn) == "refresh":
            op = body["metadata"]["op"]
            if (op == "update" and step.detailed is not None) or op == "delete":
                for place in self._places[step.urn]:
                    self._steps[place] = self._entry(step, op)
        elif kind == "summaryEvent":
            self._found["duration"] = int(body["durationSeconds"]) * 1_000_000_000
            self._found["changeSummary"] = body["resourceChanges"]

    def _show(self, step: StepView) -> bool:
        if step.internal:
            return False
        if step.type == STACK_TYPE:
            return True
        if step.op == "same":
            both = step.old is not None and step.new is not None
            return self._sames or (both and step.old.protect != step.new.protect)  # type: ignore[union-attr]
        return self._replacements or step.logical or step.op not in _REPLACING

    def _state(self, state: State) -> Json:
        visible = self._outputs or state.type != STACK_TYPE
        shown = state.copy(
            inputs=_shown(state.inputs) if visible else {},
            outputs=_shown(state.outputs) if visible else {},
            replacement_trigger=_shown(state.replacement_trigger),
        )
        found = resource_json(shown, lambda _: "[secret]")
        if state.former_urn:
            found["aliases"] = [state.former_urn]
        return found

    def _entry(self, step: StepView, op: str) -> dict[str, Json]:
        entry: dict[str, Json] = {"op": op, "urn": step.urn}
        if step.provider:
            entry["provider"] = step.provider
        if step.old is not None:
            entry["oldState"] = self._state(step.old)
        if step.new is not None:
            entry["newState"] = self._state(step.new)
        if step.diffs:
            entry["diffReasons"] = step.diffs
        if step.keys:
            entry["replaceReasons"] = step.keys
        entry["detailedDiff"] = step.detailed and {
            k: {"kind": kind, "inputDiff": own} for k, (kind, own) in step.detailed.items()
        }
        return entry

    def close(self) -> None:
        whole: dict[str, Json] = {}
        if "config" in self._found:
            whole["config"] = self._found["config"]
        if self._steps:
            whole["steps"] = self._steps
        if self._diagnostics:
            whole["diagnostics"] = self._diagnostics
        whole |= {k: self._found[k] for k in ("duration", "changeSummary") if self._found.get(k)}
        self._put(gojson.indented(whole, 4, html=True))


__all__ = ["Asset", "Digest"]
