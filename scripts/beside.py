"""
`dr restore --beside`: a copy of what a backup holds, restored next to the running database, to be looked into.

The service goes on with what it has, and nobody is sent to the copy: there is one writer all the time. What was chosen
is written down in the site's recovery bucket, so that `--switch`, from wherever it is called, takes the service to the
same moment, and `--discard` finds the copy whatever happened to the program that made it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from model import names
from model.acceptance import SqlCheck
from scripts.acts.scratch import restored_beside
from scripts.clouds.protocol import PointKind
from scripts.core.errors import OutcomeUnknown, Refused
from scripts.core.moments import now
from scripts.core.waiting import wait_until
from scripts.probes.acceptance import Outcome, ask_sql
from scripts.probes.points import known_points
from scripts.restoring import SEE
from scripts.runs.own_run import own_run
from scripts.steps.choose_point_in_time import why_not_to

if TYPE_CHECKING:
    from model import Plan, Topology
    from scripts.clouds.access import Clouds
    from scripts.clouds.protocol import ManagedStore, RestorePoint
    from scripts.restoring import Aim

KEY = f"{names.RESTORES}beside.json"
"""In the recovery bucket of the site."""
BOUND_SECONDS = 7200  # a full copy of the volume
MOMENTS = frozenset({"before_switch", "after_restore"})


@dataclass(frozen=True)
class Chosen:
    """What the copies are of: the moment, the backup where one was named, and the stores."""

    to_time: str
    to_backup: str
    stores: tuple[str, ...]


@dataclass(frozen=True)
class Copy:
    """One copy, and what was found in it. `tables` counts the guarded ones, each of which was read to its end."""

    store: str
    identifier: str
    tables: int
    seconds: float
    checks: tuple[Outcome, ...]


def why_not_beside(plan: Plan, clouds: Clouds, site: str, stores: Sequence[str]) -> str | None:
    """A copy that is there already, or None."""
    there = [store for store in stores if _copy(plan, clouds, site, store).state() is not None]
    return f"{', '.join(there)} is restored beside already in {site}" if there else None


def restore_beside(plan: Plan, topology: Topology, wanted: Aim, stores: Sequence[str]) -> list[Copy]:
    """
    Restore these stores of the active site next to what runs, read them, and ask the plan's `sql` checks of a switch
    and of a restore. The copies stay.

    Raises Refused for a moment that no good backup reaches, and while a copy is there; CloudFailed, DatabaseFailed.
    """
    site, at = topology.active_site, wanted.to_time.isoformat()
    sentence = f"Restore {', '.join(stores)} as of {at} next to what runs in {site}"
    with own_run(plan, "restore", "beside", sentence, {"site": site, "to_time": at, "stores": [*stores]}) as run:
        if reason := why_not_beside(plan, run.clouds, site, stores):
            raise Refused(reason, "`dr restore --switch` moves the service to it, `dr restore --discard` drops it")
        points = {store: _point(plan, topology, run.clouds, store, wanted) for store in stores}
        _write_down(run.clouds, site, Chosen(at, wanted.to_backup, tuple(stores)))
        copies = [_restored(plan, run.clouds, site, store, point) for store, point in points.items()]
        for each in copies:
            run.journal.note("beside", f"{each.identifier} can be read", **asdict(each))
        run.said = f"{', '.join(each.identifier for each in copies)} can be looked into; the service was left alone"
    return copies


def chosen_beside(clouds: Clouds, site: str) -> Chosen:
    """What is restored beside. Raises Refused where nothing is."""
    found = clouds.at(site).objects().read(KEY)
    if found is None:
        raise Refused(f"nothing is restored beside in {site}", "`dr restore --to-time TIME --beside` does it")
    told = json.loads(found.body)
    return Chosen(told["to_time"], told["to_backup"], tuple(told["stores"]))


def discard_beside(plan: Plan, topology: Topology) -> list[str]:
    """Delete every copy in the active site, and see it gone; their identifiers. Raises CloudFailed, OutcomeUnknown."""
    site, gone = topology.active_site, list[str]()
    with own_run(plan, "restore", "discard", f"Drop what is restored beside in {site}", {"site": site}) as run:
        for store in plan.incarnated_stores:
            copy = _copy(plan, run.clouds, site, store.name)
            if copy.state() is None:
                continue
            copy.delete()
            wait_until(
                partial(_is_gone, copy), seconds=BOUND_SECONDS, every=0.2, what=f"{copy.identifier} to be gone"
            )  # fmt: skip
            gone.append(copy.identifier)
        run.clouds.at(site).objects().delete(KEY)
        run.said = f"{', '.join(gone) or 'no copy'} was dropped"
    return gone


def failed(copies: Sequence[Copy]) -> list[str]:
    """The checks that failed, by store."""
    return [f"{each.store}: {check}" for each in copies for check in each.checks if not check.passed]


def _copy(plan: Plan, clouds: Clouds, site: str, store: str) -> ManagedStore:
    return clouds.at(site).scratch(store, names.beside(plan, site, store))


def _is_gone(copy: ManagedStore) -> bool:
    return copy.state() is None


def _point(plan: Plan, topology: Topology, clouds: Clouds, store: str, wanted: Aim) -> RestorePoint:
    """The good backup of a store that reaches the moment, or the one that is named."""
    known = [each for each in known_points(plan, topology, clouds, [topology.active_site]) if each.store == store]
    named = next((each for each in known if wanted.to_backup and each.point.name == wanted.to_backup), None)
    if named is not None and named.why_not is None:
        return named.point
    reasons = []
    for each in known:
        if each.point.kind is not PointKind.CONTINUOUS:
            continue
        reason = each.why_not or why_not_to(each.point, wanted.to_time)
        if reason is None:
            return replace(each.point, until=wanted.to_time)
        reasons.append(reason)
    raise Refused(reasons[0] if reasons else f"no log of {store} is kept in {topology.active_site}", SEE)


def _write_down(clouds: Clouds, site: str, chosen: Chosen) -> None:
    clouds.at(site).objects().write(KEY, json.dumps(asdict(chosen)).encode())


def _restored(plan: Plan, clouds: Clouds, site: str, store: str, point: RestorePoint) -> Copy:
    began, copy = now(), _copy(plan, clouds, site, store)
    restored_beside(copy, point, {"dr-beside": plan.system}, seconds=BOUND_SECONDS, error=OutcomeUnknown)
    with closing(clouds.engine_of_restored(site, store, copy)) as inside:
        seen = inside.look_inside(copy.identifier)
        checks = [each for each in plan.checks if isinstance(each, SqlCheck) and each.store == store]
        outcomes = tuple(ask_sql(inside, each) for each in checks if set(each.at) & MOMENTS)
    return Copy(store, copy.identifier, len(seen.tables), (now() - began).total_seconds(), outcomes)


def as_json(copies: Sequence[Copy], at: datetime) -> dict[str, Any]:
    return {"to_time": at, "copies": [asdict(each) for each in copies], "failed": failed(copies)}
