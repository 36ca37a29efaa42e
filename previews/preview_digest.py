"""
Reading the digest that `pulumi preview --json` prints.

The digest leaves out policy results, default providers and (without --show-sames) unchanged resources. It is read
step by step: of a step only what the report needs is kept, so that a large file costs little more than its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from previews import sources
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

_SPACE = re.compile(r"[ \t\n\r]*")
_HINT = "the file may be cut short or of another version: run `pulumi preview --json > FILE` again"


def read_digest(text: str, where: str, preview: StackPreview) -> StackPreview:
    """Fill the preview of one stack from a digest. Raises BadInput that names the place inside the file."""
    rest: dict[str, Any] = {}
    seen_steps = False
    try:
        for key, value in _members(
            text, lambda position, item: _add_step(preview, item, f"{where}: steps[{position}]")
        ):
            if key == "steps":
                seen_steps = True
            rest[key] = value
    except DrError:
        raise
    except (ValueError, RecursionError) as error:
        raise bad(where, f"is no complete JSON: {_reason(error)}", _HINT) from None
    if not seen_steps and "changeSummary" not in rest:
        raise bad(where, "has neither `steps` nor `changeSummary`", _HINT)
    config = sources.expect(rest.get("config") or {}, dict, f"{where}: config", "an object")
    preview.config = {key: value for key, value in config.items() if key.endswith((":region", ":location"))}
    preview.counts = _counts(rest.get("changeSummary"), f"{where}: changeSummary")
    preview.failures = _failures(rest.get("diagnostics"), f"{where}: diagnostics")
    if rest.get("maybeCorrupt") is True:
        preview.failures.append("the engine reports that the state may be corrupt")
    same = sum(step.op == "same" for step in preview.steps)
    preview.complete = same >= preview.counts.get("same", 0)
    return preview


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


def _add_step(preview: StackPreview, item: Any, where: str) -> None:
    sources.expect(item, dict, where, "an object")
    op = sources.expect(item.get("op"), str, f"{where}.op", "text")
    urn = sources.check_urn(item.get("urn"), f"{where}.urn")
    if op in REPLACEMENT_PARTS:
        return  # a digest says `replace` once; the parts of other versions add nothing
    old = sources.resource(preview, item.get("oldState"), urn, f"{where}.oldState")
    new = sources.resource(preview, item.get("newState"), urn, f"{where}.newState")
    if op == "delete":
        new = None
    elif op == "create":
        old = None
    if op in {"update", "same"}:
        keep_identity(old, new)
    side = new or old
    detailed = sources.expect(item.get("detailedDiff") or {}, dict, f"{where}.detailedDiff", "an object")
    changed = tuple(detailed) or sources.texts(item.get("diffReasons"), f"{where}.diffReasons")
    preview.steps.append(
        Step(
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
    )


def _counts(value: Any, where: str) -> dict[str, int]:
    summary = sources.expect(value or {}, dict, where, "an object")
    return {op: sources.expect(number, int, f"{where}.{op}", "a number") for op, number in summary.items()}


def _failures(value: Any, where: str) -> list[str]:
    messages = []
    for number, item in enumerate(sources.expect(value or [], list, where, "a list")):
        sources.expect(item, dict, f"{where}[{number}]", "an object")
        if item.get("severity") == "error":
            messages.append(str(item.get("message", "")).removeprefix("error: "))
    return sources.error_lines(messages)
