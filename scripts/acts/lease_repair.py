"""
A writer lease that was spoiled: what is there, what was there before, and a valid one in its place.

A lease is given back to the site that the settings name, in their epoch. That is safe at once where the newest valid
lease that is kept names just that site and epoch: nobody gains a right that they did not have. Where it names another,
or none is kept, a person has to say how they know, and the record must first have stood still for as long as any lease
may run: whoever writes has renewed by then, and whoever has not renewed writes no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Literal

from model.names import LEASE_KEY
from scripts.clouds.protocol import ObjectStore, ObjectVersion, StoredObject
from scripts.core.errors import NotFenced, Refused
from scripts.fencing.lease import Lease, LeaseSpoiled

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology

LOOKED_AT = 500
"""How many versions are read to find the last valid one."""

Verdict = Literal["good", "spoiled", "missing", "other"]


@dataclass(frozen=True)
class Version:
    """One version of the record: a lease, or why it is none. `lease` is None as well where the record was deleted."""

    version: str
    changed_at: datetime
    lease: Lease | None
    why_not: str


@dataclass(frozen=True)
class Found:
    """
    The record as it is, and earlier versions, newest first, down to the last valid one. `verdict` compares it with the
    settings: `other` is a valid lease of another site or epoch.
    """

    present: StoredObject | None
    lease: Lease | None
    why_not: str
    earlier: tuple[Version, ...]
    verdict: Verdict

    @property
    def last_valid(self) -> Lease | None:
        """The newest valid lease among the earlier versions."""
        return next((each.lease for each in self.earlier if each.lease is not None), None)


def look(store: ObjectStore, plan: Plan, topology: Topology, *, shown: int = 10) -> Found:
    """Read the record, and its versions down to the last valid one, at least `shown`. Raises CloudFailed."""
    present = store.read(LEASE_KEY)
    lease, why_not = _read(None if present is None else present.body, plan.system)
    earlier: list[Version] = []
    versions = islice(store.versions(LEASE_KEY), LOOKED_AT)
    for number, each in enumerate(versions):
        if number == 0 and present is not None:
            continue
        earlier.append(_version(each, plan.system))
        if len(earlier) >= shown and any(one.lease for one in earlier):
            break
    verdict: Verdict = "missing" if present is None else "spoiled"
    if lease is not None:
        verdict = "good" if (lease.site, lease.epoch) == (topology.active_site, topology.epoch) else "other"
    return Found(present, lease, why_not, tuple(earlier), verdict)


def why_evidence(found: Found, topology: Topology) -> str | None:
    """Why a person has to say how they know that the settings are right, or None where the versions say so."""
    wanted = (topology.active_site, topology.epoch)
    if found.verdict == "other" and found.lease is not None:
        return f"the record is a valid lease of {found.lease.site}, epoch {found.lease.epoch}"
    last = found.last_valid
    if last is None:
        return "no valid lease is kept among its earlier versions"
    if (last.site, last.epoch) != wanted:
        return f"the last valid lease was of {last.site}, epoch {last.epoch}"
    return None


def repair(
    store: ObjectStore,
    plan: Plan,
    topology: Topology,
    found: Found,
    *,
    evidence: str = "",
    pause: Callable[[float], None] = time.sleep,
) -> Lease:
    """
    Write the lease of the active site, on the condition that the record is still what was found.

    Raises Refused where evidence is wanted and none was given, NotFenced when the record changes meanwhile (somebody
    renews it), ConditionFailed when it did in the last moment.
    """
    reason = why_evidence(found, topology)
    if reason and not evidence:
        raise Refused(
            f"{reason}, and the settings say {topology.active_site}, epoch {topology.epoch}",
            'pull the newest settings; if they are right, say how you know: --evidence "..."',
        )
    if reason:
        _wait_until_it_stood_still(store, plan, found, pause)
    lease = Lease.new(plan.system, topology.active_site, topology.epoch, round(_ttl(plan) * 1000))
    if found.present is None:
        store.create(LEASE_KEY, lease.to_bytes())
    else:
        store.replace(LEASE_KEY, lease.to_bytes(), etag=found.present.etag)
    return lease


def _wait_until_it_stood_still(store: ObjectStore, plan: Plan, found: Found, pause: Callable[[float], None]) -> None:
    """For the longest time for which any lease that is known here may still run."""
    known = [each.lease for each in found.earlier if each.lease is not None]
    known += [found.lease] if found.lease is not None else []
    end = time.monotonic() + max([_ttl(plan), *(lease.ttl_seconds for lease in known)])
    etag = None if found.present is None else found.present.etag
    while time.monotonic() < end:
        pause(0.1)
        seen = store.read(LEASE_KEY)
        if (None if seen is None else seen.etag) != etag:
            raise NotFenced(
                "the record of the lease changes while it is watched: somebody renews or spoils it",
                "`dr lease show` says who; whoever renews it writes",
            )


def _ttl(plan: Plan) -> float:
    return plan.fencing.lease.ttl.total_seconds()


def _read(body: bytes | None, system: str) -> tuple[Lease | None, str]:
    if body is None:
        return None, "there is none"
    try:
        return Lease.from_bytes(body, LEASE_KEY, system), ""
    except LeaseSpoiled as error:
        return None, error.message


def _version(each: ObjectVersion, system: str) -> Version:
    lease, why_not = _read(each.body, system)
    return Version(each.version, each.changed_at, lease, "it was deleted" if each.body is None else why_not)
