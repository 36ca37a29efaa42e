"""Reading property values that may be absent, unknown, secret or of an odd kind."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the protocol
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
LONGEST_SHOWN = 60
_UNSAFE = re.compile(r"[^\x20-\x7e]")


def secret_texts(raw: Any, inside: bool = False) -> Iterator[str]:
    """The texts in secret values. Shorter than four characters they would be found in every other sentence."""
    if isinstance(raw, Mapping):
        inside = inside or raw.get(SIGNATURE) == SECRET or (raw.get(SIGNATURE) == OUTPUT and raw.get("secret") is True)
        for key, value in raw.items():
            if key != SIGNATURE:
                yield from secret_texts(value, inside)
    elif isinstance(raw, list):
        for value in raw:
            yield from secret_texts(value, inside)
    elif inside and isinstance(raw, str) and len(raw) > 3 and raw not in UNKNOWNS:
        yield raw


class Unknown(Exception):
    """A value was asked for that is not known before the update has run.

    Args: path of the property, as written on the wire (`backup.backupRetentionDays`).
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def printable(text: str, longest: int = LONGEST_SHOWN) -> str:
    """`text` on one line of plain ASCII, cut to `longest` characters.

    Names and values come from other people's programs and end up in terminals and pull request comments.
    """
    clean = _UNSAFE.sub("?", text[: longest + 1])
    return clean if len(text) <= longest else clean[: longest - 3] + "..."


class Node:
    """One place in a resource's properties. Absent places are nodes too, with `raw` None.

    Every reader returns None (or nothing) for a value of another kind, so that absent and odd are treated alike:
    not what the rule asks for. Every reader raises `Unknown` for a value that is not known yet.
    """

    __slots__ = ("path", "raw", "secret")

    def __init__(self, raw: Any, path: str = "", secret: bool = False) -> None:
        while isinstance(raw, Mapping) and raw.get(SIGNATURE) in (SECRET, OUTPUT):
            secret = secret or raw[SIGNATURE] == SECRET or raw.get("secret") is True
            if "value" not in raw:
                raise Unknown(path or "properties")
            raw = raw["value"]
        if isinstance(raw, str) and raw in UNKNOWNS:
            raise Unknown(path or "properties")
        self.raw = raw
        self.path = path
        self.secret = secret

    def __getitem__(self, path: str) -> Node:
        """The node at a dotted path; whole numbers are positions in lists."""
        node = self
        for key in path.split("."):
            node = node.key(key)
        return node

    def key(self, key: str) -> Node:
        """The node under one key, which may contain dots (annotations, labels)."""
        raw: Any = None
        if isinstance(self.raw, Mapping):
            raw = self.raw.get(key)
        elif isinstance(self.raw, list) and key.isascii() and key.isdigit() and int(key) < len(self.raw):
            raw = self.raw[int(key)]
        return Node(raw, f"{self.path}.{key}" if self.path else key, self.secret)

    def items(self) -> Iterator[Node]:
        """The elements of a list; a single object counts as a list of one (maxItems 1 in bridged providers).

        Raises Unknown for unknown elements after the known ones were given.
        """
        if isinstance(self.raw, list):
            unknown: Unknown | None = None
            for position, raw in enumerate(self.raw):
                try:
                    node = Node(raw, f"{self.path}.{position}", self.secret)
                except Unknown as error:
                    unknown = unknown or error
                else:
                    yield node
            if unknown:
                raise unknown
        elif isinstance(self.raw, Mapping):
            yield self

    def names(self) -> list[str]:
        return [str(key) for key in self.raw] if isinstance(self.raw, Mapping) else []

    def present(self) -> bool:
        return self.raw is not None and self.raw not in ("", [], {})

    def text(self) -> str | None:
        return self.raw if isinstance(self.raw, str) and self.raw else None

    def flag(self) -> bool | None:
        """True or False, also from the words (some providers take strings)."""
        if isinstance(self.raw, bool):
            return self.raw
        if isinstance(self.raw, str) and self.raw.lower() in ("true", "false"):
            return self.raw.lower() == "true"
        return None

    def number(self) -> float | None:
        """A finite number, also from its digits (Redis configuration is all strings)."""
        if isinstance(self.raw, bool) or not isinstance(self.raw, (int, float, str)):
            return None
        try:
            value = float(self.raw)
        except (ValueError, OverflowError):
            return None
        return value if math.isfinite(value) else None

    def shown(self) -> str:
        """The value as it may stand in a message: never a secret one, never long, never with control characters."""
        if self.raw is None:
            return "absent"
        if self.secret:
            return "(secret)"
        if isinstance(self.raw, float) and math.isfinite(self.raw) and self.raw.is_integer():
            return f"{self.raw:.0f}"[:LONGEST_SHOWN]
        if isinstance(self.raw, str):
            return printable(self.raw)
        if isinstance(self.raw, (Mapping, list)):
            return "an object" if isinstance(self.raw, Mapping) else "a list"
        return printable(json.dumps(self.raw, default=str))
