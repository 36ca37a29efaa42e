"""Values at a property path of a resource's inputs, where `[*]` stands for every item of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from previews.safety import SECRET, is_secret, is_unknown

# What tells one item of a list from another, in this order; else its position.
_IDENTITIES = ("ruleName", "name", "id", "regionName", "region", "locationName", "datastoreType")


@lru_cache(maxsize=4096)
def split(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[*]", ".[*]").split("."))


_KEYS = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')


@lru_cache(maxsize=4096)
def keys_of(path: str) -> tuple[str | int, ...]:
    """The engine's own paths: `a.b[0]["c.d"]` is a, b, 0, c.d. At least one key."""
    keys = tuple(quoted or (int(number[:9]) if number else plain) for quoted, number, plain in _KEYS.findall(path))
    return keys or (path,)


def dig(inputs: Mapping[str, Any], keys: tuple[str | int, ...]) -> Any:
    """The value at the keys, or None."""
    value: Any = inputs
    for key in keys:
        if isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        elif isinstance(value, Mapping):
            value = value.get(str(key))
        else:
            return None
    return value


def value_at(inputs: Mapping[str, Any], path: str) -> Any:
    """The value at a path without `[*]`, or None."""
    value: Any = inputs
    for part in split(path):
        value = _below(value, part)
    return value


def values_at(inputs: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Item name to value; the name is "" where the path has no `[*]`. A part of a path that is missing gives None."""
    found: dict[str, Any] = {"": inputs}
    for part in split(path):
        following: dict[str, Any] = {}
        for label, value in found.items():
            if part == "[*]":
                for position, item in enumerate(_items(value)):
                    following[_unused(following, _identity(label, item, position))] = item
            else:
                following[label] = _below(value, part)
        found = following
    return found


def _below(value: Any, part: str) -> Any:
    if is_secret(value):
        return SECRET  # it stands for everything below it, as an unknown value does
    if isinstance(value, Mapping):
        return value.get(part)
    return value if is_unknown(value) else None


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _identity(label: str, item: Any, position: int) -> str:
    name = str(position)
    if isinstance(item, Mapping):
        for key in _IDENTITIES:
            if isinstance(item.get(key), str):
                name = item[key]
                break
    return f"{label}/{name}" if label else name


def _unused(taken: Mapping[str, Any], label: str) -> str:
    if label not in taken:
        return label
    number = 2
    while f"{label}#{number}" in taken:
        number += 1
    return f"{label}#{number}"
