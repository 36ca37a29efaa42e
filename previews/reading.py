"""Reading `NAME=FILE` arguments: what kind of file it is, and its preview."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from previews import sources
from previews.event_log import parse_lines, read_events
from previews.meanings import RELEVANT_TYPES
from previews.preview_digest import read_digest
from previews.previewed import StackPreview, Step
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
    """
    The preview in a digest or an event log; `state` adds the unchanged resources that a digest leaves out.

    Raises BadInput for a file that is neither, and for one that holds resources of several stacks.
    """
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
        raise bad(where, what, "give the output of `pulumi preview --json` or an engine event log, without its stderr")
    if len(places := sorted(preview.places())) > 1:
        what = f"holds resources of {' and '.join(f'stack {stack} of {project}' for stack, project in places[:2])}"
        raise bad(where, what, "give each stack a file of its own")
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
    """
    Add what the state has and the steps do not name, by its present or its former name.

    What the steps take for recorded and the state lacks shows that the two are of different times.
    """
    planned = [step for step in preview.steps if step.op != "delete-replaced"]
    known = {urn for step in planned for urn in (step.urn, *_former_names(step))}
    cleared = {(step.urn, _id(step)) for step in preview.steps if step.op == "delete-replaced"}
    before = read_state(sources.read_text(path), str(path), preview)
    recorded = {step.urn for step in before if step.op == "same"}
    for step in before:
        # An event log names what waits for its deletion itself; a digest leaves it out.
        waits = preview.is_digest and step.op == "delete-replaced" and step.old is not None
        if (step.op == "same" and step.urn not in known) or (waits and (step.urn, _id(step)) not in cleared):
            preview.steps.append(step)
    missing = [step for step in planned if step.old is not None and not _former_names(step) & recorded]
    unchanged = preview.counts.get("same", 0)
    if missing:
        preview.doubts.append(f"{path.name} does not have {missing[0].name}, which the preview found in the state")
    elif sum(step.op in {"same", "refresh"} for step in preview.steps) < unchanged:
        preview.doubts.append(f"{path.name} does not have the {unchanged} resources that the preview leaves unchanged")
    summary = not preview.is_digest or any(preview.counts.values())
    preview.complete = summary and not preview.failures and not preview.doubts


def _id(step: Step) -> str:
    return "" if step.old is None else step.old.id


def _former_names(step: Step) -> set[str]:
    return {side.own_urn or step.urn for side in (step.old, step.gone) if side is not None}


def read_previews(
    files: Mapping[str, Path], states: Mapping[str, Path], keep: frozenset[str] = RELEVANT_TYPES
) -> list[StackPreview]:
    """
    All previews in the order given.

    Raises BadInput for a state of a stack that has no preview, and for two files of the same stack.
    """
    if stray := sorted(states.keys() - files.keys()):
        raise BadInput(f"a state is given for {stray[0]!r}, which has no preview", "give STACK=FILE for it as well")
    previews = [read_preview(path, stack, states.get(stack), keep) for stack, path in files.items()]
    _check_each_is_another(previews, files)
    return previews


def _check_each_is_another(previews: list[StackPreview], files: Mapping[str, Path]) -> None:
    owners: dict[tuple[str, str], str] = {}
    for preview in previews:
        for place in preview.places():
            if (other := owners.get(place)) is not None:
                what = f"{files[preview.stack]} and {files[other]} are both of stack {place[0]} of project {place[1]}"
                raise BadInput(what, "give each stack once, each with its own file")
            owners[place] = preview.stack
            if place[0] != preview.stack and place[0] in files:
                what = f"{files[preview.stack]} is of stack {place[0]}, and is given as {preview.stack}"
                raise BadInput(what, "name each file after its own stack")


def check_stacks(previews: Sequence[StackPreview], stacks: Collection[str]) -> None:
    """Raises BadInput for a file that is given as one of these stacks of a plan and is of another stack."""
    for preview in previews:
        for stack, _ in preview.places():
            if preview.stack in stacks and stack != preview.stack:
                raise BadInput(
                    f"the preview given as {preview.stack} is of stack {stack}", "name each file after its own stack"
                )


def check_base(previews: Sequence[StackPreview], base: Sequence[StackPreview]) -> None:
    """Raises BadInput for a preview of the base branch that is of another stack than the change."""
    new = {preview.stack: preview.places() | preview.former_places() for preview in previews}
    for preview in base:
        here, there = preview.places(), new.get(preview.stack, set())
        if here and there and not here & there:
            hint = "give the preview of the same stack on the branch to merge into"
            raise BadInput(f"the base given for {preview.stack} is of stack {min(here)[0]}", hint)
