"""
Reading the engine's event stream: JSON lines from `--event-log`, or from `preview --json` with
PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1, or as the Automation API hands them on.

Unlike the digest it names every resource, unchanged ones too, and carries policy results with their severity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from previews import sources
from previews.meanings import normal_type
from previews.previewed import (
    KNOWN_OPERATIONS,
    Finding,
    Resource,
    StackPreview,
    Step,
    keep_identity,
    urn_name,
    urn_type,
)
from previews.sources import bad
from scripts.packs.messages import BROKEN, taken_apart

_HINT = "the log may be cut short or of another version: run the preview again to its end"
# Later steps on the same resource say more: a replacement than its parts, an update than the import before it.
_NO_SUCCESS = "the preview did not succeed"
_OUTCOMES = frozenset({_NO_SUCCESS, "preview failed", "update failed"})
_RANK = {
    "refresh": 0,
    "read": 1,
    "same": 1,
    "delete-replaced": 1,
    "create-replacement": 2,
    "import-replacement": 2,
    "import": 2,
}


def parse_lines(lines: Iterable[str], where: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Each non-empty line as (place, event). Raises BadInput for a line that is no JSON object."""
    decode = sources.decoder().decode
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{where}: line {number}"
        try:
            event = decode(line)
        except (ValueError, RecursionError):
            raise bad(place, "is no complete JSON", _HINT) from None
        yield place, sources.expect(event, dict, place, "an engine event")


def read_events(events: Iterable[tuple[str, Mapping[str, Any]]], where: str, preview: StackPreview) -> StackPreview:
    """
    Fill the preview of one stack from its events.

    Raises BadInput where the stream has no summary: what is missing then cannot be told from what did not change.
    """
    preview.has_policies = True
    steps: dict[str, Step] = {}
    errors: list[str] = []
    summaries = 0
    for place, event in events:
        if (pre := event.get("resourcePreEvent")) is not None:
            _add_step(preview, steps, pre, f"{place}: resourcePreEvent")
        elif (policy := event.get("policyEvent")) is not None:
            preview.findings.append(_finding(preview.stack, policy, f"{place}: policyEvent"))
        elif (diagnostic := event.get("diagnosticEvent")) is not None:
            sources.expect(diagnostic, dict, f"{place}: diagnosticEvent", "an object")
            if diagnostic.get("severity") == "error" and not diagnostic.get("ephemeral"):
                errors.append(str(diagnostic.get("message", "")))
        elif (prelude := event.get("preludeEvent")) is not None:
            config = sources.expect(prelude, dict, f"{place}: preludeEvent", "an object").get("config") or {}
            config = sources.expect(config, dict, f"{place}: preludeEvent.config", "an object")
            preview.config = {key: value for key, value in config.items() if key.endswith((":region", ":location"))}
        elif (summary := event.get("summaryEvent")) is not None:
            summaries += 1
            _take_summary(preview, summary, f"{place}: summaryEvent", errors)
    if summaries != 1:
        what = "has no summary: the stream is cut short" if summaries == 0 else "holds more than one preview"
        raise bad(where, what, _HINT)
    preview.steps = list(steps.values())
    preview.failures = _failures(preview, errors)
    # A preview that failed may never have reached some resources.
    preview.complete = not preview.failures
    return preview


def _failures(preview: StackPreview, errors: list[str]) -> list[str]:
    """
    The errors of a preview. One that only mandatory rules made fail has reached everything: an engine goes on after a
    violation when it previews, and the violations are reported as what they are.
    """
    lines = sources.error_lines(errors)
    by_rules = any(finding.level == "mandatory" for finding in preview.findings)
    return [line for line in lines if not (by_rules and line.removeprefix("error: ") in _OUTCOMES)]


def _take_summary(preview: StackPreview, summary: Any, where: str, errors: list[str]) -> None:
    sources.expect(summary, dict, where, "an object")
    changes = sources.expect(summary.get("resourceChanges") or {}, dict, f"{where}.resourceChanges", "an object")
    preview.counts = {
        op: sources.expect(count, int, f"{where}.resourceChanges.{op}", "a number") for op, count in changes.items()
    }
    if summary.get("maybeCorrupt") is True:
        errors.append("the engine reports that the state may be corrupt")
    if summary.get("result") not in (None, "", "succeeded") and not errors:
        errors.append(_NO_SUCCESS)


def _add_step(preview: StackPreview, steps: dict[str, Step], event: Any, where: str) -> None:
    sources.expect(event, dict, where, "an object")
    data = sources.expect(event.get("metadata"), dict, f"{where}.metadata", "an object")
    where = f"{where}.metadata"
    op = sources.expect(data.get("op"), str, f"{where}.op", "text")
    urn = sources.check_urn(data.get("urn"), f"{where}.urn")
    earlier = steps.get(urn)
    if earlier is not None and _RANK.get(op, 3) <= _RANK.get(earlier.op, 3):
        return
    old, new = _sides(preview, data, op, urn, where)
    detailed = sources.expect(data.get("detailedDiff") or {}, dict, f"{where}.detailedDiff", "an object")
    changed = tuple(detailed) or sources.texts(data.get("diffs"), f"{where}.diffs")
    causes = sources.texts(data.get("keys"), f"{where}.keys")
    if op in {"update", "same"}:
        keep_identity(old, new)
    side = new or old
    steps[urn] = Step(
        stack=preview.stack,
        op="replace" if op in {"create-replacement", "import-replacement"} else op,
        urn=urn,
        type=side.type if side else normal_type(str(data.get("type") or urn_type(urn))),
        name=urn_name(urn),
        old=old,
        new=new,
        changed=changed or (sources.differing(old, new) if op not in {"same", "refresh"} else ()),
        causes=causes,
        known=op in KNOWN_OPERATIONS,
    )


def _sides(
    preview: StackPreview, data: Mapping[str, Any], op: str, urn: str, where: str
) -> tuple[Resource | None, Resource | None]:
    before, after = data.get("old"), data.get("new")
    old = None if op in {"create", "import"} else sources.resource(preview, before, urn, f"{where}.old")
    if op in {"delete", "delete-replaced"}:
        return old, None
    if after is not None and before is not None and after == before:
        return old, old  # unchanged: read once, kept once
    return old, sources.resource(preview, after, urn, f"{where}.new")


def _finding(stack: str, event: Any, where: str) -> Finding:
    sources.expect(event, dict, where, "an object")

    def text(key: str) -> str:
        value = event.get(key)
        return "" if value is None else str(sources.expect(value, str, f"{where}.{key}", "text"))

    sources.expect(event.get("policyName"), str, f"{where}.policyName", "text")
    kind, title, wrong = taken_apart(text("message"))
    return Finding(
        stack=stack,
        policy=text("policyName"),
        pack=text("policyPackName"),
        level=text("enforcementLevel"),
        severity=text("severity").lower(),
        message=": ".join(part.strip() for part in (title, wrong) if part.strip()),
        urn=text("resourceUrn"),
        name=urn_name(text("resourceUrn")),
        # What stops an update is broken, whatever its message says.
        kind=kind if text("enforcementLevel") == "advisory" else BROKEN,
    )
