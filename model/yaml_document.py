"""
A YAML file as plain data, read warily: a plan may come from a pull request of somebody unknown.

Refused, each by name: files over 1 MiB, what is neither UTF-8 nor UTF-16, several documents, aliases (a few lines of
them unfold to gigabytes) and merge keys, deep nesting, duplicate keys (YAML parsers silently take the last), and tags.
"""

import codecs
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from .durations import quote
from .yaml_reading import INT, MERGE, TIMESTAMP, PlanResolver, begins_with_zero

LARGEST_BYTES = 1 << 20
DEEPEST = 40
LONGEST_NUMBER = 64
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # for the events, which no resolver changes


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class DocumentError(Exception):
    """The file cannot be read as one plain YAML document; the text says why, with line and column where known."""


class _StrictLoader(PlanResolver):
    """Reads YAML 1.2, and refuses duplicate keys and numbers that other readers take for octal."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                raise DocumentError(f"{_place(key_node.start_mark)}: merge keys (<<) are not supported: write it out")
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise DocumentError(f"{_place(key_node.start_mark)}: a key must be text")
            if key in seen:
                raise DocumentError(
                    f"{_place(key_node.start_mark)}: the key {quote(key)} stands here for the second time"
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _number(loader: Any, node: Any) -> Any:
    text = loader.construct_scalar(node)
    if begins_with_zero(text):
        raise DocumentError(
            f"{_place(node.start_mark)}: {text} begins with a zero, which some readers take for octal: quote it if it "
            "is text such as an account, or leave the zero out"
        )
    if len(text) > LONGEST_NUMBER:
        raise DocumentError(f"{_place(node.start_mark)}: a number of {len(text)} characters is none that a plan counts")
    return int(text, 0)


def _day(loader: Any, node: Any) -> date:
    text = loader.construct_scalar(node)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DocumentError(f"{_place(node.start_mark)}: {text} is no day of the calendar") from None


def _tagged(loader: Any, node: Any) -> Any:
    del loader
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    raise DocumentError(f"{_place(node.start_mark)}: tags ({quote(tag)}) are not supported: write plain text")


_StrictLoader.add_constructor(INT, _number)
_StrictLoader.add_constructor(TIMESTAMP, _day)
for _tag in ("binary", "omap", "pairs", "set"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _tagged)
_StrictLoader.add_constructor(None, _tagged)


def read_document(path: Path) -> Any:
    """Raises DocumentError, also when the file cannot be opened."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError("there is no such file") from None
    except IsADirectoryError:
        raise DocumentError("is a directory, not a file") from None
    except (OSError, ValueError) as error:
        raise DocumentError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse_document(data)


def parse_document(data: bytes) -> Any:
    """Raises DocumentError."""
    if len(data) > LARGEST_BYTES:
        raise DocumentError(f"is larger than {LARGEST_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"is neither UTF-8 nor UTF-16 text (byte {error.start})") from None
    try:
        _refuse_bombs(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 # a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or "malformed"
        raise DocumentError(f"{_place(error.problem_mark)}: is not valid YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise DocumentError(f"is not valid YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, OverflowError) as error:  # the thirteenth month, a number of ten thousand digits
        raise DocumentError(f"holds a value that cannot be read: {str(error)[:120]}") from None


def _refuse_bombs(text: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise DocumentError(
                f"{_place(event.start_mark)}: aliases (*{event.anchor}) are not supported: write it out"
            )
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise DocumentError(
                    f"{_place(event.start_mark)}: a second document begins here; a plan is one document"
                )
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise DocumentError(f"{_place(event.start_mark)}: is nested deeper than {DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "somewhere"
