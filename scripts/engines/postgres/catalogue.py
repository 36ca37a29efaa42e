"""What a database holds, as its catalogue says: read without waiting for a lock on any table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.engines.protocol import QueryRefused

if TYPE_CHECKING:
    from scripts.engines.postgres.bounded import Bounded

OWN = "n.nspname NOT IN ('information_schema', 'dr_guard') AND n.nspname !~ '^pg_'"
"""A schema `n` that is the service's own: neither the server's, nor the guard's, nor a session's. No percent sign."""

# The key: the primary one, else the narrowest unique index that tells every row from every other.
_TABLES = f"""
SELECT c.oid::regclass::text, c.oid, c.relkind, c.relpersistence = 'u', pg_get_userbyid(c.relowner),
       CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::regclass::text END,
       coalesce((SELECT json_agg(json_build_array(quote_ident(a.attname), format_type(a.atttypid, a.atttypmod))
                                 ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
       coalesce((SELECT keys.names FROM pg_index i CROSS JOIN LATERAL (
                    SELECT json_agg(quote_ident(a.attname) ORDER BY k.place) AS names, bool_and(a.attnotnull) AS whole
                    FROM unnest(i.indkey) WITH ORDINALITY AS k(number, place)
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
                    WHERE k.place <= i.indnkeyatts) AS keys
                 WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                   AND i.indexprs IS NULL AND keys.whole
                 ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1), '[]'),
       (SELECT quote_ident(a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.atttypid = 'timestamptz'::regtype AND NOT a.attisdropped
        ORDER BY a.attnum LIMIT 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND {OWN}
ORDER BY c.oid
"""  # noqa: S608 (constants of this module)

_EMPTY = f"""
SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {OWN} AND pg_relation_size(c.oid) = 0
"""  # noqa: S608 (constants of this module)

_SEQUENCES = f"""
SELECT c.oid::regclass::text, s.seqincrement,
       CASE WHEN has_sequence_privilege(c.oid, 'SELECT') OR has_sequence_privilege(c.oid, 'USAGE')
            THEN pg_sequence_last_value(c.oid) END,
       has_sequence_privilege(c.oid, 'SELECT') OR has_sequence_privilege(c.oid, 'USAGE'), pg_get_userbyid(c.relowner)
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND {OWN}
ORDER BY 1
"""  # noqa: S608 (constants of this module)

# What holds no rows: told when only one copy has it, because the service may need it. The members of an extension come
# and go with it.
_DEFINITIONS = f"""
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'c' THEN 'type' ELSE 'sequence' END,
       c.oid::regclass::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm', 'c', 'S') AND c.relpersistence <> 't' AND {OWN}
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'function', p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {OWN}
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'type', format_type(t.oid, NULL) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND {OWN}
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
UNION ALL
SELECT 'value of a type', format_type(t.oid, NULL) || ' ' || quote_literal(e.enumlabel)
FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {OWN}
UNION ALL
SELECT 'schema', quote_ident(n.nspname) FROM pg_namespace n WHERE {OWN}
UNION ALL
SELECT 'extension', quote_ident(extname) FROM pg_extension
ORDER BY 1, 2
"""  # noqa: S608 (constants of this module)

_PREPARED = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY 1"


@dataclass(frozen=True)
class Table:
    """
    Names as SQL takes them. `columns`: the type of each. `key`: the columns that tell rows apart; often, not always,
    there are some. `root`: the partitioned table whose partition this is. `leaf`: it holds rows itself.
    """

    name: str
    oid: int
    leaf: bool
    foreign: bool
    unlogged: bool
    owner: str
    root: str | None
    columns: dict[str, str]
    key: tuple[str, ...]
    time: str | None


@dataclass(frozen=True)
class Sequence:
    """`last` is None for one that was never asked, and where `readable` is false."""

    increment: int
    last: int | None
    readable: bool
    owner: str


def tables(copy: Bounded) -> dict[str, Table]:
    """By name. Raises QueryRefused, Unreachable, as all in this module does."""
    found = {}
    for name, oid, kind, unlogged, owner, root, columns, key, time in copy.rows(_TABLES):
        found[name] = Table(
            name, oid, kind == "r", kind == "f", unlogged, owner, root, dict(columns), tuple(key), time
        )  # fmt: skip
    return found


def empty(copy: Bounded) -> set[int]:
    """The numbers of tables without a row; fewer or none where a lock is in the way of looking at all at once."""
    try:
        return {oid for (oid,) in copy.rows(_EMPTY)}
    except QueryRefused:
        return set()


def sequences(copy: Bounded) -> dict[str, Sequence]:
    return {name: Sequence(step, last, may, owner) for name, step, last, may, owner in copy.rows(_SEQUENCES)}


def definitions(copy: Bounded) -> set[tuple[str, str]]:
    """Kind and name."""
    return {(kind, name) for kind, name in copy.rows(_DEFINITIONS)}


def prepared(copy: Bounded) -> set[str]:
    """Transactions that are neither committed nor given up."""
    return {gid for (gid,) in copy.rows(_PREPARED)}
