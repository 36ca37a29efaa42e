"""What a backup selection of AWS Backup takes in: ARNs and patterns, tags, what it excludes, and its conditions.

A resource is assigned when one of `resources` or of `selectionTags` names it; then every condition must hold, and none
of `notResources` may name it. Conditions alone choose among everything there is; then only tags decide, and those that
a provider adds by itself stand in no program (AWS Backup API reference, BackupSelection).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from .values import Node, Unknown

_TAG = "aws:ResourceTag/"
_OPERATORS: dict[str, Callable[[str | None, str], bool]] = {
    "stringEquals": lambda tag, value: tag == value,
    "stringNotEquals": lambda tag, value: tag != value,
    "stringLikes": lambda tag, value: tag is not None and matches(value, tag),
    "stringNotLikes": lambda tag, value: tag is None or not matches(value, tag),
}


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of AWS matches a text: `*` stands for anything, `?` for one character."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.DOTALL)


def selects(
    selection: Mapping[str, Any] | Node,
    tags: Callable[[], Mapping[str, str | None]],
    named: Callable[[str, Node], bool],
    refers: Callable[[str], bool] = lambda prop: False,
    all_tags: bool = False,
) -> bool:
    """Whether a selection takes a resource in.

    tags: the resource's tags. named: whether a pattern names the resource, told the property and the entry. refers:
    whether a property is known to come from the resource, whatever its value will be. All of them may raise Unknown,
    as this does when what decides is not known. all_tags: whether `tags` has also those that a provider adds by itself.
    """
    node = selection if isinstance(selection, Node) else Node(selection)

    def listed(prop: str) -> bool:
        return refers(prop) or _any([partial(named, prop, entry) for entry in _entries(node, prop)])

    def tagged() -> bool:
        return _any([partial(_tagged, tag, tags) for tag in node["selectionTags"].items()])

    alone = conditions_alone(node)
    if not (alone or _any([partial(listed, "resources"), tagged])) or listed("notResources"):
        return False
    return all(holds(condition, tags, all_tags or not alone) for condition in node["conditions"].items())


def conditions_alone(selection: Mapping[str, Any] | Node) -> bool:
    """Whether a selection has conditions and names neither resources nor tags. What is not known yet is named."""
    node = selection if isinstance(selection, Node) else Node(selection)
    return node["conditions"].present() and not any(_given(node, prop) for prop in ("resources", "selectionTags"))


def _given(node: Node, prop: str) -> bool:
    try:
        return node[prop].present()
    except Unknown:
        return True


def _tagged(tag: Node, tags: Callable[[], Mapping[str, str | None]]) -> bool:
    key = tag["key"].text() or ""
    return key in tags() and tags()[key] == tag["value"].text()


def _entries(node: Node, prop: str) -> Iterable[Node]:
    """The entries of a list, unknown ones as nodes without a value: `named` decides about them."""
    raw = Node(node.raw)[prop].raw
    if not isinstance(raw, list):
        return
    for position, entry in enumerate(raw):
        path = f"{prop}.{position}"
        try:
            yield Node(entry, path)
        except Unknown:
            yield Node(None, path)


def _any(questions: Iterable[Callable[[], bool]]) -> bool:
    """Whether one of them is answered with yes. One that cannot be answered yet counts only when no other says yes."""
    unknown: Unknown | None = None
    for question in questions:
        try:
            if question():
                return True
        except Unknown as error:
            unknown = unknown or error
    if unknown:
        raise unknown
    return False


def holds(
    condition: Mapping[str, Any] | Node, tags: Callable[[], Mapping[str, str | None]], all_tags: bool = True
) -> bool:
    """
    Whether all comparisons of one entry of `conditions` hold for these tags. Raises Unknown, also for a tag that is not
    among them where they are not all there are.
    """
    condition = condition if isinstance(condition, Node) else Node(condition)
    for operator, compare in _OPERATORS.items():
        for entry in condition[operator].items():
            key = (entry["key"].text() or "").removeprefix(_TAG)
            if not all_tags and key not in tags():
                raise Unknown(entry.path)
            if not compare(tags().get(key), entry["value"].text() or ""):
                return False
    return True
