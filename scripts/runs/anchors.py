"""
The head of a journal, kept where whoever can write the journal cannot change it: in the recovery buckets of sites.

A chain of hashes shows that it was not changed in the middle; who can write the file can write all of it anew, add to
it, or cut it. So the hash of its last entry is written, when a run ends or stops, into the buckets of two sites that
can be reached, under a key of its own, once: the buckets refuse to have it written over or deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model import names
from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import DrError

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.access import Clouds
    from scripts.clouds.protocol import ObjectStore
    from scripts.runs.journal import Entry

COPIES = 2
LARGEST_BYTES = 1024


@dataclass(frozen=True)
class Anchored:
    """
    What the sites hold of a journal. `changed` says where it is not what was anchored, empty where it is; `up_to` is
    the number of the last entry that an anchor vouches for, None without one. `silent` are the sites that did not
    answer, each with what it said.
    """

    changed: str
    up_to: int | None
    silent: Mapping[str, str]


def anchor(plan: Plan, clouds: Clouds, run: str, seq: int, digest: str) -> list[str]:
    """
    Keep the head of a journal, at the witness and one more site; gives the sites that have it. Never raises: a run does
    not fail because its record could not be anchored, `dr journal verify` says so.
    """
    kept: list[str] = []
    for site in _in_order(plan):
        if len(kept) == COPIES:
            break
        if site in clouds.lost:
            continue
        try:
            _keep(clouds.at(site).objects(), run, seq, digest)
        except DrError:
            continue
        kept.append(site)
    return kept


def compare(plan: Plan, clouds: Clouds, run: str, entries: Sequence[Entry]) -> Anchored:
    """Ask every site for the heads of this journal that it keeps. Never raises for a site that does not answer."""
    silent: dict[str, str] = {}
    up_to: int | None = None
    changed = ""
    for site in _in_order(plan):
        try:
            store = clouds.at(site).objects()
            for seq, digest in _heads(store, run):
                if seq >= len(entries):
                    changed = changed or f"{site} keeps the hash of entry {seq + 1}, and there are {len(entries)}"
                elif entries[seq].hash != digest:
                    changed = changed or f"entry {seq + 1} is not the one whose hash {site} keeps"
                else:
                    up_to = max(seq, -1 if up_to is None else up_to)
        except DrError as error:
            silent[site] = error.message
    return Anchored(changed, up_to, silent)


def _keep(store: ObjectStore, run: str, seq: int, digest: str) -> None:
    body = json.dumps({"run": run, "seq": seq, "hash": digest}, sort_keys=True).encode()
    try:
        store.create(f"{names.ANCHORS}{run}/{seq:08d}", body)
    except ConditionFailed:
        """It is kept already: a run that ends twice at the same entry."""


def _heads(store: ObjectStore, run: str) -> Iterable[tuple[int, str]]:
    """An anchor that is none counts as one that fits nothing: somebody spoiled it."""
    prefix = f"{names.ANCHORS}{run}/"
    for key in store.keys(prefix):
        found = store.read(key)
        number = key.removeprefix(prefix)
        if found is None or not (number.isascii() and number.isdigit()):
            continue
        try:
            read = json.loads(found.body) if len(found.body) <= LARGEST_BYTES else {}
            yield int(number), str(read["hash"]) if read["run"] == run else ""
        except (ValueError, KeyError, TypeError, RecursionError):
            yield int(number), ""


def _in_order(plan: Plan) -> list[str]:
    """The witness first: it is not the site that a disaster is about."""
    return list(dict.fromkeys([plan.fencing.witness, *reversed([site.name for site in plan.sites])]))
