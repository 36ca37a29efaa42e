"""What has no driver, although the plan's model knows it. Apart from the rest: it can still be forecast."""

from collections.abc import Iterator

from model import clouds
from model.base import kind_of
from model.durations import format_duration
from model.mistakes import Mistake, listed
from model.plan import Plan
from model.stores import KINDS, Backups, DiskStore, Objects, ServerStore


def not_built(plan: Plan) -> Iterator[Mistake]:
    for i, site in enumerate(plan.sites):
        if reason := clouds.why_not_build_in(site.cloud):
            yield Mistake(f"sites[{i}].cloud", reason)
    used = [name for name in dict.fromkeys(site.cloud for site in plan.sites) if clouds.CLOUDS[name].is_built]
    if not plan.guarded_stores:
        yield Mistake("stores", _nothing_guards(plan))
    where = {site.name: site.cloud for site in plan.sites}
    for i, store in enumerate(plan.stores):
        for cloud in used:
            if reason := clouds.why_not_store(cloud, store.kind):
                yield Mistake(f"stores[{i}].kind", reason)
            elif isinstance(store, ServerStore) and (
                reason := clouds.why_not_replicate(cloud, store.kind, store.replication.mode)
            ):
                yield Mistake(f"stores[{i}].replication.mode", reason)
            elif isinstance(store, DiskStore) and (reason := _outlives(cloud, store.kind, store.backups)):
                yield Mistake(f"stores[{i}].backups.snapshots.keep", reason)
        archive = store.archive if isinstance(store, Objects) else None
        if archive and (reason := clouds.why_not_archive(where[archive.site], store.kind, archive.storage_class)):
            yield Mistake(f"stores[{i}].archive.storage_class", reason)
    kinds = {service.kind for service in plan.services}
    for cloud in used:
        if reason := clouds.why_no_agent(cloud, kinds):
            yield Mistake("services", reason)
    for i, service in enumerate(plan.services):
        for cloud in used:
            if reason := clouds.why_not_serve(cloud, service.kind):
                yield Mistake(f"services[{i}].kind", reason)


def _outlives(cloud: str, kind: str, backups: Backups) -> str | None:
    """Snapshots that would have to be kept for longer than the log is, where nothing keeps them."""
    snapshots, facts = backups.snapshots, clouds.CLOUDS[cloud].stores[kind]
    if snapshots is None or facts.snapshots_outlive_log or snapshots.keep <= backups.pitr_retention:
        return None
    kept, log = format_duration(snapshots.keep), format_duration(backups.pitr_retention)
    return f"{kept} is longer than pitr_retention ({log}), and nothing keeps backups of {kind} longer on {cloud}"


def _nothing_guards(plan: Plan) -> str:
    guarding = [kind_of(kind) for kind in KINDS if kind.traits.why_not_guarded is None]
    reasons = {store.kind: store.traits.why_not_guarded for store in plan.stores}
    why = "".join(f"; {kind}: {reason}" for kind, reason in reasons.items())
    return (
        "none of them can refuse an old writer by itself, so nothing would show that it is fenced "
        f"(what can is {listed(guarding)}){why}"
    )
