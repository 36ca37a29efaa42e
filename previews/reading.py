"""Reading `NAME=FILE` arguments: what kind of file it is, and its preview."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from previews import sources
from previews.event_log import parse_lines, read_events
from previews.meanings import RELEVANT_TYPES
from previews.preview_digest import read_digest
from previews.previewed import StackPreview
from previews.sources import bad
from previews.states import read_state
from scripts.core.errors import BadInput

# A line that holds a whole event. The digest of the CLI is indented, so its first line is a lone brace.
_EVENT_LINE = re.compile(r"\s*\{.*\"\w+Event\"\s*:")
_DIGEST = re.compile(r"\"(?:steps|changeSummary|diagnostics)\"\s*:")


def named_files(arguments: list[str]) -> dict[str, Path]:
    """
    `prod=preview.json` arguments as stack to file; a bare file is named after itself.

    Raises BadInput where a stack is named twice or an argument is empty.
    """
    files: dict[str, Path] = {}
    for argument in arguments:
        name, equals, file = argument.partition("=")
        path = Path(file if equals else argument)
        stack = name if equals else path.name.split(".")[0]
        if not stack or not str(path) or str(path) == ".":
            raise BadInput(f"{argument!r} is not STACK=FILE", "for example: dr preview prod=prod.json dr=dr.json")
        if stack in files:
            raise BadInput(f"the stack {stack!r} is given twice", "name each file: STACK=FILE, each stack once")
        files[stack] = path
    return files


def read_preview(
    path: Path, stack: str, state: Path | None = None, keep: frozenset[str] = RELEVANT_TYPES
) -> StackPreview:
    """The preview in a digest or an event log; `state` adds the unchanged resources that a digest leaves out."""
    text = sources.read_text(path)
    where = str(path)
    preview = StackPreview(stack, keep=keep)
    first = _first_line(text)
    if _EVENT_LINE.match(first) and not _DIGEST.search(first[:2000]):
        read_events(parse_lines(_lines(text), where), where, preview)
    elif text.lstrip()[:1] == "{":
        read_digest(text, where, preview)
    else:
        what = "is empty" if not text.strip() else "is neither a preview digest nor an event log"
        raise bad(where, what, "give the output of `pulumi preview --json` or an engine event log")
    if state is not None:
        _add_unchanged(preview, state)
    return preview


def _lines(text: str) -> Iterator[str]:
    """Lines that end with a newline alone: other line separators may stand inside a JSON text."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _first_line(text: str) -> str:
    start = len(text) - len(text.lstrip())
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)]


def _add_unchanged(preview: StackPreview, path: Path) -> None:
    known = {step.urn for step in preview.steps}
    before = read_state(sources.read_text(path), str(path), preview)
    preview.steps.extend(step for step in before if step.urn not in known)
    preview.complete = not preview.failures


def read_previews(
    files: Mapping[str, Path], states: Mapping[str, Path], keep: frozenset[str] = RELEVANT_TYPES
) -> list[StackPreview]:
    """All previews in the order given. Raises BadInput for a state of a stack that has no preview."""
    if stray := sorted(states.keys() - files.keys()):
        raise BadInput(f"a state is given for {stray[0]!r}, which has no preview", "give STACK=FILE for it as well")
    return [read_preview(path, stack, states.get(stack), keep) for stack, path in files.items()]
