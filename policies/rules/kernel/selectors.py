"""Label selectors of Kubernetes, as its API evaluates them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .values import Node

Labels = Mapping[str, str | None]
Selects = Callable[[Labels], bool]


def labels_of(node: Node) -> dict[str, str | None]:
    """The labels at a node. Raises Unknown when one of them is not known."""
    return {name: node.key(name).text() for name in node.names()}


def selector(node: Node, *, empty_selects_all: bool = True) -> Selects | None:
    """What a LabelSelector selects; None for one that is absent, which selects nothing.

    An empty one selects everything, but for policy/v1beta1, where an empty one selects nothing. Raises Unknown. An
    operator that Kubernetes does not know selects nothing: the API server refuses such an object.
    """
    if node.raw is None or not isinstance(node.raw, Mapping):
        return None
    wanted = labels_of(node["matchLabels"])
    expressions = [
        (
            entry["key"].text() or "",
            (entry["operator"].text() or "").lower(),
            frozenset(value.text() or "" for value in entry["values"].items()),
        )
        for entry in node["matchExpressions"].items()
    ]
    if not wanted and not expressions and not empty_selects_all:
        return None

    def selects(labels: Labels) -> bool:
        return all(key in labels and labels[key] == value for key, value in wanted.items()) and all(
            _holds(labels, *expression) for expression in expressions
        )

    return selects


def _holds(labels: Labels, key: str, operator: str, values: frozenset[str]) -> bool:
    if operator == "in":
        return key in labels and (labels[key] or "") in values
    if operator == "notin":
        return key not in labels or (labels[key] or "") not in values
    if operator == "exists":
        return key in labels
    return operator == "doesnotexist" and key not in labels
