"""
Reading the engine's event stream: JSON lines from `--event-log`, or from `preview --json` with
PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1, or as the Automation API hands them on.

Unlike the digest it names every resource, unchanged ones too, and carries policy results with their severity. The
format is `apitype.EngineEvent` of the Pulumi SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from previews import sources
from previews.folding import Folding
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
_NO_SUCCESS = "the preview did not succeed"
_OUTCOMES = frozenset({_NO_SUCCESS, "preview failed", "update failed"})
# Operations whose step learns of the resource while it runs, so that its output event says more than what began it.
_LEARNING = frozenset({"read", "read-replacement", "import", "import-replacement"})
_OF_POLICIES = ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent", "policyRemediateSummaryEvent")


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

    A stream without a summary is refused with BadInput, because what is missing then cannot be told from what did not
    change; unless the engine says in it why it gave up, which is then reported.
    """
    reader = _Reader(preview)
    for place, event in events:
        for key, value in event.items():
            if (take := _TAKERS.get(key)) is not None and value is not None:
                take(reader, value, f"{place}: {key}")
    if reader.summaries > 1:
        raise bad(where, "holds more than one preview", _HINT)
    if not reader.summaries and not reader.errors:
        if not reader.ended:
            raise bad(where, "has no summary: the stream is cut short", _HINT)
        reader.errors.append("it was broken off before it came to its summary")
    preview.steps = reader.folding.steps()
    preview.failures = _failures(preview, reader.errors)
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
    return [line for line in lines if not (by_rules and line in _OUTCOMES)]


class _Reader:
    """What has been read so far; one method for each event that says something."""

    def __init__(self, preview: StackPreview) -> None:
        self.preview = preview
        self.folding = Folding()
        self.errors: list[str] = []
        self.summaries = 0
        self.ended = False
        # Refreshes and steps that learn, until their output event comes.
        self._refreshing: set[str] = set()
        self._learning: set[str] = set()

    def diagnostic(self, event: Any, where: str) -> None:
        sources.expect(event, dict, where, "an object")
        if event.get("severity") == "error" and not event.get("ephemeral"):
            self.errors.append(str(event.get("message", "")))

    def error(self, event: Any, where: str) -> None:
        self.errors.append(str(sources.expect(event, dict, where, "an object").get("error", "")))

    def prelude(self, event: Any, where: str) -> None:
        config = sources.expect(event, dict, where, "an object").get("config")
        self.preview.config = sources.regions_in(self.preview, config, f"{where}.config")

    def cancel(self, _event: Any, _where: str) -> None:
        self.ended = True

    def policies_ran(self, _event: Any, _where: str) -> None:
        self.preview.has_policies = True

    def policy(self, event: Any, where: str) -> None:
        self.preview.has_policies = True
        self.preview.findings.append(_finding(self.preview.stack, event, where))

    def summary(self, event: Any, where: str) -> None:
        sources.expect(event, dict, where, "an object")
        self.summaries += 1
        self.preview.counts = sources.counts_in(event.get("resourceChanges"), f"{where}.resourceChanges")
        if sources.expect(event.get("PolicyPacks") or {}, dict, f"{where}.PolicyPacks", "an object"):
            self.preview.has_policies = True
        if event.get("isPreview") is False:
            hint = "give the event log of `pulumi preview`; an update has already happened"
            raise bad(where, "is of an update, not of a preview", hint)
        if event.get("maybeCorrupt") is True:
            self.errors.append("the engine reports that the state may be corrupt")
        if event.get("result") not in (None, "", "succeeded") and not self.errors:
            self.errors.append(_NO_SUCCESS)

    def begins(self, event: Any, where: str) -> None:
        data, op, urn, where = _metadata(event, where)
        if op == "refresh":
            self._refreshing.add(urn)
        elif op in _LEARNING:
            self._learning.add(urn)
        self.folding.add(self._step(data, op, urn, where))

    def ends(self, event: Any, where: str) -> None:
        """Of most steps the output event repeats the step; of a refresh it alone tells what was found."""
        if not self._refreshing and not self._learning:
            return
        data, op, urn, where = _metadata(event, where)
        if urn in self._refreshing:
            self._refreshing.discard(urn)
            self.folding.found(self._step(data, "delete" if op == "delete" else "refresh", urn, where))
        elif urn in self._learning and op in _LEARNING:
            self._learning.discard(urn)
            step = self._step(data, op, urn, where)
            self.folding.update_sides(urn, step.old, step.new)

    def _step(self, data: Mapping[str, Any], op: str, urn: str, where: str) -> Step:
        old, new = self._sides(data, op, urn, where)
        detailed = sources.expect(data.get("detailedDiff") or {}, dict, f"{where}.detailedDiff", "an object")
        changed = tuple(detailed) or sources.texts(data.get("diffs"), f"{where}.diffs")
        causes = sources.texts(data.get("keys"), f"{where}.keys")
        if op in {"update", "same"}:
            keep_identity(old, new)
        if op.startswith("read") and new is not None:
            new.owned = False
        side = new or old
        return Step(
            stack=self.preview.stack,
            op=op,
            urn=urn,
            type=side.type if side else normal_type(str(data.get("type") or urn_type(urn))),
            name=urn_name(urn),
            old=old,
            new=new,
            changed=changed or (sources.differing(old, new) if op != "same" else ()),
            causes=causes,
            known=op in KNOWN_OPERATIONS,
        )

    def _sides(self, data: Mapping[str, Any], op: str, urn: str, where: str) -> tuple[Resource | None, Resource | None]:
        before, after = data.get("old"), data.get("new")
        old = None
        if op not in {"create", "import"}:
            old = sources.resource(self.preview, before, urn, f"{where}.old", custom_if_unsaid=False)
        if op in {"delete", "delete-replaced"}:
            return old, None
        if old is not None and after is not None and after == before:
            return old, old  # unchanged: read once, kept once
        read = None if old is None else before
        return old, sources.resource(self.preview, after, urn, f"{where}.new", custom_if_unsaid=False, beside=read)


_TAKERS: dict[str, Callable[[_Reader, Any, str], None]] = {
    "resourcePreEvent": _Reader.begins,
    "resOutputsEvent": _Reader.ends,
    "policyEvent": _Reader.policy,
    "diagnosticEvent": _Reader.diagnostic,
    "errorEvent": _Reader.error,
    "preludeEvent": _Reader.prelude,
    "summaryEvent": _Reader.summary,
    "cancelEvent": _Reader.cancel,
    **dict.fromkeys(_OF_POLICIES, _Reader.policies_ran),
}


def _metadata(event: Any, where: str) -> tuple[Mapping[str, Any], str, str, str]:
    sources.expect(event, dict, where, "an object")
    where = f"{where}.metadata"
    data: Mapping[str, Any] = sources.expect(event.get("metadata"), dict, where, "an object")
    op: str = sources.expect(data.get("op"), str, f"{where}.op", "text")
    return data, op, sources.check_urn(data.get("urn"), f"{where}.urn"), where


def _finding(stack: str, event: Any, where: str) -> Finding:
    sources.expect(event, dict, where, "an object")

    def text(key: str) -> str:
        value = event.get(key)
        return "" if value is None else sources.plain_text(sources.expect(value, str, f"{where}.{key}", "text"))

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
