"""
The writer lease as the witness keeps it: one small object in the third site, changed only by conditional writes.

Two ways prove that a holder has stopped, both without trusting any clock outside the witness or this process:
- the witness's own clock: it answers with `Date` and `Last-Modified`, both in whole seconds, so an object is at least
  `Date - Last-Modified - 1` seconds old;
- watching: an object whose ETag has not changed for `ttl` by our monotonic clock was last renewed before we began to
  look.
In both the guard in the database ended writes earlier still, because it counts from the start of the last renewal,
less a margin.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from model import names
from model.traffic import LONGEST_TTL
from scripts.core.errors import CloudFailed, NotFenced

BETWEEN = "(between sites)"
"""
Whom the lease belongs to from when the old site has been stopped until the new one is opened. Nobody can renew it, so
nobody writes; and while it says so, no site but the old one has ever taken a write that the old one lacks.
"""
MARGIN = 0.2
"""
Share of the ttl by which the database stops earlier than the witness's count, for clocks that drift and commits in
flight.
"""
KEY = names.LEASE_KEY
LARGEST_BYTES = 4096
LONGEST_NAME = 100
LARGEST_EPOCH = 10**9


class LeaseSpoiled(NotFenced):
    """What lies in the place of the lease is none that this system could have written: nothing is known from it."""

    default_hint = "`dr lease show` says what is there and what was there before; `dr lease repair` writes a valid one"


class Stored(Protocol):
    @property
    def body(self) -> bytes: ...
    @property
    def etag(self) -> str: ...
    @property
    def changed_at(self) -> datetime: ...
    @property
    def answered_at(self) -> datetime: ...


class ObjectStore(Protocol):
    """What the lease needs of a bucket; `scripts.clouds.protocol.ObjectStore` says what each call promises."""

    @property
    def name(self) -> str: ...
    def read(self, key: str) -> Stored | None: ...
    def create(self, key: str, body: bytes) -> Stored: ...
    def replace(self, key: str, body: bytes, *, etag: str) -> Stored: ...


@dataclass(frozen=True)
class Lease:
    """`nonce` differs with each renewal, so that the ETag does."""

    system: str
    site: str
    epoch: int
    ttl_ms: int
    nonce: str

    @classmethod
    def new(cls, system: str, site: str, epoch: int, ttl_ms: int) -> Lease:
        return cls(system, site, epoch, ttl_ms, secrets.token_hex(8))

    @property
    def ttl_seconds(self) -> float:
        return self.ttl_ms / 1000

    def to_bytes(self) -> bytes:
        return json.dumps(vars(self), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes, where: str, system: str) -> Lease:
        """
        Raises LeaseSpoiled for what is no lease of this system: another form, another system, or one that would run for
        longer than a plan may say. Who can write the object could otherwise stop every failover for as long as they
        like.
        """

        def spoiled(why: str) -> LeaseSpoiled:
            return LeaseSpoiled(f"{where}: is not a writer lease of {system}: {why}")

        if len(body) > LARGEST_BYTES:
            raise spoiled(f"it has {len(body)} bytes")
        try:
            raw = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise spoiled("it is not JSON") from error
        if not isinstance(raw, dict) or raw.keys() != _TYPES.keys():
            raise spoiled("it has not the parts of a lease")
        if wrong := [name for name, kind in _TYPES.items() if type(raw[name]) is not kind]:
            raise spoiled(f"{wrong[0]} is not what belongs there")
        if raw["system"] != system:
            raise spoiled("it names another system")
        if not raw["site"] or any(len(raw[name]) > LONGEST_NAME or not raw[name].isprintable() for name in _TEXTS):
            raise spoiled("a name in it is none")
        if not 0 < raw["epoch"] <= LARGEST_EPOCH:
            raise spoiled(f"{raw['epoch']} is no epoch")
        longest = LONGEST_TTL.total_seconds()
        if not 0 < raw["ttl_ms"] <= longest * 1000:
            raise spoiled(f"it would run for {raw['ttl_ms']} ms, and no lease runs for more than {longest:g} s")
        return cls(**raw)


_TYPES = {"system": str, "site": str, "epoch": int, "ttl_ms": int, "nonce": str}
_TEXTS = ("system", "site", "nonce")


@dataclass(frozen=True)
class Seen:
    """A lease as it was read: by our monotonic clock at `at` it certainly had this ETag."""

    lease: Lease
    etag: str
    at: float
    age_seconds: float  # a lower bound, by the witness's clock
    changed_at: datetime  # the witness's clock, to the second below


class WitnessLease:
    """The lease object of one system."""

    def __init__(self, store: ObjectStore, system: str) -> None:
        self._store, self._system = store, system

    def read(self) -> Seen | None:
        """
        The lease as it is, or None before the first one. Raises CloudFailed when the witness does not answer,
        LeaseSpoiled when what lies there is no lease of this system.
        """
        found = self._store.read(KEY)
        return None if found is None else self._seen(found)

    def create(self, lease: Lease) -> Seen:
        """Write the first lease. Raises ConditionFailed when there is one."""
        return self._seen(self._store.create(KEY, lease.to_bytes()))

    def replace(self, seen: Seen, lease: Lease) -> Seen:
        """Renew or take over. Raises ConditionFailed when the lease is no longer what was seen."""
        return self._seen(self._store.replace(KEY, lease.to_bytes(), etag=seen.etag))

    def _seen(self, found: Stored) -> Seen:
        lease = Lease.from_bytes(found.body, f"{self._store.name}/{KEY}", self._system)
        age = (found.answered_at - found.changed_at).total_seconds() - 1
        return Seen(lease, found.etag, time.monotonic(), age, found.changed_at)


def why_not_expired(first: Seen, latest: Seen) -> str | None:
    """Why the holder of `latest` may still write, or None. `first` is the first sight of the same watch."""
    ttl = latest.lease.ttl_seconds
    if latest.age_seconds >= ttl:
        return None
    if first.etag == latest.etag and latest.at - first.at >= ttl:
        return None
    if first.etag != latest.etag:
        return f"{latest.lease.site} renewed its writer lease (epoch {latest.lease.epoch}) while it was watched"
    holder = f"{latest.lease.site} (epoch {latest.lease.epoch})"
    return f"the writer lease of {holder} may run for {ttl:g} s from its last renewal"


def wait_until_expired(
    witness: WitnessLease, *, poll_seconds: float = 0.1, pause: Callable[[float], None] = time.sleep
) -> Seen | None:
    """
    Watch until the lease has certainly run out, and return it; None when there never was one.

    Ends within ttl and a little. Raises NotFenced when the holder is seen alive, or when the witness cannot be asked.
    """
    try:
        first = witness.read()
        if first is None:
            return None
        latest = first
        while (reason := why_not_expired(first, latest)) is not None:
            if latest.etag != first.etag:
                raise NotFenced(reason, "the old writer is alive: use --planned, or stop it first")
            pause(poll_seconds)
            seen = witness.read()
            if seen is None:
                raise NotFenced("the writer lease vanished while it was watched")
            latest = seen
    except CloudFailed as error:
        raise NotFenced(
            f"the witness does not answer: {error}", 'type --override-fencing "how you know the old writer is down"'
        ) from error
    return latest


def last_write(now: datetime, lease_end: datetime | None, *, planned: bool) -> datetime:
    """
    When the old writer can have accepted a write at the latest: at the end of its lease, which may lie ahead because a
    site that is cut off goes on until then; now, where there is no lease, or a planned switch asks it to stop.
    """
    if lease_end is None:
        return now
    return min(now, lease_end) if planned else lease_end
