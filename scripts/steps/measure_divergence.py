"""
What the old site accepted and the new one never saw, before the old copy is given up.

The new primary remembers where the histories parted (`dr.marker`, written when the lease was granted). Rows of the
old copy that are younger than that are looked up in the new one by their key: those that are missing there, or
differ, exist only in the old copy. Deletes that only the old copy saw cannot be counted; tables without a primary key
are counted and not compared.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from scripts.core.errors import Refused
from scripts.core.net import Database, Unreachable
from scripts.core.runbook import Context, Result
from scripts.steps.targets import target

_TABLES = """
SELECT c.oid::regclass::text,
       (SELECT array_agg(quote_ident(a.attname) ORDER BY k.place) FROM pg_index i
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary),
       (SELECT quote_ident(a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.atttypid = 'timestamptz'::regtype AND NOT a.attisdropped ORDER BY a.attnum
        LIMIT 1)
FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'dr_writer_lease_at_commit'
WHERE NOT c.relispartition
"""


@dataclass(frozen=True)
class Divergence:
    """
    Rows that exist only in the old copy. `first` and `last` by the table's first timestamp column, where it has one.
    """

    table: str
    rows: int
    compared: bool
    first: datetime | None = None
    last: datetime | None = None
    sample: tuple[str, ...] = ()


def measure_divergence(context: Context) -> Result:
    """`context.subject` names the database. Raises Refused when the old copy does not answer and nobody gave it up."""
    site, name, topology = target(context), context.subject, context.topology
    old = context.clouds.database(site, name, topology.built(site))
    new = context.clouds.database(topology.active_site, name, topology.built(topology.active_site))
    fork = _fork(new, site)
    if fork is None:
        return Result("skipped", f"{site} was not left by a failover that this database remembers", {"rows": 0})
    try:
        if old.rows("SELECT pg_is_in_recovery()")[0][0]:
            return Result("skipped", f"{site}'s {name} is a replica: it has no writes of its own", {"rows": 0})
        found = [each for table in old.rows(_TABLES) if (each := _compare(old, new, table, fork)).rows]
    except Unreachable as error:
        if not context.options.more.get("give_up_old_copy"):
            raise Refused(
                f"{site}'s old {name} does not answer, so what only it holds cannot be counted: {error}",
                "heal it first, or give it up by name: --give-up-old-copy",
            ) from error
        return Result("skipped", f"{site}'s old {name} was given up without a look", {"rows": None})
    rows = sum(each.rows for each in found)
    evidence = {"rows": rows, "fork_xid": fork, "tables": [asdict(each) for each in found]}
    said = (
        f"{rows} rows of {name} exist only in {site}'s old copy"
        if rows
        else f"{site}'s old {name} holds nothing of its own"
    )
    context.journal.note("divergence", said, **evidence)
    return Result("done", said, evidence)


def _fork(new: Database, old_site: str) -> int | None:
    """The oldest transaction that the new primary may have missed of `old_site`."""
    for (note,) in new.rows("SELECT note FROM dr.marker WHERE name LIKE 'fork:%%' ORDER BY epoch DESC", {}):
        fork = json.loads(note)
        if fork.get("old_site") == old_site:
            return int(fork["fork_xid"])
    return None


def _compare(old: Database, new: Database, table: tuple[str, list[str] | None, str | None], fork: int) -> Divergence:
    name, key, time = table
    columns = f"{', '.join(key)}" if key else "ctid"
    young = old.rows(
        f"SELECT ROW({columns})::text, md5(t::text), {time or 'NULL'} FROM {name} t "  # noqa: S608 (quoted by the catalogue)
        "WHERE age(xmin) <= age((%(fork)s::bigint %% 4294967296)::text::xid)",
        {"fork": fork}, timeout=300,
    )  # fmt: skip
    if not key:
        return _summary(name, young, compared=False)
    only_here = []
    for start in range(0, len(young), 1000):
        chunk = young[start : start + 1000]
        there = dict(
            new.rows(
                f"SELECT ROW({columns})::text, md5(t::text) FROM {name} t WHERE ROW({columns})::text = ANY(%(keys)s)",  # noqa: S608
                {"keys": [row[0] for row in chunk]}, timeout=300,
            )
        )  # fmt: skip
        only_here += [row for row in chunk if there.get(row[0]) != row[1]]
    return _summary(name, only_here, compared=True)


def _summary(name: str, rows: list[tuple[str, str, datetime | None]], *, compared: bool) -> Divergence:
    times = sorted(row[2] for row in rows if row[2] is not None)
    sample = tuple(row[0] for row in rows[:5])
    return Divergence(name, len(rows), compared, times[0] if times else None, times[-1] if times else None, sample)


def remember_fork(database: Database, old_site: str, site: str, epoch: int, fork_xid: int) -> None:
    """Keep beside the data where the histories parted."""
    note = json.dumps({"old_site": old_site, "fork_xid": fork_xid}, sort_keys=True)
    sql = """INSERT INTO dr.marker (name, site, epoch, note) VALUES (%(name)s, %(site)s, %(epoch)s, %(note)s)
        ON CONFLICT (name) DO NOTHING"""
    database.rows(sql, {"name": f"fork:{epoch}", "site": site, "epoch": epoch, "note": note})
