"""Databases and object stores: what is kept where, and for how long."""

from collections.abc import Iterator
from datetime import timedelta

from model.durations import format_duration, quote
from model.mistakes import Mistake
from model.plan import Plan

from .common import site_names, unknown_sites


def databases(plan: Plan) -> Iterator[Mistake]:
    known = site_names(plan)
    for i, database in enumerate(plan.databases):
        here = f"databases[{i}]"
        replication, backups = database.replication, database.backups
        if plan.warm and replication.mode == "none":
            yield Mistake(f"{here}.replication.mode", "is none, but the warm site has to follow the active one")
        if replication.mode == "asynchronous" and replication.max_lag is None:
            yield Mistake(f"{here}.replication.max_lag", "is required for asynchronous replication")
        if replication.mode != "asynchronous" and replication.max_lag is not None:
            yield Mistake(f"{here}.replication.max_lag", f"{replication.mode} replication has no lag")
        if replication.mode == "synchronous" and not plan.warm:
            yield Mistake(f"{here}.replication.mode", "is synchronous, but there is no warm site to confirm")
        if backups.archive_interval >= backups.pitr_retention:
            yield Mistake(f"{here}.backups.archive_interval", "is not shorter than pitr_retention")
        if database.engine == "postgres" and not timedelta(days=1) <= backups.pitr_retention <= timedelta(days=35):
            yield Mistake(
                f"{here}.backups.pitr_retention",
                f"{format_duration(backups.pitr_retention)} is not between 1d and 35d, the clouds' limits",
            )
        yield from unknown_sites(known, f"{here}.backups.copies_to", backups.copies_to)
        snapshots = backups.snapshots
        if snapshots is not None:
            yield from unknown_sites(known, f"{here}.backups.snapshots.copies_to", snapshots.copies_to)
            if snapshots.keep < snapshots.every:
                yield Mistake(
                    f"{here}.backups.snapshots.keep", "is shorter than every: there would be none most of the time"
                )
            if snapshots.keep < backups.pitr_retention:
                yield Mistake(
                    f"{here}.backups.snapshots.keep",
                    f"{format_duration(snapshots.keep)} is shorter than pitr_retention, so snapshots add nothing",
                )


def objects(plan: Plan) -> Iterator[Mistake]:
    known = site_names(plan)
    primaries = [site.name for site in plan.sites if site.kind == "primary"]
    for i, store in enumerate(plan.objects):
        yield from unknown_sites(known, f"objects[{i}].replicate_to", store.replicate_to)
        if store.archive:
            yield from unknown_sites(known, f"objects[{i}].archive.site", [store.archive.site], single=True)
            if store.archive.site in {*primaries, *store.replicate_to}:
                yield Mistake(
                    f"objects[{i}].archive.site",
                    f"{quote(store.archive.site)} holds a live copy already",
                )
        if (store.replicate_to or store.archive) and not store.versions:
            yield Mistake(f"objects[{i}].versions", "must be true: objects are copied by version")
        if store.noncurrent_keep and not store.versions:
            yield Mistake(f"objects[{i}].noncurrent_keep", "has no meaning without versions")
