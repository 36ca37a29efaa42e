"""What one of two copies of a store holds that the other lacks: counted, or named as unknown with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Which = Literal["missing", "changed", "surviving", "deleted"]
"""
Of a row that is kept: `missing` is in the first copy only; `changed` is in both, and this is what the first copy
holds, `surviving` what the other one holds in its place; `deleted` is in the other one only, because the first copy
deleted it.
"""


@dataclass(frozen=True)
class Difference:
    """
    Rows of one table, or another `kind` of thing, which counts as one: a sequence, a column, a large object.

    `missing` are in the first copy only, `changed` in both with another content, `deleted` were deleted in the first
    copy only. `said` tells what no number does. `first` and `last`: of the missing rows, by the table's first column
    with a time, where it has one.
    """

    kind: str
    name: str
    missing: int = 0
    changed: int = 0
    deleted: int = 0
    said: str = ""
    first: datetime | None = None
    last: datetime | None = None

    @property
    def count(self) -> int:
        """How many differences this is: a thing without rows of its own is one."""
        return max(self.missing + self.changed + self.deleted, 1)


@dataclass(frozen=True)
class Unknown:
    """What could not be counted, why, and which command helps."""

    name: str
    reason: str
    hint: str = ""


@dataclass(frozen=True)
class KeptRow:
    """One row as text, so that a person can look at it. None is NULL."""

    table: str
    which: Which
    columns: Sequence[str]
    values: Sequence[str | None]


Keep = Callable[[KeptRow], None]


def keep_nothing(_row: KeptRow) -> None:
    """For who wants the numbers only."""


@dataclass(frozen=True)
class Comparison:
    """What the first copy holds of its own, and what of it could not be counted."""

    differences: tuple[Difference, ...] = ()
    unknown: tuple[Unknown, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of tables that are missing or changed in the other copy, or came back in it."""
        return sum(it.missing + it.changed + it.deleted for it in self.differences if it.kind == "table")

    @property
    def count(self) -> int:
        return sum(it.count for it in self.differences)

    @property
    def said(self) -> str:
        """`53 rows of 2 tables, 1 sequence`; empty for copies that do not differ."""
        kinds: dict[str, int] = {}
        for it in self.differences:
            if it.kind != "table":
                kinds[it.kind] = kinds.get(it.kind, 0) + it.count
        tables = [it for it in self.differences if it.kind == "table"]
        told = [f"{plural(self.rows, 'row')} of {plural(len(tables), 'table')}"] if tables else []
        return ", ".join([*told, *(plural(number, kind) for kind, number in sorted(kinds.items()))])


def plural(number: int, word: str) -> str:
    """`1 row`, `2 rows`, `2 indexes`, `2 policies`."""
    if number == 1:
        return f"1 {word}"
    if word.endswith("y"):
        return f"{number} {word[:-1]}ies"
    return f"{number} {word}{'es' if word.endswith(('x', 's')) else 's'}"
