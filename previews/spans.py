"""The pieces that a cell of the report is made of, whatever the format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from previews.changes import Direction


class Mark(Enum):
    """What a line says at first sight. Never colour alone: each format has a sign or a word for it."""

    QUIET = "quiet"
    WEAKER = "weaker"
    STRONGER = "stronger"
    JUDGE = "judge"
    STOP = "stop"


MARKS = {Direction.WEAKER: Mark.WEAKER, Direction.STRONGER: Mark.STRONGER, Direction.JUDGE: Mark.JUDGE}


@dataclass(frozen=True, slots=True)
class Code:
    """Text that came from outside: renderers show it literally. Plain strings are this project's own words."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """A figure that was worked out, perhaps with a name from outside in it: words, where nothing in it can act."""

    text: str

    @property
    def part(self) -> str | Code:
        """Own words where the text is harmless in every format, else literal text."""
        return self.text if _HARMLESS.fullmatch(self.text) and not _LINKED.search(self.text) else Code(self.text)


# Letters, figures and a few signs; but no address, no issue (GH-1) and no commit, which services turn into links.
_HARMLESS = re.compile(r"[A-Za-z0-9 ,:()%+.;→—-]*")
_LINKED = re.compile(r"://|www\.|GH-\d|\b[0-9a-f]{7,40}\b|^\s*(?:[-+:|]|\d+[.)](?:\s|$))", re.IGNORECASE)

Part = str | Code | Value | Mark
Cell = tuple[Part, ...]
