"""
What only one of two copies of a database holds: rows, and whatever else a database can hold.

Nothing here raises: what cannot be looked at is named as unknown, with what is in the way and the command that helps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from scripts.core.net import Unreachable
from scripts.engines.comparison import Comparison, Difference, KeptRow, Unknown, plural
from scripts.engines.postgres import catalogue, large_objects
from scripts.engines.postgres.bounded import Bounded, TimeOver
from scripts.engines.postgres.table_rows import Fork, Own, Pair, TooMany, deleted_rows, own_rows
from scripts.engines.protocol import QueryRefused

if TYPE_CHECKING:
    from scripts.engines.comparison import Keep
    from scripts.engines.postgres.catalogue import Table
    from scripts.engines.postgres.session import Database

FAILURES = (TimeOver, QueryRefused, Unreachable)


def compare(
    one: Database, other: Database, fork: Fork, *, deletions: bool, seconds: float, keep: Keep
) -> Comparison:  # fmt: skip
    """
    What `one` holds that `other` lacks, `seconds` at most. `one` is closed for writes. `deletions`: look also for rows
    that `one` deleted, which reads all of `other`. Raises nothing that a database says.
    """
    until = time.monotonic() + seconds
    here, there = Bounded(one, one.login.host, until), Bounded(other, other.login.host, until)
    looked = _Look(here, there, fork, keep)
    try:
        looked.tables(deletions=deletions)
        looked.others()
    finally:
        here.settle()
        there.settle()
    return Comparison(tuple(looked.differences), tuple(looked.unknown))


class _Look:
    def __init__(self, here: Bounded, there: Bounded, fork: Fork, keep: Keep) -> None:
        self.here, self.there, self.fork, self._keep = here, there, fork, keep
        self.differences: list[Difference] = []
        self.unknown: list[Unknown] = []
        self._not_kept = ""

    def keep(self, row: KeptRow) -> None:
        """A disk that is full makes nobody's count wrong."""
        if self._not_kept:
            return
        try:
            self._keep(row)
        except OSError as error:
            self._not_kept = str(error.strerror)
            self.unknown.append(Unknown("rows of tables", f"they could not be kept here: {error.strerror}"))

    def tables(self, *, deletions: bool) -> None:
        try:
            mine, theirs = catalogue.tables(self.here), catalogue.tables(self.there)
            empty, empty_there = catalogue.empty(self.here), catalogue.empty(self.there) if deletions else set()
        except FAILURES as error:
            self.unknown.append(self._of_two("all tables", error))
            return
        found: dict[str, Difference] = {}
        for table in mine.values():
            self._definition(table, theirs.get(table.name))
            pair = _pair(table, theirs)
            if table.leaf and (pair.there is None or table.oid not in empty):
                self._table(table, lambda pair=pair: self._own(pair), found)  # type: ignore[misc]
        for table in theirs.values() if deletions else ():
            if table.leaf and table.oid not in empty_there and (pair := _pair(table, mine)).there is not None:
                self._table(table, lambda pair=pair: self._deleted(pair), found)  # type: ignore[misc]
        self.differences += found.values()

    def others(self) -> None:
        for what, look in (
            ("sequences", self._sequences),
            ("definitions", self._definitions),
            ("prepared transactions", self._prepared),
            ("large objects", self._large_objects),
        ):
            try:
                look()
            except FAILURES as error:
                self.unknown.append(self._of_two(what, error))

    def _of_two(self, what: str, error: Exception) -> Unknown:
        return self._who(error).why_unknown(what, error)

    def _who(self, error: Exception) -> Bounded:
        """The copy that has refused."""
        return self.there if self.there.said is error else self.here

    def _table(self, table: Table, look: Callable[[], Difference | None], found: dict[str, Difference]) -> None:
        try:
            difference = look()
        except TooMany as error:
            said = f"it has no key, and {plural(int(str(error)), 'row')} or more are too many to compare"
            self.unknown.append(Unknown(table.name, said, "give it a primary key, or look into both copies by hand"))
        except FAILURES as error:
            asked = self._asked_of(error, table)
            if all(asked.name != each.name or asked.reason != each.reason for each in self.unknown):
                self.unknown.append(asked)
        else:
            if difference is not None:
                found[table.name] = _both(found.get(table.name), difference)

    def _asked_of(self, error: Exception, table: Table) -> Unknown:
        copy = self._who(error)
        oid = table.oid
        if copy is self.there:
            with suppress(*FAILURES):
                ((oid,),) = copy.rows("SELECT coalesce(to_regclass(%(name)s)::oid, 0)", {"name": table.name})
        return copy.why_unknown(table.name, error, oid=oid, owner=table.owner)

    def _own(self, pair: Pair) -> Difference | None:
        own: Own = own_rows(self.here, self.there, pair, self.fork, self.keep)
        said = "" if pair.there is not None else "the other copy has no such table"
        if not (own.missing or own.changed or said):
            return None
        return Difference("table", pair.here.name, own.missing, own.changed, 0, said, own.first, own.last)

    def _deleted(self, pair: Pair) -> Difference | None:
        deleted = deleted_rows(self.here, self.there, pair, self.fork, self.keep)
        return Difference("table", pair.here.name, deleted=deleted) if deleted else None

    def _definition(self, mine: Table, theirs: Table | None) -> None:
        if theirs is None:
            if not mine.leaf:
                kind = "foreign table" if mine.foreign else "partitioned table"
                self.differences.append(Difference(kind, mine.name, said="the other copy has none of this name"))
            return
        for column, kind in mine.columns.items():
            other = theirs.columns.get(column)
            if other is None:
                said = f"a column of type {kind} that the other copy lacks"
                self.differences.append(Difference("column", f"{mine.name}.{column}", said=said))
            elif other != kind:
                said = f"it is {kind}, and {other} in the other copy"
                self.differences.append(Difference("column", f"{mine.name}.{column}", said=said))

    def _sequences(self) -> None:
        theirs = catalogue.sequences(self.there)
        for name, mine in catalogue.sequences(self.here).items():
            other = theirs.get(name)
            if not mine.readable or (other is not None and not other.readable):
                self.unknown.append(
                    Unknown(name, "how far this sequence has come may not be read",
                            f'say as {mine.owner}: GRANT SELECT ON {name} TO "{self.here.database.login.user}"')
                )  # fmt: skip
            elif other is not None and mine.last is not None:
                ahead = other.last is None or (mine.last - other.last) * mine.increment > 0
                if ahead:
                    said = f"it has come to {mine.last}, and to {other.last} in the other copy"
                    self.differences.append(Difference("sequence", name, said=said))

    def _definitions(self) -> None:
        for kind, name in sorted(catalogue.definitions(self.here) - catalogue.definitions(self.there)):
            self.differences.append(Difference(kind, name, said="the other copy has none of this name"))

    def _prepared(self) -> None:
        said = "prepared, and neither committed nor rolled back"
        for gid in sorted(catalogue.prepared(self.here) - catalogue.prepared(self.there)):
            self.differences.append(Difference("prepared transaction", gid, said=said))

    def _large_objects(self) -> None:
        found = large_objects.own(self.here, self.there, self.fork)
        self.differences += [found] if found is not None else []


def _pair(table: Table, others: Mapping[str, Table]) -> Pair:
    """A partition that the other copy does not have may have its rows in another partition of the same table."""
    same = others.get(table.name)
    if same is not None and not same.foreign:
        return Pair(table, same, part=not same.leaf)
    whole = others.get(table.root) if table.root else None
    return Pair(table, whole, part=whole is not None)


def _both(one: Difference | None, two: Difference) -> Difference:
    if one is None:
        return two
    return Difference(
        one.kind, one.name, one.missing, one.changed, two.deleted, one.said, one.first, one.last
    )  # fmt: skip
