"""
The rows of one table that only one of two copies holds, looked up row by row.

Only rows that a transaction younger than the parting of the two histories has written are looked up: by their key, or
by their whole content in a table without one. Rows that were deleted are found the other way round: older ones, that
only the other copy still holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scripts.engines.comparison import KeptRow, Which

if TYPE_CHECKING:
    from scripts.engines.comparison import Keep
    from scripts.engines.postgres.bounded import Bounded
    from scripts.engines.postgres.catalogue import Table

BLOCKS = 1000  # of 8 KiB, so many are read at once: a table may be larger than our memory
AT_ONCE = 1000  # keys
WITHOUT_KEY = 200_000  # rows of a table without a key that are held in memory
KEPT = 100_000  # rows of a table that are kept for people: the count goes on, the file does not

# By the age of the transaction that wrote a row, in numbers of transactions. Numbers of rows that were frozen long ago
# may look young: they are looked up for nothing.
_YOUNG = "age(t.xmin) <= age((%(fork)s::bigint %% 4294967296)::text::xid) + %(margin)s"
_OLD = "age(t.xmin) > age((%(fork)s::bigint %% 4294967296)::text::xid)"
_ALL = "true"
_BLOCKS = "SELECT pg_relation_size(%(oid)s::oid) / current_setting('block_size')::bigint"

Key = tuple[str, ...]


class TooMany(Exception):
    """More rows of a table without a key than can be held at once; the number is at least that."""


@dataclass(frozen=True)
class Fork:
    """Where the two histories parted. `margin`: so many older transactions are looked at as well."""

    xid: int
    margin: int


@dataclass(frozen=True)
class Pair:
    """A table in the copy that is looked through, and where its rows are looked up in the other one."""

    here: Table
    there: Table | None
    part: bool = False
    """`there` is the whole table that the one here is a partition of."""

    @property
    def source(self) -> str:
        return f"ONLY {_escaped(self.here.name)}"

    @property
    def goal(self) -> str:
        there = self.there or self.here
        return _escaped(there.name) if self.part or not there.leaf else f"ONLY {_escaped(there.name)}"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.here.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the key, where both copies have them."""
        known = self.there.columns if self.there is not None else self.here.columns
        return self.here.key if all(name in known for name in self.here.key) else ()

    def content(self, *, there: bool = False) -> str:
        """The same text for the same content, whatever the order and the types of the columns are."""
        known = self.there.columns if there and self.there is not None else self.here.columns
        return f"md5(ROW({', '.join(_text(name) if name in known else 'NULL::text' for name in self.columns)})::text)"

    def values(self, *, there: bool = False) -> str:
        known = self.there.columns if there and self.there is not None else self.here.columns
        return _array(_text(name) if name in known else "NULL::text" for name in self.columns)

    @property
    def keys(self) -> str:
        return _array(_text(name) for name in self.key)

    @property
    def sought(self) -> str:
        """A condition on the key: by its index, where both copies mean the same by its types, else by its text."""
        there = self.there or self.here
        alike = all(self.here.columns[name] == there.columns[name] for name in self.key)
        columns = ", ".join(_column(name) if alike else _text(name) for name in self.key)
        kinds = [_escaped(self.here.columns[name]) if alike else "text" for name in self.key]
        typed = ", ".join(f"u.k{number}::{kind}" for number, kind in enumerate(kinds))
        given = ", ".join(f"%(k{number})s::text[]" for number in range(len(kinds)))
        names = ", ".join(f"k{number}" for number in range(len(kinds)))
        return f"({columns}) IN (SELECT {typed} FROM unnest({given}) AS u({names}))"  # noqa: S608 (quoted by the catalogue)


@dataclass
class Own:
    """What was found of a table, counted while it goes on."""

    missing: int = 0
    changed: int = 0
    first: datetime | None = None
    last: datetime | None = None
    kept: int = 0

    def saw(self, time: datetime | None) -> None:
        self.missing += 1
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)


def own_rows(here: Bounded, there: Bounded, pair: Pair, fork: Fork, keep: Keep) -> Own:
    """What only `here` holds of a table. Raises TooMany, and what a copy raises."""
    everything = pair.there is None or pair.here.unlogged  # an unlogged one is empty after a promotion
    return _Search(here, there, pair, fork, keep, _ALL if everything else _YOUNG, "missing").run()


def deleted_rows(here: Bounded, there: Bounded, pair: Pair, fork: Fork, keep: Keep) -> int:
    """
    How many rows from before the parting `there` still holds and `here` does not: it deleted them. `pair` is that of
    `there`: what is looked through is the other copy.
    """
    if pair.there is None or pair.here.unlogged:
        return 0
    return _Search(there, here, pair, fork, keep, _OLD, "deleted").run().missing


