"""What a person sees of a run: a line for each change, messages, outputs and a summary."""

import time
from typing import TYPE_CHECKING, Any

from sandbox.engine import gojson
from sandbox.engine.arguments import Arguments
from sandbox.engine.events import StepView
from sandbox.engine.urns import STACK_TYPE, is_default_provider, name_of
from sandbox.engine.values import Asset, Map, ResourceRef, Secret, Unknown, Value, same

if TYPE_CHECKING:
    from sandbox.engine.invocation import Invocation

Json = Any
SIGNS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "same": " ",
    "read": ">",
    "discard": "<",
    "refresh": "~",
    "import": "=",
    "import-replacement": "=>",
}
DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "created replacement",
    "delete-replaced": "deleted original",
    "read": "read",
    "discard": "discarded",
    "refresh": "refreshed",
    "import": "imported",
    "import-replacement": "imported replacement",
}
TITLES = {
    "update": "Updating",
    "preview": "Previewing update",
    "refresh": "Refreshing",
    "destroy": "Destroying",
    "import": "Importing",
}
COUNTED = {
    "create": "to create|created",
    "update": "to update|updated",
    "replace": "to replace|replaced",
    "delete": "to delete|deleted",
    "import": "to import|imported",
    "read": "to read|read",
}


class Display:
    """Prints a run while it goes on."""

    wants_states = False

    def __init__(self, invocation: "Invocation", arguments: Arguments, noun: str, *, preview: bool) -> None:
        self._print, self._preview, self._noun = invocation.print, preview, noun
        self._show_outputs = not arguments.has("suppress-outputs")
        self._diff = arguments.has("diff")
        self._diagnostics: list[tuple[str, str]] = []
        self._policies: list[str] = []
        self._old: Map = {}
        self._outputs: Map | None = None
        self._began = time.monotonic()
        self._stack = arguments.one("stack")

    def event(self, kind: str, body: dict[str, Json], step: StepView | None) -> None:
        if kind == "preludeEvent":
            title = TITLES[self._noun] if not self._preview or self._noun == "preview" else f"Previewing {self._noun}"
            self._print(f"{title} ({self._stack}):" if self._stack else f"{title}:")
        elif kind == "resOutputsEvent" and step is not None:
            self._resource(step, body["metadata"]["op"])
        elif kind == "resOpFailedEvent" and step is not None:
            self._line(step, step.op, "**failed**")
        elif kind == "diagnosticEvent" and not body.get("ephemeral") and body["severity"] != "debug":
            prefix = "" if body["severity"].startswith("info") else f"{body['severity']}: "
            self._diagnostics.append((body.get("urn", ""), prefix + body["message"].rstrip("\n")))
        elif kind == "policyEvent":
            about = body.get("resourceUrn", "")
            self._policies.append(
                f"    [{body['enforcementLevel']}] {body['policyPackName']} v{body['policyPackVersion']} "
                f"{body['policyName']} ({name_of(about) if about else 'stack'})\n"
                + "\n".join(f"    {line}" for line in body["message"].rstrip().splitlines())
            )
        elif kind == "summaryEvent":
            self._summary(body)

    def _resource(self, step: StepView, op: str) -> None:
        if step.type == STACK_TYPE:
            if step.old is not None:
                self._old = step.old.outputs
            self._outputs = step.new.outputs if step.new is not None else None
        if op in ("same", "replace") or is_default_provider(step.urn):
            return
        self._line(step, op, op if self._preview else DONE.get(op, op))

    def _line(self, step: StepView, op: str, what: str) -> None:
        changed = f"  [diff: {','.join(step.diffs)}]" if step.diffs and op in ("update", "create-replacement") else ""
        self._print(f" {SIGNS.get(op, ' '):>2} {step.type} {name_of(step.urn)} {what}{changed}")

    def _summary(self, body: dict[str, Json]) -> None:
        if self._policies:
            self._print("\nPolicies:")
            for text in self._policies:
                self._print(text)
        self._messages()
        if self._show_outputs and self._outputs is not None and body["result"] == "succeeded":
            self._show(self._outputs)
        changes: dict[str, int] = body["resourceChanges"]
        if changes:
            self._print("\nResources:")
            for op, words in COUNTED.items():
                if changes.get(op):
                    self._print(f"    {SIGNS[op]} {changes[op]} {words.split('|')[not self._preview]}")
            if changes.get("same"):
                self._print(f"    {changes['same']} unchanged")
        if not self._preview:
            self._print(f"\nDuration: {max(1, round(time.monotonic() - self._began))}s")

    def _messages(self) -> None:
        if self._diagnostics:
            self._print("\nDiagnostics:")
        for urn, text in self._diagnostics:
            self._print(f"  {urn.split('::')[2].rsplit('$', 1)[-1]} ({name_of(urn)}):" if urn else "  pulumi:")
            for line in text.splitlines():
                self._print(f"    {line}")
        self._diagnostics.clear()

    def _show(self, outputs: Map) -> None:
        lines = []
        for key in sorted({*outputs, *self._old}):
            before, after = self._old.get(key), outputs.get(key)
            if key not in outputs:
                lines.append(f"  - {key}: {shown(before)}")
            elif key not in self._old:
                lines.append(f"  + {key}: {shown(after)}")
            elif same(before, after):
                lines.append(f"    {key}: {shown(after)}")
            else:
                lines.append(f"  ~ {key}: {shown(before)} => {shown(after)}")
        if lines:
            self._print("\nOutputs:")
            for line in lines:
                self._print(line)

    def close(self) -> None:
        self._messages()  # what was said after the summary, or without one


def shown(value: Value) -> str:
    """A value for people: secrets and unknowns by name."""

    def bare(item: Value) -> Json:
        if isinstance(item, Secret):
            return "[secret]"
        if isinstance(item, Unknown):
            return "[unknown]"
        if isinstance(item, Asset):
            return f"asset({item.hash[:7]})"
        if isinstance(item, ResourceRef):
            return item.urn
        if isinstance(item, dict):
            return {k: bare(v) for k, v in item.items()}
        return [bare(v) for v in item] if isinstance(item, list) else item

    if isinstance(value, (Secret, Unknown)):
        return str(bare(value))
    return gojson.compact(bare(value))
