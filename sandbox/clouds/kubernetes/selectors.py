"""Which objects a list or watch asks for."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.clouds.kubernetes.errors import bad_request

Test = Callable[[dict[str, Any]], bool]

_SET = re.compile(r"^\s*(?P<key>[^\s!=]+)\s+(?P<verb>in|notin)\s+\((?P<values>[^)]*)\)\s*$")


def selector(labels: str, fields: str) -> Test:
    """Raises ApiError 400 for what cannot be read, or is not supported."""
    tests = [_label_test(term) for term in _terms(labels)] + [_field_test(term) for term in _terms(fields)]
    return lambda item: all(test(item) for test in tests)


def _terms(text: str) -> list[str]:
    """Split at commas that are not inside brackets."""
    return [term for term in re.split(r",(?![^(]*\))", text) if term.strip()]


def _label_test(term: str) -> Test:
    def labels(item: dict[str, Any]) -> dict[str, str]:
        return item["metadata"].get("labels") or {}

    match = _SET.match(term)
    if match:
        key, values = match["key"], {value.strip() for value in match["values"].split(",")}
        if match["verb"] == "in":
            return lambda item: labels(item).get(key) in values
        return lambda item: labels(item).get(key) not in values
    term = term.strip()
    if "!=" in term:
        key, value = (part.strip() for part in term.split("!=", 1))
        return lambda item: labels(item).get(key) != value
    if "=" in term:
        key, value = (part.strip() for part in re.split("==?", term, maxsplit=1))
        return lambda item: labels(item).get(key) == value
    if term.startswith("!"):
        return lambda item: term[1:] not in labels(item)
    return lambda item: term in labels(item)


def _field_test(term: str) -> Test:
    negated = "!=" in term
    path, value = (part.strip() for part in re.split("!=|==?", term, maxsplit=1))
    if path not in {"metadata.name", "metadata.namespace", "status.phase", "type", "spec.nodeName"}:
        raise bad_request(f"field label not supported: {path}")

    def test(item: dict[str, Any]) -> bool:
        found: Any = item
        for part in path.split("."):
            found = (found or {}).get(part) if isinstance(found, dict) else None
        return ((found or "") == value) != negated

    return test