@dataclass
class _Search:
    """Rows of `one` for which `condition` holds, looked up in `other`."""

    one: Bounded
    other: Bounded
    pair: Pair
    fork: Fork
    keep: Keep
    condition: str
    which: Which
    found: Own = field(default_factory=Own)

    def run(self) -> Own:
        if self.pair.key or self.pair.there is None:
            self._by_key()
        else:
            self._by_content()
        return self.found

    def _by_key(self) -> None:
        pair = self.pair
        for rows in self._stretches(f"{pair.keys}, {pair.content()}"):
            held = self._there([tuple(key) for _, _, key, _ in rows])
            missing = [row for row in rows if tuple(row[2]) not in held]
            changed = [row for row in rows if self.which == "missing" and held.get(tuple(row[2]), row[3]) != row[3]]
            for _, time, _, _ in missing:
                self.found.saw(time)
            self.found.changed += len(changed)
            self._keep([row[0] for row in missing], self.which)
            self._keep([row[0] for row in changed], "changed")
            self._keep_surviving([tuple(row[2]) for row in changed])

    def _by_content(self) -> None:
        """As many rows of each content as `one` has more than `other`."""
        rows: list[tuple[Any, ...]] = []
        for some in self._stretches(self.pair.content()):
            rows += some
            if len(rows) > WITHOUT_KEY:
                raise TooMany(len(rows))
        contents = sorted({content for _, _, content in rows})
        more = self._counts(self.one, contents)
        more.subtract(self._counts(self.other, contents))
        places = []
        for place, time, content in rows:
            if more[content] > 0:
                more[content] -= 1
                places.append(place)
                self.found.saw(time)
        self._keep(places, self.which)

    def _stretches(self, asked: str) -> Iterator[list[tuple[Any, ...]]]:
        """Place, time and what is asked of the rows that the condition holds for, a stretch of the table at a time."""
        table, fork = self.pair.here, self.fork
        ((blocks,),) = self.one.rows(_BLOCKS, {"oid": table.oid})
        time = "NULL::timestamptz" if table.time is None else _moment(_column(table.time))
        sql = (
            f"SELECT t.ctid::text, {time}, {asked} FROM {self.pair.source} t "  # noqa: S608 (quoted by the catalogue)
            f"WHERE {self.condition} AND t.ctid >= %(first)s::tid AND t.ctid < %(end)s::tid"
        )
        for first in range(0, blocks or 0, BLOCKS):
            given = {"fork": fork.xid, "margin": fork.margin, "first": f"({first},0)", "end": f"({first + BLOCKS},0)"}
            yield self.one.rows(sql, given)

    def _there(self, keys: Sequence[Key]) -> dict[Key, str]:
        """The content of the rows of the other copy with these keys. Empty where it has no such table."""
        there: dict[Key, str] = {}
        pair = self.pair
        if pair.there is None:
            return there
        sql = f"SELECT {pair.keys}, {pair.content(there=True)} FROM {pair.goal} t WHERE {pair.sought}"  # noqa: S608 (quoted by the catalogue)
        for start in range(0, len(keys), AT_ONCE):
            rows = self.other.rows(sql, _given(keys[start : start + AT_ONCE]))
            there |= {tuple(key): content for key, content in rows}
        return there

    def _counts(self, copy: Bounded, contents: Sequence[str]) -> Counter[str]:
        """How many rows of each of these contents a copy holds."""
        if not contents:
            return Counter()
        there = copy is self.other
        content, source = self.pair.content(there=there), self.pair.goal if there else self.pair.source
        sql = f"SELECT {content}, count(*) FROM {source} t WHERE {content} = ANY(%(contents)s) GROUP BY 1"  # noqa: S608 (quoted by the catalogue)
        return Counter(dict(copy.rows(sql, {"contents": list(contents)})))

    def _keep(self, places: Sequence[str], which: Which) -> None:
        pair = self.pair
        sql = f"SELECT {pair.values()} FROM {pair.source} t WHERE t.ctid = ANY(%(places)s::tid[])"  # noqa: S608 (quoted by the catalogue)
        for start in range(0, min(len(places), KEPT - self.found.kept), AT_ONCE):
            for (values,) in self.one.rows(sql, {"places": list(places[start : start + AT_ONCE])}):
                self.keep(KeptRow(pair.here.name, which, pair.columns, values))
                self.found.kept += 1

    def _keep_surviving(self, keys: Sequence[Key]) -> None:
        pair = self.pair
        if not keys or self.found.kept >= KEPT:
            return
        sql = f"SELECT {pair.values(there=True)} FROM {pair.goal} t WHERE {pair.sought}"  # noqa: S608 (quoted by the catalogue)
        for start in range(0, len(keys), AT_ONCE):
            for (values,) in self.other.rows(sql, _given(keys[start : start + AT_ONCE])):
                self.keep(KeptRow(pair.here.name, "surviving", pair.columns, values))


def _given(keys: Sequence[Key]) -> dict[str, object]:
    return {f"k{number}": list(column) for number, column in enumerate(zip(*keys, strict=True))}


def _escaped(text: str) -> str:
    """For a format of psycopg, which takes a percent sign for the beginning of a parameter."""
    return text.replace("%", "%%")


def _column(name: str) -> str:
    return f"t.{_escaped(name)}"


def _moment(column: str) -> str:
    """What Python can hold of a column of moments: infinity, and years before 1 and after 9999, count as none."""
    return f"CASE WHEN {column} BETWEEN '0001-01-02 UTC' AND '9999-12-30 UTC' THEN {column} END"


def _text(name: str) -> str:
    return f"{_column(name)}::text"


def _array(parts: Iterator[str]) -> str:
    return f"ARRAY[{', '.join(parts)}]::text[]"
