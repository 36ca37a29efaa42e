"""
What only one of two copies of a database holds, looked up row by row.

Only rows that a transaction younger than the parting of the two histories has written are looked up, by their key.
Deletes cannot be counted: nothing is left to look up. Tables without a primary key are counted and not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scripts.engines.postgres.session import Database

BLOCKS = 1000  # of 8 KiB, so many are read at once: a table may be larger than our memory
AT_ONCE = 1000  # keys
BOUND_SECONDS = 300

_TABLES = """
SELECT c.oid::regclass::text, pg_relation_size(c.oid) / current_setting('block_size')::bigint,
       (SELECT json_agg(json_build_array(quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)) ORDER BY k.place)
        FROM pg_index i
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary),
       (SELECT quote_ident(a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.atttypid = 'timestamptz'::regtype AND NOT a.attisdropped ORDER BY a.attnum
        LIMIT 1)
FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'dr_writer_lease_at_commit'
WHERE c.relkind = 'r'
"""


@dataclass(frozen=True)
class Divergence:
    """
    Rows of one table. `missing` are in the first copy only; `changed` are in both, with another content. `first` and
    `last` of the missing ones, by the table's first timestamp column where it has one.
    """

    table: str
    missing: int
    changed: int
    compared: bool
    first: datetime | None = None
    last: datetime | None = None
    sample: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Table:
    """`key`: name and type of each column of the primary key."""

    name: str
    blocks: int
    key: list[list[str]] | None
    time: str | None

    @property
    def row(self) -> str:
        """What tells a row from others, as an array of texts."""
        columns = [name for name, _ in self.key] if self.key else ["ctid"]
        return f"ARRAY[{', '.join(f't.{name}::text' for name in columns)}]"


Key = tuple[str, ...]
Found = tuple[Key, str, datetime | None]


def only_in(one: Database, other: Database, fork_xid: int, *, margin: int = 0) -> list[Divergence]:
    """
    By table, what `one` holds of its own. `fork_xid`: the oldest transaction that `other` may lack; `margin`: so many
    older ones are looked at as well. `one` must be closed for writes. Raises Unreachable, QueryRefused.
    """
    tables = [_Table(*each) for each in one.rows(_TABLES)]
    found = [_compare(one, other, table, fork_xid, margin) for table in tables]
    return [each for each in found if each.missing or each.changed]


def _compare(one: Database, other: Database, table: _Table, fork_xid: int, margin: int) -> Divergence:
    missing: list[Found] = []
    changed: list[Found] = []
    for young in _young(one, table, fork_xid, margin):
        there = _there(other, table, [key for key, _, _ in young])
        missing += [row for row in young if row[0] not in there]
        changed += [row for row in young if row[0] in there and there[row[0]] != row[1]]
    times = sorted(row[2] for row in missing if row[2] is not None)
    return Divergence(
        table.name,
        len(missing),
        len(changed),
        bool(table.key),
        times[0] if times else None,
        times[-1] if times else None,
        tuple(", ".join(row[0]) for row in (missing or changed)[:5]),
    )


def _young(one: Database, table: _Table, fork_xid: int, margin: int) -> Iterator[list[Found]]:
    """Key, content and time of rows that young transactions wrote, a stretch of the table at a time."""
    sql = (
        f"SELECT {table.row}, md5(t::text), {table.time or 'NULL'} FROM {table.name} t "  # noqa: S608 (quoted by the catalogue)
        "WHERE age(xmin) <= age((%(fork)s::bigint %% 4294967296)::text::xid) + %(margin)s "
        "AND ctid >= %(first)s::tid AND ctid < %(end)s::tid"
    )
    for first in range(0, table.blocks, BLOCKS):
        given = {"fork": fork_xid, "margin": margin, "first": f"({first},0)", "end": f"({first + BLOCKS},0)"}
        rows = one.rows(sql, given, timeout=BOUND_SECONDS)
        yield [(tuple(key), content, time) for key, content, time in rows]


def _there(other: Database, table: _Table, keys: list[Key]) -> dict[Key, str]:
    """The content of the rows with these keys, found by the index of the primary key. Empty for a table without one."""
    there: dict[Key, str] = {}
    if not table.key:
        return there
    numbers = range(len(table.key))
    columns = ", ".join(f"t.{name}" for name, _ in table.key)
    typed = ", ".join(f"u.k{number}::{table.key[number][1]}" for number in numbers)
    given = ", ".join(f"%(k{number})s::text[]" for number in numbers)
    asked = f"SELECT {typed} FROM unnest({given}) AS u({', '.join(f'k{number}' for number in numbers)})"  # noqa: S608
    sql = f"SELECT {table.row}, md5(t::text) FROM {table.name} t WHERE ({columns}) IN ({asked})"  # noqa: S608
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        values = {f"k{number}": [key[number] for key in some] for number in numbers}
        rows = other.rows(sql, values, timeout=BOUND_SECONDS)
        there |= {tuple(key): content for key, content in rows}
    return there
