"""
Reading the digest that `pulumi preview --json` prints.

The digest leaves out policy results, default providers and (without --show-sames) unchanged resources. It is read
step by step: of a step only what the report needs is kept, so that a large file costs little more than its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from previews import sources
from previews.folding import REPLACED_BY, Folding
from previews.meanings import normal_type
from previews.previewed import (
    KNOWN_OPERATIONS,
    REPLACEMENT_PARTS,
    StackPreview,
    Step,
    keep_identity,
    urn_name,
    urn_type,
)
from previews.sources import bad
from scripts.core.errors import DrError

# What a refresh may turn a step into: `ResultOp` of the engine.
_RESULTS = ("update", "delete")
_SPACE = re.compile(r"[ \t\n\r]*")
_HINT = "the file may be cut short or of another version: run `pulumi preview --json > FILE` again"


def read_digest(text: str, where: str, preview: StackPreview) -> StackPreview:
    """Fill the preview of one stack from a digest. Raises BadInput that names the place inside the file."""
    rest: dict[str, Any] = {}
    planned: list[Step] = []
    try:
        rest |= _members(
            text, lambda position, item: planned.append(_step(preview, item, f"{where}: steps[{position}]"))
        )
    except DrError:
        raise
    except (ValueError, RecursionError) as error:
        raise bad(where, f"is no complete JSON: {_reason(error)}", _HINT) from None
    preview.is_digest = True
    preview.config = sources.regions_in(preview, rest.get("config"), f"{where}: config")
    preview.failures = _failures(rest.get("diagnostics"), f"{where}: diagnostics")
    if rest.get("maybeCorrupt") is True:
        preview.failures.append("the engine reports that the state may be corrupt")
    summary = rest.get("changeSummary")
    if "steps" not in rest and summary is None and not preview.failures:
        raise bad(where, "has neither `steps` nor `changeSummary`", _HINT)
    counts = sources.counts_in(summary, f"{where}: changeSummary")
    preview.steps = _folded(planned, None if summary is None else counts)
    preview.counts = counts if summary is not None else _counted(preview.steps)
    _judge_completeness(preview, said=summary is not None)
    return preview


def _folded(planned: list[Step], counts: Mapping[str, int] | None) -> list[Step]:
    """
    One step for each resource. A digest writes what a refresh found as an ordinary update or deletion in the place of
    the refresh; it is known by the step that follows it on the same resource, by a summary that does not count it, or
    by a root stack that was only refreshed.
    """
    by_urn: dict[str, list[Step]] = {}
    for step in planned:
        by_urn.setdefault(step.urn, []).append(step)
    looked = {
        id(step)
        for group in by_urn.values()
        for number, step in enumerate(group[:-1])
        if step.op in _RESULTS and _goes_on(group[number + 1 :])
    }
    alone = [step for step in planned if step.op in _RESULTS and id(step) not in looked]
    if _only_refreshed(by_urn):
        looked.update(map(id, alone))
    elif counts is not None:
        for op in _RESULTS:
            uncounted = sum(step.op == op for step in alone) - counts.get(op, 0)
            looked.update(id(step) for step in [s for s in alone if s.op == op][: max(uncounted, 0)])
    folding = Folding()
    for step in planned:
        if id(step) in looked or step.op == "refresh":
            folding.found(step)
        else:
            folding.add(step)
    return folding.steps()


def _goes_on(later: list[Step]) -> bool:
    """An engine plans no second operation on what it updates or deletes: so the first was what a refresh saw."""
    return any(step.op not in REPLACEMENT_PARTS - REPLACED_BY for step in later)


def _only_refreshed(by_urn: Mapping[str, list[Step]]) -> bool:
    """`pulumi refresh --preview-only`: the root stack is refreshed and the program never registers it."""
    roots = [group for group in by_urn.values() if group[0].type == "pulumi:pulumi:Stack"]
    return bool(roots) and all(step.op == "refresh" for group in roots for step in group)


def _counted(steps: list[Step]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for step in steps:
        if step.is_change:
            counts[step.op] = counts.get(step.op, 0) + 1
    return counts


def _judge_completeness(preview: StackPreview, *, said: bool) -> None:
    """Whether every resource of the stack is in the steps, and every change that the summary counts."""
    if not said and not preview.failures:
        preview.doubts.append("the digest has no summary, so that nobody can tell whether all of its steps are there")
    seen = _counted(preview.steps)
    for op in ("create", "update", "delete", "replace", "import"):
        counted = preview.counts.get(op, 0)
        if said and not preview.failures and seen.get(op, 0) < counted:
            preview.doubts.append(f"its summary counts {counted} of {op}, and its steps show {seen.get(op, 0)}")
    same = sum(step.op in {"same", "refresh"} for step in preview.steps)
    enough = said and same >= preview.counts.get("same", 0)
    preview.complete = enough and not preview.failures and not preview.doubts


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:80]


def _members(text: str, on_step: Callable[[int, Any], None]) -> Iterator[tuple[str, Any]]:
    """Members of the outermost object; the items of `steps` go to `on_step` one by one and are not kept."""
    decode = sources.decoder().raw_decode
    position = _expect(text, _skip(text, 0), "{")
    position = _skip(text, position)
    if text.startswith("}", position):
        position += 1
    else:
        while True:
            key, position = decode(text, position)
            if not isinstance(key, str):
                raise json.JSONDecodeError("Expecting a property name", text, position)
            position = _skip(text, _expect(text, _skip(text, position), ":"))
            value: Any = None
            if key == "steps" and text.startswith("[", position):
                position = _steps(text, position + 1, decode, on_step)
            else:
                value, position = decode(text, position)
                if key == "steps" and value is not None:
                    raise json.JSONDecodeError("Expecting a list of steps", text, position)
            yield key, value
            position = _skip(text, position)
            if text.startswith(",", position):
                position = _skip(text, position + 1)
                continue
            position = _expect(text, position, "}")
            break
    if _skip(text, position) != len(text):
        raise json.JSONDecodeError("Extra data", text, position)


def _steps(
    text: str, position: int, decode: Callable[[str, int], tuple[Any, int]], on_step: Callable[[int, Any], None]
) -> int:
    position = _skip(text, position)
    if text.startswith("]", position):
        return position + 1
    number = 0
    while True:
        item, position = decode(text, position)
        on_step(number, item)
        number += 1
        position = _skip(text, position)
        if text.startswith("]", position):
            return position + 1
        position = _skip(text, _expect(text, position, ","))


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _expect(text: str, position: int, char: str) -> int:
    if not text.startswith(char, position):
        raise json.JSONDecodeError(f"Expecting {char}", text, position)
    return position + 1


def _step(preview: StackPreview, item: Any, where: str) -> Step:
    sources.expect(item, dict, where, "an object")
    op = sources.expect(item.get("op"), str, f"{where}.op", "text")
    urn = sources.check_urn(item.get("urn"), f"{where}.urn")
    before, after = item.get("oldState"), item.get("newState")
    old = sources.resource(preview, before, urn, f"{where}.oldState")
    same = old is not None and after == before
    new = old if same else sources.resource(preview, after, urn, f"{where}.newState", beside=before)
    if op in {"delete", "delete-replaced"}:
        new = None
    elif op in {"create", "import"}:
        old = None
    elif op == "refresh":
        new = new or old  # as it stands before the refresh: what it found is written over it
    if op in {"update", "same"}:
        keep_identity(old, new)
    if op.startswith("read") and new is not None:
        new.owned = False
    side = new or old
    detailed = sources.expect(item.get("detailedDiff") or {}, dict, f"{where}.detailedDiff", "an object")
    changed = tuple(detailed) or sources.texts(item.get("diffReasons"), f"{where}.diffReasons")
    return Step(
        stack=preview.stack,
        op=op,
        urn=urn,
        type=side.type if side else normal_type(urn_type(urn)),
        name=urn_name(urn),
        old=old,
        new=new,
        changed=changed or (sources.differing(old, new) if op != "same" else ()),
        causes=sources.texts(item.get("replaceReasons"), f"{where}.replaceReasons"),
        known=op in KNOWN_OPERATIONS,
    )


def _failures(value: Any, where: str) -> list[str]:
    messages = []
    for number, item in enumerate(sources.expect(value or [], list, where, "a list")):
        sources.expect(item, dict, f"{where}[{number}]", "an object")
        if item.get("severity") == "error":
            messages.append(str(item.get("message", "")))
    return sources.error_lines(messages)
