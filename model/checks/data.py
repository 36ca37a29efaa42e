"""Stores: what is kept where, and for how long."""

from collections.abc import Iterator

from model.durations import format_duration, quote
from model.mistakes import Mistake
from model.plan import Plan
from model.stores import Backups, Objects, Registry, ServerStore, Vault

from .common import site_names, unknown_sites


def incarnated(plan: Plan) -> Iterator[Mistake]:
    for i, store in enumerate(plan.stores):
        if isinstance(store, ServerStore):
            yield from _replication(plan, f"stores[{i}].replication", store)
            yield from _backups(plan, f"stores[{i}].backups", store)


def _replication(plan: Plan, here: str, store: ServerStore) -> Iterator[Mistake]:
    replication = store.replication
    if plan.warm and replication.mode == "none" and store.traits.why_not_guarded is None:
        yield Mistake(f"{here}.mode", "is none, but the warm site has to follow the active one")
    if replication.mode == "asynchronous" and replication.max_lag is None:
        yield Mistake(f"{here}.max_lag", "is required for asynchronous replication")
    if replication.mode != "asynchronous" and replication.max_lag is not None:
        yield Mistake(f"{here}.max_lag", f"{replication.mode} replication has no lag")
    if replication.mode == "synchronous" and not plan.warm:
        yield Mistake(f"{here}.mode", "is synchronous, but there is no warm site to confirm")


def _backups(plan: Plan, here: str, store: ServerStore) -> Iterator[Mistake]:
    known, backups = site_names(plan), store.backups
    snapshots = backups.snapshots
    if isinstance(backups, Backups):
        if backups.archive_interval >= backups.pitr_retention:
            yield Mistake(f"{here}.archive_interval", "is not shorter than pitr_retention")
        yield from unknown_sites(known, f"{here}.copies_to", backups.copies_to)
        if snapshots is not None and snapshots.keep < backups.pitr_retention:
            yield Mistake(
                f"{here}.snapshots.keep",
                f"{format_duration(snapshots.keep)} is shorter than pitr_retention, so snapshots add nothing",
            )
    if snapshots is not None:
        yield from unknown_sites(known, f"{here}.snapshots.copies_to", snapshots.copies_to)
        if snapshots.keep < snapshots.every:
            yield Mistake(f"{here}.snapshots.keep", "is shorter than every: there would be none most of the time")


def objects(plan: Plan) -> Iterator[Mistake]:
    for i, store in enumerate(plan.stores):
        if isinstance(store, Objects):
            yield from _objects(plan, f"stores[{i}]", store)
        elif isinstance(store, Registry):
            yield from unknown_sites(site_names(plan), f"stores[{i}].replicate_to", store.replicate_to)
        elif isinstance(store, Vault):
            yield from unknown_sites(site_names(plan), f"stores[{i}].copies_to", store.copies_to)


def _objects(plan: Plan, here: str, store: Objects) -> Iterator[Mistake]:
    known = site_names(plan)
    primaries = [site.name for site in plan.sites if site.kind == "primary"]
    yield from unknown_sites(known, f"{here}.replicate_to", store.replicate_to)
    if store.archive:
        yield from unknown_sites(known, f"{here}.archive.site", [store.archive.site], single=True)
        if store.archive.site in {*primaries, *store.replicate_to}:
            yield Mistake(f"{here}.archive.site", f"{quote(store.archive.site)} holds a live copy already")
    if (store.replicate_to or store.archive) and not store.versions:
        yield Mistake(f"{here}.versions", "must be true: objects are copied by version")
    if store.noncurrent_keep and not store.versions:
        yield Mistake(f"{here}.noncurrent_keep", "has no meaning without versions")
