"""
What the acknowledged writes of a workload say, against what the databases hold: loss and outage, of each store and in
sum.

An entry is a line of the ledger: seq, id, acked_at (seconds since 1970), monotonic, site, epoch, store.
"""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


@dataclass(frozen=True)
class Outage:
    """
    An outage as a writer saw it: from its last acknowledged write before to its first one after, in seconds since 1970.
    """

    seconds: float
    last_before: float
    first_after: float | None  # None: none came yet


@dataclass(frozen=True)
class Loss:
    """
    Acknowledged writes that the surviving databases do not have.

    `first`, `last`: when the first and the last of them were acknowledged, seconds since 1970. `span_seconds`: from
    the newest acknowledged write before them that survived to the last lost one: so long a stretch of time is gone.
    `doubled`: orders that are there more than once. `stores`: the same of each store; the sum counts all writes, and
    its span is the longest of any store, because each store is as far back as it is by itself.
    """

    acknowledged: int
    lost: int
    first: float | None
    last: float | None
    span_seconds: float
    doubled: int
    stores: Mapping[str, "Loss"] = field(default_factory=dict)


def read(path: Path) -> list[Entry]:
    """The whole lines of a ledger, in the order of their acknowledgement; none where there is no file."""
    entries: list[Entry] = []
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        entries += [json.loads(line) for line in file if line.endswith(b"\n")]
    return sorted(entries, key=lambda entry: float(entry.get("monotonic", 0.0)))


def by_store(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The stores, in the order in which their first writes were acknowledged."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(str(entry.get("store", "")), []).append(entry)
    return found


def longest_silence(entries: Sequence[Entry], *, since: float, running: bool) -> Outage | None:
    """
    The longest silence of any store that ended, or still lasts, after `since` (seconds since 1970). None: nothing was
    acknowledged yet.
    """
    found = [_silence(own, since=since, running=running) for own in by_store(entries).values()]
    return max(found, key=lambda outage: outage.seconds, default=None)


def _silence(entries: Sequence[Entry], *, since: float, running: bool) -> Outage:
    worst = Outage(0.0, float(entries[0]["acked_at"]), float(entries[0]["acked_at"]))
    for before, after in pairwise(entries):
        seconds = after["monotonic"] - before["monotonic"]
        if after["acked_at"] >= since and seconds > worst.seconds:
            worst = Outage(seconds, before["acked_at"], after["acked_at"])
    open_for = time.monotonic() - entries[-1]["monotonic"]
    if running and open_for > worst.seconds:
        return Outage(open_for, entries[-1]["acked_at"], None)
    return worst


def compare(entries: Sequence[Entry], rows: Mapping[str, Iterable[tuple[Any, ...]]]) -> Loss:
    """
    The ledger's entries against what each store holds: (id, seq) of each of the run's orders. A store that was written
    to and is not in `rows` has lost everything.
    """
    own = by_store(entries)
    stores = {store: _compare(own.get(store, []), list(rows.get(store, ()))) for store in dict.fromkeys([*own, *rows])}
    found = list(stores.values())
    first = [each.first for each in found if each.first is not None]
    last = [each.last for each in found if each.last is not None]
    return Loss(
        acknowledged=sum(each.acknowledged for each in found),
        lost=sum(each.lost for each in found),
        first=min(first, default=None),
        last=max(last, default=None),
        span_seconds=max((each.span_seconds for each in found), default=0.0),
        doubled=sum(each.doubled for each in found),
        stores=stores,
    )


def _compare(entries: Sequence[Entry], rows: Sequence[tuple[Any, ...]]) -> Loss:
    there = {row[0] for row in rows}
    lost = [entry for entry in entries if entry["id"] not in there]
    doubled = sum(count - 1 for count in Counter(row[1] for row in rows).values())
    if not lost:
        return Loss(len(entries), 0, None, None, 0.0, doubled)
    first, last = lost[0], lost[-1]
    before = [
        entry["monotonic"] for entry in entries if entry["id"] in there and entry["monotonic"] < first["monotonic"]
    ]
    span = last["monotonic"] - (before[-1] if before else first["monotonic"])
    return Loss(len(entries), len(lost), first["acked_at"], last["acked_at"], span, doubled)
